// `@name("...")` is how tests name a rule: once in a policy, or nobody knows which one is meant. A block that is used twice
// brings its names twice.
import type { Rule } from '../../ir/typed.ts';
import type { Finding } from './finding.ts';

/** Reports names that stand at two rules of a policy. */
export const checkRuleNames: Finding = ({ policies, rules }, report) => {
  const firsts = new Map<string, Rule>();
  for (const rule of rules) {
    const { name } = rule;
    if (name === undefined) continue;
    const key = `${rule.policy} ${name}`;
    const first = firsts.get(key);
    const policy = policies[rule.policy]?.name ?? '';
    if (first) report('check/duplicate-rule-name', [rule.usedAt ?? rule.span, first.usedAt ?? first.span], { policy, name });
    else firsts.set(key, rule);
  }
};
