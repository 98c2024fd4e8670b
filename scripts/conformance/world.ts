// The endpoints of a case in our own terms.
import type { Endpoint, ReservedName } from '../../src/compiler/ir/event.ts';
import { parseAddress, parsePrefix } from '../../src/compiler/space/address.ts';
import { clusterKey, type Labels, namespaceKey, namespaceLabelKey } from '../../src/compiler/space/labels.ts';
import { type TransportPoint, type TransportProtocol, transportPoint } from '../../src/compiler/space/transport.ts';
import type { Case, CaseEndpoint, CaseFlow } from './format.ts';

const reservedNames: readonly ReservedName[] = ['health', 'host', 'ingress', 'init', 'kube-apiserver', 'remote-node', 'unmanaged'];
const protocols: readonly TransportProtocol[] = ['tcp', 'udp', 'sctp', 'icmp', 'icmpv6'];
const protocolNamed = (text: string): TransportProtocol | undefined => protocols.find((one) => one === text.toLowerCase());

export function endpointsOf(one: Case): ReadonlyMap<string, Endpoint> {
  return new Map(Object.entries(one.endpoints).map(([name, endpoint]) => [name, endpointOf(name, endpoint, one)]));
}

function endpointOf(id: string, endpoint: CaseEndpoint, one: Case): Endpoint {
  const { cidr, dns, entity, labels } = endpoint;
  if (cidr !== undefined) {
    const address = parsePrefix(cidr)?.address ?? 0n;
    return { kind: 'address', address, ...(dns && { names: dns }), ...(entity === 'kube-apiserver' && { isApiServer: true }) };
  }
  if (entity === 'world') return { kind: 'address', address: parseAddress('198.18.77.77') ?? 0n };
  const name = reservedNames.find((known) => known === entity);
  if (entity !== undefined && !name) throw new Error(`an entity that is not known: ${entity}`);
  // Inside the cluster the API server is a node.
  const entities: readonly ReservedName[] = name === 'kube-apiserver' ? [name, 'remote-node'] : [name ?? 'host'];
  if (name) return { kind: 'reserved', entities, ...(labels && { labels }) };
  return workloadOf(id, endpoint, one);
}

function workloadOf(id: string, endpoint: CaseEndpoint, { namespaces = {}, config = {} }: Case): Endpoint {
  const { namespace = 'default', labels = {}, namedPorts = {}, serviceAccount, cluster, ip } = endpoint;
  const ofNamespace = { ...namespaces[namespace]?.labels, 'kubernetes.io/metadata.name': namespace };
  const all: Labels = {
    ...labels,
    ...(serviceAccount !== undefined && { 'io.cilium.k8s.policy.serviceaccount': serviceAccount }),
    ...Object.fromEntries(Object.entries(ofNamespace).map(([key, value]) => [namespaceLabelKey(key), value])),
    [namespaceKey]: namespace,
    [clusterKey]: cluster ?? config.clusterName ?? 'default',
  };
  const address = ip === undefined ? undefined : parseAddress(ip);
  const ports = Object.entries(namedPorts).flatMap(([name, { proto, port }]) => {
    const protocol = protocolNamed(proto);
    return protocol ? [{ protocol, name, port }] : [];
  });
  return { kind: 'workload', id, labels: all, namedPorts: ports, ...(address !== undefined && { address }) };
}

/** Of ICMP the type stands where others have a port; every code of it is alike here. */
export function pointOf({ proto, port }: CaseFlow): TransportPoint {
  const protocol = protocolNamed(proto);
  if (!protocol) throw new Error(`a protocol that is not known: ${proto}`);
  return transportPoint(protocol, protocol === 'icmp' || protocol === 'icmpv6' ? port * 256 : port);
}
