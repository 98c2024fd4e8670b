// Rules that can never decide, because one rule that is asked before them matches every event that they match. Only single
// rules are compared, not what several do together: what is reported is true, what is not may still be.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { ProgramRule } from '../ir/bundle.ts';
import { matchesUndecidable, type TypedPolicy } from '../ir/typed.ts';
import { isEmpty, language, subtract } from '../space/automaton.ts';
import type { Pattern } from '../space/pattern.ts';
import { type Ground, isSubset, reached } from './cover.ts';

/** What is undecidable too, only such a rule (or one without content) can cover there. */
function contentCovers(whole: ProgramRule, part: ProgramRule): boolean {
  if (!whole.content) return true;
  if (!part.content || whole.content.domain !== part.content.domain) return false;
  return isSubset(part.content.classes, whole.content.classes) && (matchesUndecidable(whole.action) || !matchesUndecidable(part.action));
}

function matchesNothing({ peers, ports, content }: ProgramRule, pattern: Pattern | undefined): boolean {
  if (peers && peers.selectors.length + peers.networkClasses.length + peers.entities.length === 0) return true;
  if (ports && ports.classes.length + ports.named.length === 0) return true;
  // Without a class it matches no text, or none that is left to it (overshadowed.ts).
  return content?.classes.length === 0 && pattern !== undefined && isEmpty(language(pattern));
}

/** `patterns`: what rules with content say, as kernel texts; undefined where that cannot be said so. */
type Said = { readonly typed: TypedPolicy; readonly patterns: ReadonlyMap<number, Pattern | undefined>; readonly report: Report };

/** Reports each of `rules`, which stand in deciding order, that one rule before it always decides for. */
export function reportUnreachable(ground: Ground, rules: readonly ProgramRule[], { typed, patterns, report }: Said): void {
  const isSaid = (rule: ProgramRule): boolean => !rule.content || patterns.get(rule.rule) !== undefined;
  /** Of rules without a class, only the languages say which of those before it has left them none. */
  const isDecider = (whole: ProgramRule, part: ProgramRule): boolean => {
    if (!isSaid(whole) || !contentCovers(whole, part)) return false;
    if (whole.content && !isSaid(part)) return false;
    const [outer, inner] = [patterns.get(whole.rule), patterns.get(part.rule)];
    if (part.content?.classes.length !== 0 || !outer || !inner) return true;
    return isEmpty(subtract(language(inner), language(outer)));
  };
  for (const { rule, before } of reached(ground, rules)) {
    const decider = before.find((whole) => isDecider(whole, rule));
    const [place, second] = [typed.rules[rule.rule]?.span, decider && typed.rules[decider.rule]?.span];
    if (!place || !second || matchesNothing(rule, patterns.get(rule.rule))) continue;
    report('normalize/unreachable-rule', [place, second], { how: decider?.action === 'pass' ? 'passed over' : 'decided' });
  }
}
