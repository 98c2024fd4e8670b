// The counters that the runtime exposes: Hubble's four, with Hubble's names and labels, and ours beside them. The help
// texts are our own.
import { annotationLabel, type MetricDefinition, ownAnnotations } from '../ir/bundle.ts';
import type { TypedPolicy } from '../ir/typed.ts';

const verdictMetrics: readonly MetricDefinition[] = [
  {
    name: 'hubble_policy_verdicts_total',
    type: 'counter',
    help: 'Policy verdicts: one for each new flow, each layer-7 request and each denied packet',
    labels: ['direction', 'match', 'action'],
  },
  {
    name: 'hubble_flows_processed_total',
    type: 'counter',
    help: 'Flows that were decided, by the kind of decision',
    labels: ['protocol', 'type', 'subtype', 'verdict'],
  },
  {
    name: 'hubble_drop_total',
    type: 'counter',
    help: 'Flows, requests and packets that were dropped',
    labels: ['reason', 'protocol'],
  },
  {
    name: 'hubble_lost_events_total',
    type: 'counter',
    help: 'Events that observers did not get; verdict counters are not affected',
    labels: ['source'],
  },
  {
    name: 'policyc_rule_verdicts_total',
    type: 'counter',
    help: 'Verdicts that a rule, or the default deny of policies, decided; rules that never did are shown with 0',
    labels: ['policy', 'rule', 'file', 'line', 'action', 'direction'],
  },
];

/** What a policy's bundle measures; the info series has a label for each annotation that the policy uses. */
export function metricDefinitions({ policies, rules }: TypedPolicy): readonly MetricDefinition[] {
  const names = new Set<string>();
  for (const { annotations } of policies) for (const { name } of annotations) names.add(name);
  for (const { annotations } of rules) for (const { name } of annotations) names.add(name);
  const used = new Set([...names].map(annotationLabel));
  const declared = [...used].filter((label) => label.startsWith('annotation_')).sort();
  return [
    ...verdictMetrics,
    {
      name: 'policyc_rule_info',
      type: 'gauge',
      help: 'Always 1: a rule in force, where it is written, how it is ordered, and its annotations or else those of its policy',
      labels: ['policy', 'rule', 'file', 'line', 'direction', 'name', 'tier', 'priority', 'mode', ...ownAnnotations, ...declared],
    },
    {
      name: 'policyc_expired_rules',
      type: 'gauge',
      help: 'Rules in force whose `@until` has passed: they still decide',
      labels: [],
    },
  ];
}
