// Where Kubernetes' text and Cilium's engine differ: a workload that a NetworkPolicy isolates, and that a rule of tier baseline allows
// to be reached. The text says that isolation holds; the engine asks the tiers first, and isolation last.
import { member } from '../fields.ts';
import type { Document, ImportContext } from '../importer.ts';
import type { LabelTest } from '../labels.ts';
import { isolatingPolicies } from './network-policy.ts';
import { inNamespace, podTests } from './peers.ts';
import type { Section } from './policy-text.ts';

type Baseline = { readonly subject: readonly LabelTest[]; readonly sections: readonly Section[] };

/** Says it once for each rule that this is about. */
export function warnBaseline({ at }: Document, { subject, sections }: Baseline, context: ImportContext): void {
  if (context.options.baseline === 'kubernetes') return;
  const isolating = isolatingPolicies(context).filter(({ document }) => mayMeet(subject, subjectOf(document)));
  for (const { direction, rules } of sections) {
    const first = isolating.find(({ directions }) => directions.includes(direction))?.document;
    if (!first) continue;
    for (const rule of rules)
      if (rule.action === 'allow') context.report('import/baseline', [at(rule.path), first.at(['metadata', 'name'])], {});
  }
}

function subjectOf({ value, namespace = 'default' }: Document): readonly LabelTest[] {
  const selector = member(member({ value, path: [] }, 'spec'), 'podSelector');
  return [...podTests({ value: undefined, path: [] }, selector), inNamespace(namespace)];
}

/** No label has to have two values at once. */
function mayMeet(one: readonly LabelTest[], other: readonly LabelTest[]): boolean {
  return one.every((test) => other.every((against) => !excludes(test, against)));
}

function excludes(a: LabelTest, b: LabelTest): boolean {
  const isSame = a.about.kind === b.about.kind && keyOf(a) === keyOf(b);
  if (!isSame || a.operator !== 'In') return isSame && b.operator === 'In' ? excludes(b, a) : false;
  if (b.operator === 'In') return !a.values.some((value) => b.values.includes(value));
  return b.operator === 'DoesNotExist' || (b.operator === 'NotIn' && a.values.every((value) => b.values.includes(value)));
}

const keyOf = ({ about }: LabelTest): string => ('key' in about ? about.key : '');
