// Events as lines of `hubble observe -o json`, the way its exporter writes them: names of flow.proto, zero values left out.
import { canonicalTarget } from '../../src/compiler/domains/http/request.ts';
import type { Content, Endpoint, FlowEvent, PolicyEvent } from '../../src/compiler/ir/event.ts';
import { formatAddress, isIpv4 } from '../../src/compiler/space/address.ts';
import { clusterKey, defaultCluster, namespaceKey, namespaceLabelKey } from '../../src/compiler/space/labels.ts';
import { protocolOf } from '../../src/compiler/space/transport.ts';

export type Direction = 'EGRESS' | 'INGRESS' | 'UNKNOWN';
export type RecordedAs = 'allowed' | 'denied' | 'audited' | 'other' | 'none';
export type LineOptions = { readonly direction: Direction; readonly recorded: RecordedAs; readonly second: number };

const twoDigits = (value: number): string => String(value).padStart(2, '0');
export const timeAt = (second: number): string =>
  `2026-03-05T${twoDigits(Math.floor(second / 3600) % 24)}:${twoDigits(Math.floor(second / 60) % 60)}:${twoDigits(second % 60)}.510175415Z`;

/** What Hubble says of each verdict; `none` is a packet that was seen before policy. */
const verdicts = {
  allowed: { verdict: 'FORWARDED', event_type: { type: 4 } },
  denied: { verdict: 'DROPPED', drop_reason: 133, drop_reason_desc: 'POLICY_DENIED', event_type: { type: 1, sub_type: 133 } },
  audited: { verdict: 'AUDIT', event_type: { type: 5 } },
  other: { verdict: 'DROPPED', drop_reason: 134, drop_reason_desc: 'INVALID_PACKET_DROPPED', event_type: { type: 1, sub_type: 134 } },
  none: { verdict: 'FORWARDED', event_type: { type: 4, sub_type: 5 } },
} as const;

function labelText([key, value]: readonly [string, string]): string {
  const prefix = namespaceLabelKey('');
  if (key === namespaceKey) return `k8s:io.kubernetes.pod.namespace=${value}`;
  if (key === clusterKey) return `k8s:io.cilium.k8s.policy.cluster=${value}`;
  return key.startsWith(prefix) ? `k8s:io.cilium.k8s.namespace.labels.${key.slice(prefix.length)}=${value}` : `k8s:${key}=${value}`;
}

export function endJson(endpoint: Endpoint): object {
  switch (endpoint.kind) {
    case 'workload': {
      const namespace = endpoint.labels[namespaceKey];
      const labels = Object.entries(endpoint.labels).map(labelText);
      return {
        ID: 100,
        identity: 20_000,
        ...(namespace !== undefined && { namespace }),
        labels,
        pod_name: endpoint.id,
        workloads: [{ name: endpoint.id, kind: 'Deployment' }],
      };
    }
    case 'reserved':
      return { labels: [...endpoint.entities.map((name) => `reserved:${name}`), ...Object.entries(endpoint.labels ?? {}).map(labelText)] };
    case 'address':
      return { identity: 2, labels: [...(endpoint.isApiServer ? ['reserved:kube-apiserver'] : []), 'reserved:world'] };
  }
}

/** As an event that can be recorded: in the default cluster; of a request path, query and target are one text. */
export function recordable(event: PolicyEvent): PolicyEvent {
  const put = (end: Endpoint): Endpoint =>
    end.kind === 'workload' ? { ...end, labels: { ...end.labels, [clusterKey]: end.labels[clusterKey] ?? defaultCluster } } : end;
  if (event.kind === 'process') return { ...event, subject: put(event.subject) };
  const flow = { ...event, source: put(event.source), destination: put(event.destination) };
  return event.request ? { ...flow, request: { ...event.request, content: sentContent(event.request) } } : flow;
}

function sentContent({ domain, content }: NonNullable<FlowEvent['request']>): Content {
  const [method, path, query] = ['method', 'path', 'query'].map((field) => valueIn(content, field));
  if (domain !== 'http' || content.kind === 'undecidable' || method === undefined || path === undefined) return content;
  const read = canonicalTarget(method, query === undefined ? path : `${path}?${query}`);
  if (read.kind === 'undecidable') return read;
  const { path: _, query: __, target: ___, ...others } = content.fields;
  return { kind: 'fields', fields: { ...others, ...read.fields } };
}

const protocols = { tcp: 'TCP', udp: 'UDP', sctp: 'SCTP', icmp: 'ICMPv4', icmpv6: 'ICMPv6' } as const;
/** Undefined where Hubble has no name for the protocol. */
function layer4Json({ point }: FlowEvent): object | undefined {
  const { protocol, value } = protocolOf(point);
  if (protocol === 'other') return value === 112 ? { VRRP: {} } : value === 2 ? { IGMP: {} } : undefined;
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    const [type, code] = [value >> 8, value & 255];
    return { [protocols[protocol]]: { ...(type !== 0 && { type }), ...(code !== 0 && { code }) } };
  }
  const flags = protocol === 'tcp' ? { flags: { SYN: true } } : {};
  return { [protocols[protocol]]: { source_port: 44_916, destination_port: value, ...flags } };
}

