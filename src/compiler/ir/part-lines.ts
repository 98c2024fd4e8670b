// Where policies and rules of a part stand in their files. Kept apart from everything else of it: a line that comes or goes above
// a policy moves all below it in the file, and nothing about them but that is another.
import type { PartContent, PolicyPart } from './bundle.ts';

/** How many lines a part has: of its policies, then of its rules, then of those places where `rules` blocks are used. */
export const linesIn = ({ policies, rules }: PartContent): number =>
  policies.length + rules.length + rules.filter(({ usedIn }) => usedIn !== undefined).length;

/** `content`: a name of what the part holds but for the lines. `lines`: the first of them are the part's. */
export function placed({ selectors, policies, rules }: PartContent, content: string, lines: ArrayLike<number>): PolicyPart {
  const line = 0;
  const nowhere: PolicyPart = {
    content,
    selectors,
    policies: policies.map((policy) => ({ ...policy, line })),
    rules: rules.map(({ usedIn, ...rule }) => ({ ...rule, line, ...(usedIn !== undefined && { usedAt: { file: usedIn, line } }) })),
  };
  return moved(nowhere, lines);
}

/** The same part, elsewhere in its files. */
export function moved(part: PolicyPart, lines: ArrayLike<number>): PolicyPart {
  let at = 0;
  const next = (): number => lines[at++] ?? 0;
  const policies = part.policies.map((policy) => ({ ...policy, line: next() }));
  const rules = part.rules.map((rule) => ({ ...rule, line: next() }));
  const used = rules.map((rule) => (rule.usedAt ? { ...rule, usedAt: { ...rule.usedAt, line: next() } } : rule));
  // Made in one place, so that all are of one form to who goes over very many of them.
  return { content: part.content, selectors: part.selectors, policies, rules: used };
}
