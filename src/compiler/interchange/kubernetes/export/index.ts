// Network policies -> policies of Kubernetes: tier normal as NetworkPolicies, admin and baseline as ClusterNetworkPolicies. They mean
// what Cilium's engine makes of them, as the importer of this folder reads them. What they cannot say is reported at its rule.
import type { Report } from '../../../diagnostics/diagnostic.ts';
import type { Policy, Rule, TypedPolicy } from '../../../ir/typed.ts';
import { policiesOfAgent } from '../../agent-policies.ts';
import { sourceAnnotations } from '../../annotations.ts';
import type { ImportOptions, JsonObject } from '../../importer.ts';
import { clusterPoliciesOf } from './cluster-network-policy.ts';
import { networkPoliciesOf } from './network-policy.ts';
import type { Context, Refuse, Unnamed } from './refuse.ts';

export function exportKubernetes(typed: TypedPolicy, report: Report, options: ImportOptions): readonly JsonObject[] {
  const context: Context = { options, refuse: once(report) };
  const first = typed.policies[0];
  if (!first) return [];
  const ofAgent = policiesOfAgent(typed, options, (what, reason) => context.refuse(first.span, what, reason));
  const own = typed.policies.filter((policy) => !ofAgent.has(policy) && isEnforced(policy, context));
  const ruled = new Map<Policy['id'], Rule[]>(typed.policies.map(({ id }) => [id, []]));
  for (const rule of typed.rules) ruled.get(rule.policy)?.push(rule);
  const rulesOf = ({ id }: Policy): readonly Rule[] => ruled.get(id) ?? [];
  const ofTier = (tier: Policy['tier']): readonly Unnamed[] =>
    clusterPoliciesOf(
      own.filter((policy) => policy.tier === tier).map((policy) => ({ policy, rules: rulesOf(policy) })),
      context,
    );
  const documents = [
    ...ofTier('admin'),
    ...own.filter(({ tier }) => tier === 'normal').flatMap((policy) => networkPoliciesOf(policy, rulesOf(policy), context)),
    ...ofTier('baseline'),
  ];
  const names = new Set<string>();
  return documents.map((document) => named(document, names));
}

/** What several documents say alike is told once. */
function once(report: Report): Refuse {
  const told = new Set<string>();
  return (span, what, reason) => {
    const key = `${span.source.path} ${span.start} ${what}`;
    if (!told.has(key)) report('export/unsupported', span, { target: 'kubernetes', what, reason });
    told.add(key);
  };
}

function isEnforced({ span, tier, audit, defaultDeny }: Policy, { refuse }: Context): boolean {
  if (tier === 'fallback') refuse(span, 'a policy of tier `fallback`', 'its tiers are admin, that of NetworkPolicies, and baseline');
  if (audit) refuse(span, 'a policy in audit mode', 'what it says is enforced');
  if (defaultDeny.process.length > 0) refuse(span, '`default deny` of what processes do', 'it knows flows alone');
  return tier !== 'fallback' && !audit;
}

function named({ policy, namespace, spec, ingress, egress }: Unnamed, names: Set<string>): JsonObject {
  const kind = namespace === undefined ? 'ClusterNetworkPolicy' : 'NetworkPolicy';
  const group = namespace === undefined ? 'policy.networking.k8s.io' : 'networking.k8s.io';
  const start = nameOf(policy, `${group}/${kind} ${namespace === undefined ? '' : `${namespace}/`}`);
  let name = start;
  for (let n = 2; names.has(`${namespace ?? ''}/${name}`); n++) name = `${start}-${n}`;
  names.add(`${namespace ?? ''}/${name}`);
  const entries = [ingress, egress].flatMap((section) => section.map(({ rule }, place) => ({ section: rule.section, place, rule })));
  const annotations = sourceAnnotations(policy, entries);
  return {
    apiVersion: namespace === undefined ? `${group}/v1alpha2` : `${group}/v1`,
    kind,
    metadata: { name, ...(namespace !== undefined && { namespace }), annotations },
    spec,
  };
}

/** The name that the document had that the policy came from; `start`: of such a document's origin. */
function nameOf({ name, annotations }: Policy, start: string): string {
  const origin = annotations.find((one) => one.name === 'origin')?.values[0]?.text ?? '';
  const written = origin.startsWith(start) ? origin.slice(start.length) : name;
  const plain = written.toLowerCase().replace(/[^a-z0-9.-]+/g, '-');
  return plain.slice(0, 240).replace(/\.+(?=[.-])|(?<=[.-])\.+|^[.-]+|[.-]+$/g, '') || 'policy';
}
