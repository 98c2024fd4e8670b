// Which patterns need not be looked for where another one matches: if every rule with the one is reached by a rule before
// it with the other, then where both match the other has decided. Following only what can still decide keeps automata
// small: many `**` in one policy would else multiply.

import type { Overshadowed } from '../space/automaton.ts';
import { anyText, type Pattern } from '../space/pattern.ts';
import { type Ground, type RuleHead, reached } from './cover.ts';

/** A rule and the number of its pattern. */
export type PatternRule = RuleHead & { readonly pattern: number };

const isAnyText = (pattern: Pattern): boolean =>
  pattern.kind === 'repeat' &&
  pattern.part.kind === 'byte' &&
  JSON.stringify(pattern.part) === JSON.stringify(anyText.kind === 'repeat' ? anyText.part : anyText);

/** Can a text be such that whatever follows, it matches? Only such patterns save work. */
function isOpenEnded(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'sequence':
      return pattern.parts.slice(-1).some(isOpenEnded);
    case 'either':
      return pattern.parts.some(isOpenEnded);
    case 'repeat':
      return isAnyText(pattern);
    case 'both':
      return pattern.parts.every(isOpenEnded);
    case 'not':
      return true;
    case 'literal':
    case 'byte':
      return false;
  }
}

const common = (a: ReadonlySet<number>, b: ReadonlySet<number>): ReadonlySet<number> => new Set([...a].filter((member) => b.has(member)));

/** Pattern -> patterns that it overshadows. `rules`: all with these patterns, in deciding order. */
export function overshadowedBy(ground: Ground, rules: readonly PatternRule[], patterns: readonly Pattern[]): Overshadowed {
  const openEnded = patterns.map(isOpenEnded);
  const hiddenBy = new Map<number, ReadonlySet<number>>();
  for (const { rule, before } of reached(ground, rules, ({ pattern }) => openEnded[pattern] === true)) {
    const here = new Set(before.map(({ pattern }) => pattern));
    here.delete(rule.pattern);
    hiddenBy.set(rule.pattern, common(hiddenBy.get(rule.pattern) ?? here, here));
  }
  const overshadowed = new Map<number, Set<number>>();
  for (const [hidden, by] of hiddenBy) {
    for (const pattern of by) overshadowed.set(pattern, (overshadowed.get(pattern) ?? new Set()).add(hidden));
  }
  return overshadowed;
}
