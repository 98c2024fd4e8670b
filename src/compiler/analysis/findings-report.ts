// What policies come to among the workloads that there are, as records of plain text: one for each finding.
import type { NetworkRule, Policy, TypedPolicy } from '../ir/typed.ts';
import type { Stated } from '../ir/workload.ts';
import { placeOf, type SourcePlace } from './event-words.ts';
import { askedBy, entityNodes, type Node, outsideNodes, workloadNodes } from './nodes.ts';
import { emptyParts, isVacuous, overlaps, type RulePlace, redundancy, Situation, ungoverned } from './workload-findings.ts';

/**
 * `ungoverned`: workloads that no policy governs in a direction. `empty`: policies that govern none of them, and rules whose peers
 * are nobody. `overlapping`: policies that govern the same. `redundant`: policies and rules that change no connection, one at a time.
 * `vacuous`: whether all policies together change none.
 */
export const findingKinds = ['ungoverned', 'empty', 'overlapping', 'redundant', 'vacuous'] as const;
/** A question about policies among the workloads that there are. */
export type FindingKind = (typeof findingKinds)[number];

/** A policy, and of it perhaps one rule, where it stands. */
export type PolicyPlace = SourcePlace & { readonly policy: string; readonly rule?: string };
/** `text`: the finding in words. */
export type FindingRecord = {
  readonly kind: FindingKind;
  readonly text: string;
  readonly policies: readonly PolicyPlace[];
  readonly workloads: readonly string[];
};

/** What there is to say of one kind, in order. @throws AnalysisLimit */
export function findingsReport(typed: TypedPolicy, { workloads }: Stated, kind: FindingKind): readonly FindingRecord[] {
  const asked = askedBy([typed]);
  const governed = workloads.filter(({ onHostNetwork }) => !onHostNetwork);
  const nodes = [...workloadNodes(asked, governed), ...entityNodes(asked, [typed], true), ...outsideNodes(asked)];
  return reports[kind](new Situation(typed, nodes));
}

const reports: Readonly<Record<FindingKind, (situation: Situation) => readonly FindingRecord[]>> = {
  ungoverned: (situation) =>
    (['ingress', 'egress'] as const).flatMap((direction) =>
      ungoverned(situation, direction).map(({ name }) =>
        record('ungoverned', `no policy governs ${direction} of ${name}`, { workloads: [name] }),
      ),
    ),
  empty: (situation) => {
    const { policies, rules } = emptyParts(situation);
    return [
      ...policies.map((policy) => record('empty', `${policy.name} governs no workload that there is`, { policies: [policyPlace(policy)] })),
      ...rules.map((one) => record('empty', `${ruleWords(one)}: its peers are nobody that there is`, { policies: [rulePlace(one)] })),
    ];
  },
  overlapping: (situation) =>
    overlaps(situation).map(({ policies, workloads }) => {
      const names = namesOf(workloads);
      const text = `${policies.map(({ name }) => name).join(' and ')} govern the same: ${names.join(', ')}`;
      return record('overlapping', text, { policies: policies.map(policyPlace), workloads: names });
    }),
  redundant: (situation) => {
    const { policies, rules } = redundancy(situation);
    return [
      ...policies.map((policy) =>
        record('redundant', `without ${policy.name} no connection is another`, { policies: [policyPlace(policy)] }),
      ),
      ...rules.map((one) => record('redundant', `without ${ruleWords(one)} no connection is another`, { policies: [rulePlace(one)] })),
    ];
  },
  vacuous: (situation) =>
    isVacuous(situation)
      ? [record('vacuous', 'every connection is allowed, as without any policy', { policies: situation.policies.map(policyPlace) })]
      : [],
};

const record = (kind: FindingKind, text: string, { policies = [], workloads = [] }: Partial<FindingRecord>): FindingRecord => ({
  ...{ kind, text, policies, workloads },
});

const namesOf = (nodes: readonly Node[]): readonly string[] => nodes.map(({ name }) => name).sort();
const policyPlace = ({ name, span }: Policy): PolicyPlace => ({ policy: name, ...placeOf(span) });
const rulePlace = ({ policy, rule }: Pick<RulePlace, 'policy' | 'rule'>): PolicyPlace => ({
  policy: policy.name,
  rule: rule.text,
  ...placeOf(rule.span),
});
const ruleWords = ({ policy, rule, place }: { readonly policy: Policy; readonly rule: NetworkRule; readonly place: number }): string =>
  `${rule.section} rule ${place} of ${policy.name} (\`${rule.text}\`)`;
