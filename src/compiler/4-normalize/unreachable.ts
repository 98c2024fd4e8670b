// Rules that can never decide, because one rule that is asked before them matches every event that they match. Only single
// rules are compared, not what several do together: what is reported is true, what is not may still be.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { ProgramRule } from '../ir/bundle.ts';
import type { TypedPolicy } from '../ir/typed.ts';
import { isEmpty, language, subtract } from '../space/automaton.ts';
import type { Pattern } from '../space/pattern.ts';
import { matchOf } from './content.ts';
import { type Ground, isSubset, reached } from './cover.ts';

/** A deny also matches what is undecidable, so only a deny (or a rule without content) can cover it there. */
function contentCovers(whole: ProgramRule, part: ProgramRule): boolean {
  if (!whole.content) return true;
  if (!part.content || whole.content.domain !== part.content.domain) return false;
  return isSubset(part.content.classes, whole.content.classes) && (part.action === 'allow' || whole.action === 'deny');
}

function matchesNothing({ peers, ports, content }: ProgramRule, pattern: Pattern | undefined): boolean {
  if (peers && peers.selectors.length + peers.networkClasses.length + peers.entities.length === 0) return true;
  if (ports && ports.classes.length + ports.named.length === 0) return true;
  // Without a class it matches no text, or none that is left to it (overshadowed.ts).
  return content?.classes.length === 0 && pattern !== undefined && isEmpty(language(pattern));
}

/** Reports each of `rules`, which stand in deciding order, that one rule before it always decides for. */
export function reportUnreachable(
  ground: Ground,
  rules: readonly ProgramRule[],
  { typed, report }: { readonly typed: TypedPolicy; readonly report: Report },
): void {
  const patternOf = ({ rule }: ProgramRule): Pattern | undefined => {
    const written = typed.rules[rule];
    return written && matchOf(written)?.pattern;
  };
  /** Of rules without a class, only the languages say which of those before it has left them none. */
  const isDecider = (whole: ProgramRule, part: ProgramRule): boolean => {
    if (!contentCovers(whole, part)) return false;
    const [outer, inner] = [patternOf(whole), patternOf(part)];
    if (part.content?.classes.length !== 0 || !outer || !inner) return true;
    return isEmpty(subtract(language(inner), language(outer)));
  };
  for (const { rule, before } of reached(ground, rules)) {
    const decider = before.find((whole) => isDecider(whole, rule));
    const [place, second] = [typed.rules[rule.rule]?.span, decider && typed.rules[decider.rule]?.span];
    if (place && second && !matchesNothing(rule, patternOf(rule))) report('normalize/unreachable-rule', [place, second], {});
  }
}
