// What comes to a workload beside its sockets (ICMP) is decided on an interface of its own, and nowhere else.
import type { EndpointTables } from '../inventory/endpoints.ts';
import { missingInterfaces } from '../kernel/features.ts';
import type { Bundle } from '../policy/bundle.ts';
import type { PolicySet } from '../policy/policy-index.ts';
import { refusalOfFailures } from './refusal.ts';

/** A rule about ICMP to a workload without an interface of its own could not be enforced. */
export function refuseWithoutInterface(
  { manifest, sources }: Bundle,
  policies: PolicySet,
  { endpoints, names, interfaces }: EndpointTables,
): void {
  if (!manifest.requirements.some(({ feature }) => feature === 'ingress-icmp')) return;
  const own = new Set(interfaces.map(({ endpoint }) => endpoint));
  const without = endpoints.flatMap((endpoint) =>
    endpoint.kind === 'workload' && endpoint.local && !own.has(endpoint.id) ? [endpoint] : [],
  );
  const ofHost = endpoints.flatMap((endpoint) =>
    endpoint.kind === 'reserved' && endpoint.subject ? [{ id: endpoint.id, labels: endpoint.subject }] : [],
  );
  const nameOf = new Map(names.map(({ id, name }) => [id, name]));
  const subjects = new Map<number, string[]>();
  for (const { id, labels } of [...without, ...ofHost])
    for (const { rule } of policies.rulesFor(policies.matching(labels), 'ingress')) {
      const list = subjects.get(rule) ?? [];
      subjects.set(rule, list);
      list.push(nameOf.get(id) ?? String(id));
    }
  const subjectsWithout = (rule: number): readonly string[] => subjects.get(rule) ?? [];
  const missing = missingInterfaces(manifest.requirements, sources, subjectsWithout);
  if (missing.length > 0) throw refusalOfFailures(missing);
}
