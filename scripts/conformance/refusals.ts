// Which policies of a case are refused: each of them by itself, as the engine says it.
import type { Diagnostic } from '../../src/compiler/diagnostics/diagnostic.ts';
import { readDocuments } from '../../src/compiler/interchange/documents/index.ts';
import type { Document } from '../../src/compiler/interchange/importer.ts';
import type { Case } from './format.ts';

/** `CiliumNetworkPolicy/default/web` and `CiliumNetworkPolicy/web` are the same; what stands in parentheses is no policy. */
const expectedOf = ({ errors = [] }: Case): readonly string[] =>
  errors.flatMap(({ policy }) => {
    const parts = policy.split('/');
    return /^[A-Za-z]+$/.test(parts[0] ?? '') && parts.length > 1 ? [`${parts[0]} ${parts.at(-1)}`] : [];
  });

/** What is wrong with the refusals, if something is. `text`: the documents that `found` are about. */
export function refusalMistake(one: Case, text: string, found: readonly Diagnostic[]): string | undefined {
  const messages = found.map(({ code, message }) => `${code}: ${message}`).join('; ');
  const [first] = one.errors ?? [];
  if (found.length > 0 && !first) return `refused, and should not be: ${messages}`;
  if (found.length === 0 && first) return `taken, and should be refused: ${first.message}`;
  const expected = new Set(expectedOf(one));
  if (expected.size === 0) return undefined;
  const documents = readDocuments({ path: '', text }, () => undefined);
  const refused = new Set(found.flatMap((error) => nameAt(documents, error) ?? []));
  const taken = [...expected].filter((name) => !refused.has(name));
  const others = [...refused].filter((name) => !expected.has(name));
  if (taken.length > 0) return `taken, and should be refused: ${taken.join(', ')}; refused was: ${messages}`;
  return others.length > 0 ? `refused, and should not be: ${others.join(', ')}: ${messages}` : undefined;
}

/** The document that a finding stands in. */
function nameAt(documents: readonly Document[], { span }: Diagnostic): string | undefined {
  const document = documents.findLast(({ at }) => at([]).start <= span.start);
  return document && `${document.kind} ${document.name}`;
}
