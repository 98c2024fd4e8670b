// What documents that are written say of where they came from.
import { positionAt, type Span, writtenAt } from '../base/source.ts';
import type { Policy } from '../ir/typed.ts';
import type { JsonObject } from './importer.ts';

/** An entry of a document's section, and the rule that it says. */
export type Entry = { readonly section: string; readonly place: number; readonly rule: { readonly span: Span; readonly text: string } };

/** The policy and its place; of each entry (`policyc/ingress.0`) the rule's place and its text. */
export const sourceAnnotations = ({ name, span }: Policy, entries: readonly Entry[] = []): JsonObject =>
  Object.fromEntries([
    ['policyc/policy', name],
    ['policyc/source', placeText(span)],
    ...entries.map(({ section, place, rule }) => [`policyc/${section}.${place}`, `${placeText(rule.span)} ${rule.text}`]),
  ]);

/** `shop.policy:12`. */
function placeText(span: Span): string {
  const { source, start } = writtenAt(span);
  return `${source.path}:${positionAt(source, start).line}`;
}