const valueIn = (content: Content, field: string): string | undefined => {
  const values = content.kind === 'fields' ? content.fields[field] : undefined;
  return values === undefined || 'kind' in values ? undefined : values[0];
};

/** Undefined where Hubble could not have recorded such a request. */
function layer7Json({ request }: FlowEvent): object | undefined {
  if (!request || request.content.kind === 'undecidable') return undefined;
  const { domain, content } = request;
  const of = (field: string): string | undefined => valueIn(content, field);
  if (domain === 'dns') {
    const [name, type] = [of('name'), of('type')];
    return type === undefined
      ? undefined
      : { type: 'REQUEST', dns: { query: `${name ?? ''}.`, observation_source: 'proxy', qtypes: [type] } };
  }
  const [method, target, host] = [of('method'), of('target'), of('host')];
  if (domain !== 'http' || method === undefined || target === undefined) return undefined;
  const headers = Object.entries(content.kind === 'fields' ? content.fields : {}).flatMap(([field, values]) =>
    field.startsWith('header ') && !('kind' in values) ? values.map((value) => ({ key: field.slice('header '.length), value })) : [],
  );
  const url = host === undefined ? target : `http://${host}${target}`;
  return { type: 'REQUEST', http: { method, url, protocol: 'HTTP/1.1', ...(headers.length > 0 && { headers }) } };
}

const placeOf = (endpoint: Endpoint, other: Endpoint): string => {
  const isSix = [endpoint, other].some(({ address }) => address !== undefined && !isIpv4(address));
  return endpoint.address === undefined ? (isSix ? '::' : '0.0.0.0') : formatAddress(endpoint.address);
};
const namesOf = (endpoint: Endpoint): readonly string[] => (endpoint.kind === 'address' ? (endpoint.names ?? []) : []);

/** The line of a flow; undefined where Hubble has no record of such. */
export function flowLine(event: FlowEvent, { direction, recorded, second }: LineOptions): string | undefined {
  const layer7 = layer7Json(event);
  const layer4 = layer4Json(event);
  if (!layer4 || (event.request && !layer7)) return undefined;
  const [time, verdict] = [timeAt(second), verdicts[recorded]];
  const isSix = placeOf(event.source, event.destination).includes(':');
  const flow = {
    time,
    uuid: '5f1b6c1e-7b1d-4c1e-8f5e-aab06acb56fe',
    verdict: verdict.verdict,
    ...('drop_reason' in verdict && { drop_reason: verdict.drop_reason }),
    ethernet: { source: '22:da:eb:b3:0e:cd', destination: '5a:d1:6b:58:d5:0b' },
    IP: {
      source: placeOf(event.source, event.destination),
      destination: placeOf(event.destination, event.source),
      ipVersion: isSix ? 'IPv6' : 'IPv4',
    },
    l4: layer4,
    source: endJson(event.source),
    destination: endJson(event.destination),
    Type: layer7 ? 'L7' : 'L3_L4',
    node_name: 'kind-kind/kind-worker',
    ...(namesOf(event.source).length > 0 && { source_names: namesOf(event.source) }),
    ...(namesOf(event.destination).length > 0 && { destination_names: namesOf(event.destination) }),
    ...(layer7 && { l7: layer7 }),
    event_type: layer7 && recorded !== 'none' ? { type: 129 } : verdict.event_type,
    ...(direction !== 'UNKNOWN' && { traffic_direction: direction }),
    is_reply: false,
    Summary: 'TCP Flags: SYN',
    ...('drop_reason_desc' in verdict && { drop_reason_desc: verdict.drop_reason_desc }),
  };
  return JSON.stringify({ flow, node_name: 'kind-kind/kind-worker', time });
}

/** Our own export knows the path and the user of a program that is started. */
export function processLine(event: Extract<PolicyEvent, { kind: 'process' }>, { recorded, second }: LineOptions): string | undefined {
  const [path, user] = [valueIn(event.content, 'path'), valueIn(event.content, 'user')];
  if (event.domain !== 'exec' || path === undefined) return undefined;
  const process = {
    time: timeAt(second),
    verdict: verdicts[recorded].verdict,
    source: endJson(event.subject),
    process: { pid: 4711, binary: path, ...(user !== undefined && { uid: Number(user) }) },
    Summary: `exec ${path}`,
  };
  return JSON.stringify({ process, node_name: 'node', time: process.time });
}
