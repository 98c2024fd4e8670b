// The query `sanity`: how many findings about vacuity, emptiness and redundancy a set has, each part of a policy once.
import { emptyParts, isVacuous, redundancy, type Situation } from '../../src/compiler/analysis/workload-findings.ts';

export function sanityIssues(situation: Situation): number {
  const vacuous = isVacuous(situation);
  const empty = emptyParts(situation);
  const redundant = vacuous ? { policies: [], rules: [] } : redundancy(situation);
  const issues = situation.policies.map((policy) => {
    if (empty.policies.includes(policy)) return 1;
    const rules = empty.rules.filter((one) => one.policy === policy);
    if (redundant.policies.includes(policy)) return rules.length + 1;
    const others = redundant.rules.filter((one) => one.policy === policy && !rules.some(({ rule }) => rule === one.rule));
    return rules.length + others.length;
  });
  return Number(vacuous) + issues.reduce((total, one) => total + one, 0);
}
