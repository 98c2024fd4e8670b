// `@name("...")` is how tests name a rule: once in a policy, or nobody knows which one is meant. A block that is used twice
// brings its names twice.
import type { Rule } from '../../ir/typed.ts';
import type { PolicyFinding } from './finding.ts';

/** Reports names that stand at two rules of a policy. */
export const checkRuleNames: PolicyFinding = ({ policy, rules }, report) => {
  const firsts = new Map<string, Rule>();
  for (const rule of rules) {
    const { name } = rule;
    if (name === undefined) continue;
    const first = firsts.get(name);
    if (first) report('check/duplicate-rule-name', [rule.usedAt ?? rule.span, first.usedAt ?? first.span], { policy: policy.name, name });
    else firsts.set(name, rule);
  }
};
