// pol_event + cause table + endpoints -> record. Everything a record says about policy comes from the event's own cause
// and revision, never from a look at what is in force now: an answer that was true then stays true.
import { randomUUID } from 'node:crypto';
import { typeText } from '../../compiler/base/record-types.ts';
import { formatAddress, isIpv4 } from '../../compiler/space/address.ts';
import { clusterKey, namespaceLabelKey } from '../../compiler/space/labels.ts';
import type { CauseRecord, PolicyPlace } from '../events/causes.ts';
import type { VerdictEvent } from '../events/verdict-event.ts';
import type { NamedEndpoint } from '../policy/generation.ts';
import type { Attribution, Flow, FlowDns, FlowEndpoint, FlowPolicy, FlowTls, Layer4, ProcessVerdict, VerdictRecord } from './flow.ts';
import { dropReasonOf, dropReasons, eventType, eventTypeOf, matchNumber, reservedIdentity, verdictName } from './names.ts';
import { responseCode } from './queries.ts';

/** Where numbers of an event are looked up. */
export type RecordContext = {
  readonly nodeName: string;
  readonly recordOf: (cause: number) => CauseRecord;
  readonly endpointOf: (id: number) => NamedEndpoint | undefined;
  /** Build hash of the bundle of a revision; undefined for one of an earlier run. */
  readonly buildOf: (revision: number) => string | undefined;
  /** CLOCK_MONOTONIC -> nanoseconds since 1970. */
  readonly wallTime: (monotonic: bigint) => bigint;
};

/** RFC 3339 with nanoseconds. */
export function timeText(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}Z`;
}

export function recordOfEvent(event: VerdictEvent, context: RecordContext): VerdictRecord {
  const time = timeText(context.wallTime(event.time));
  const node_name = context.nodeName;
  return event.direction === 'process'
    ? { process: processOf(event, context, time), node_name, time }
    : { flow: flowOf(flowEventOf(event), context, time), node_name, time };
}

/** That a connection ends is said of the connection: its request has a verdict of its own. */
const flowEventOf = (event: VerdictEvent): VerdictEvent =>
  event.reason === 'poisonedConnection' ? { ...event, protocol: 'tcp', domain: 'packet' } : event;

function common(event: VerdictEvent, context: RecordContext, time: string) {
  const record = context.recordOf(event.cause);
  const extensions = attributionOf(event, record, context.buildOf(event.revision));
  const place = extensions.rule ?? extensions.policies[0];
  return {
    time,
    uuid: randomUUID(),
    verdict: verdictName[event.verdict],
    node_name: context.nodeName,
    ...(event.verdict === 'dropped' && { drop_reason_desc: dropReasonOf(record, event.match) }),
    ...(place && { file: { name: place.file, line: place.line } }),
    extensions,
  };
}

function processOf(event: VerdictEvent, context: RecordContext, time: string): ProcessVerdict {
  const shared = common(event, context, time);
  return {
    ...shared,
    source: endpointOf(event.subject, event, context),
    process: { pid: event.pid, uid: event.uid, binary: event.text, ...(event.textCut && { truncated: true }) },
    Summary: `exec ${event.text}`,
  };
}

function flowOf(event: VerdictEvent, context: RecordContext, time: string): Flow {
  const shared = common(event, context, time);
  const ends = { subject: endpointOf(event.subject, event, context), peer: endpointOf(event.peer, event, context) };
  const isReply = (event.answer ?? event.response) !== undefined;
  const isOwn = (event.direction === 'egress') !== isReply;
  const type = eventType[eventTypeOf(context.recordOf(event.cause), event.protocol)];
  const reason = shared.drop_reason_desc === undefined ? undefined : dropReasons[shared.drop_reason_desc];
  const l4 = layer4Of(event);
  const match = matchNumber(event.match);
  return {
    ...shared,
    ...(reason !== undefined && { drop_reason: reason }),
    IP: {
      source: formatAddress(event.source),
      destination: formatAddress(event.destination),
      ipVersion: isIpv4(event.destination) ? 'IPv4' : 'IPv6',
    },
    ...(l4 && { l4 }),
    source: isOwn ? ends.subject : ends.peer,
    destination: isOwn ? ends.peer : ends.subject,
    Type: type.flow,
    ...(event.protocol === 'http' && { l7: httpOf(event) }),
    ...(event.protocol === 'dns' && { l7: { type: isReply ? 'RESPONSE' : 'REQUEST', dns: dnsOf(event) } }),
    ...(event.protocol === 'tls' && { l7: { type: 'REQUEST' } }),
    event_type: { type: type.number, ...(type === eventType.drop && reason !== undefined && { sub_type: reason }) },
    traffic_direction: event.direction === 'egress' ? 'EGRESS' : 'INGRESS',
    ...(match !== undefined && { policy_match_type: match }),
    is_reply: isReply,
    ...decidedBy(event, shared.extensions),
    ...(shared.extensions.rule?.log !== undefined && { policy_log: [shared.extensions.rule.log] }),
    Summary: summaryOf(event),
  };
}

/** `METHOD SP path`; what was undecidable may have no text. */
function httpOf({ text, response }: VerdictEvent): NonNullable<Flow['l7']> {
  const blank = text.indexOf(' ');
  const request = { method: blank < 0 ? text : text.slice(0, blank), url: blank < 0 ? '' : text.slice(blank + 1), protocol: 'HTTP/1.1' };
  if (!response) return { type: 'REQUEST', http: request };
  return { type: 'RESPONSE', latency_ns: String(response.latency), http: { code: response.status, ...request } };
}

/** As Cilium's proxy writes it: names end with a dot. */
function dnsOf({ text, queryType, answer }: VerdictEvent): FlowDns {
  if (queryType === undefined) return { query: '', qtypes: [] };
  const question = { query: `${text}.`, qtypes: [typeText(queryType)] };
  if (!answer) return question;
  const { code, addresses, seconds = 0, aliases, types } = answer;
  return {
    ...question,
    ...(code !== 0 && { rcode: code }),
    ...(addresses.length > 0 && { ips: addresses.map(formatAddress) }),
    ...(seconds !== 0 && { ttl: seconds }),
    ...(aliases.length > 0 && { cnames: aliases.map((name) => `${name}.`) }),
    ...(types.length > 0 && { rrtypes: types.map(typeText) }),
  };
}

const tlsOf = ({ text, protocols = [] }: VerdictEvent): FlowTls => ({ ...(text !== '' && { server_name: text }), protocols });

function endpointOf(id: number, event: VerdictEvent, context: RecordContext): FlowEndpoint {
  const known = id === 0 ? undefined : context.endpointOf(id);
  if (id === 0) {
    const world = isIpv4(event.direction === 'egress' ? event.destination : event.source) ? 'world-ipv4' : 'world-ipv6';
    return { identity: reservedIdentity[world] ?? 0, labels: [`reserved:${world}`] };
  }
  if (!known) return { ID: id, labels: [] };
  if (known.kind === 'reserved') {
    const identity = reservedIdentity[known.entities[0] ?? ''];
    return { ID: id, ...(identity !== undefined && { identity }), labels: known.entities.map((name) => `reserved:${name}`) };
  }
  return {
    ID: id,
    ...(known.placeLabels?.[clusterKey] !== undefined && { cluster_name: known.placeLabels[clusterKey] }),
    ...(known.namespace !== undefined && { namespace: known.namespace }),
    labels: [...Object.entries(known.labels), ...namespaceLabels(known)].map(([key, value]) => `${key}=${value}`),
    pod_name: known.name,
    workloads: [{ name: known.name, kind: 'Workload' }],
  };
}

/** As Cilium names them among the labels of a pod. */
const namespaceLabels = ({ placeLabels = {} }: NamedEndpoint): readonly (readonly [string, string])[] => {
  const prefix = namespaceLabelKey('');
  return Object.entries(placeLabels).flatMap(([key, value]) =>
    key.startsWith(prefix) ? [[`io.cilium.k8s.namespace.labels.${key.slice(prefix.length)}`, value] as const] : [],
  );
};

const tcpFlagNames = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;
const tcpFlagsOf = (bits: number): readonly string[] => tcpFlagNames.filter((_, bit) => bits & (1 << bit));

function layer4Of(event: VerdictEvent): Layer4 | undefined {
  const ports = {
    ...(event.sourcePort !== 0 && { source_port: event.sourcePort }),
    ...(event.destinationPort !== 0 && { destination_port: event.destinationPort }),
  };
  const type = event.destinationPort >> 8;
  const code = event.destinationPort & 0xff;
  const icmp = { ...(type !== 0 && { type }), ...(code !== 0 && { code }) };
  switch (event.protocol) {
    case 'tcp':
    case 'tls':
    case 'http': {
      const flags = tcpFlagsOf(event.tcpFlags);
      return { TCP: { ...ports, ...(flags.length > 0 && { flags: Object.fromEntries(flags.map((name) => [name, true as const])) }) } };
    }
    case 'udp':
      return { UDP: ports };
    case 'dns':
      return event.carrier === 'tcp' ? { TCP: ports } : { UDP: ports };
    case 'sctp':
      return { SCTP: ports };
    case 'icmp':
      return { ICMPv4: icmp };
    case 'icmpv6':
      return { ICMPv6: icmp };
    case 'other':
    case 'exec':
      return undefined;
  }
}

function dnsSummary({ text, queryType, answer }: VerdictEvent): string {
  if (queryType === undefined) return 'DNS Query';
  const question = `${text}. ${typeText(queryType)}`;
  if (!answer) return `DNS Query ${question}`;
  const says = answer.code === 0 ? answer.addresses.map(formatAddress).join() : responseCode(answer.code);
  return `DNS Answer ${question} ${says}`.trimEnd();
}

const httpSummary = ({ text, response }: VerdictEvent): string =>
  response ? `HTTP/1.1 ${response.status} ${response.latency / 1_000_000n}ms (${text})` : `HTTP/1.1 ${text}`;

function summaryOf(event: VerdictEvent): string {
  if (event.reason === 'poisonedConnection') return 'connection ended, after a refused request or by a new policy';
  switch (event.protocol) {
    case 'tcp':
      return event.tcpFlags === 0 ? 'TCP connect' : `TCP Flags: ${tcpFlagsOf(event.tcpFlags).join(', ')}`;
    case 'http':
      return httpSummary(event);
    case 'dns':
      return dnsSummary(event);
    case 'tls':
      return `TLS ClientHello ${event.text}`.trimEnd();
    case 'icmp':
    case 'icmpv6':
      return `${event.protocol === 'icmp' ? 'ICMPv4' : 'ICMPv6'} type ${event.destinationPort >> 8} code ${event.destinationPort & 0xff}`;
    case 'other':
      return `IP protocol ${event.destinationPort}`;
    default:
      return event.protocol.toUpperCase();
  }
}

const type = 'type.googleapis.com/policyc.Attribution';

function attributionOf(event: VerdictEvent, record: CauseRecord, build: string | undefined): Attribution {
  const shared = {
    '@type': type,
    ...(event.protocol === 'tls' && { tls: tlsOf(event) }),
    ...(event.reason !== 'none' && { reason: event.reason }),
    ...(build !== undefined && { build }),
  } as const;
  switch (record.kind) {
    case 'rule': {
      const { kind: _, policy, section: __, ...rule } = record;
      return { ...shared, decided: 'rule', policies: [{ name: policy, file: rule.file, line: rule.line }], rule };
    }
    case 'default-deny':
      return { ...shared, decided: 'default-deny', policies: record.policies };
    case 'unknown':
      return { ...shared, decided: 'unknown', policies: [] };
    case 'fixed':
      if (record.name === 'defaultAllow') return { ...shared, decided: 'default-allow', policies: [] };
      if (record.name === 'self') return { ...shared, decided: 'self', policies: [] };
      return { reason: record.name, ...shared, decided: 'policyd', policies: [] };
  }
}

/** Hubble's four lists; filled for default denials too, with the policies that brought them. */
function decidedBy(event: VerdictEvent, { policies, rule }: Attribution): Partial<Flow> {
  if (policies.length === 0) return {};
  const labelOf = ({ file, line }: PolicyPlace) => [
    `policyc:source=${file}:${line}`,
    ...(rule ? [`policyc:rule=${rule.text}`] : []),
    ...(rule?.annotations ?? []).map(({ name, values }) => `policyc:${name}=${values.join(',')}`),
  ];
  const list: readonly FlowPolicy[] = policies.map((policy) => ({
    name: policy.name,
    labels: labelOf(policy),
    revision: String(event.revision),
    kind: 'Policy',
  }));
  // Of what only audit would deny: who would.
  const denied = event.verdict === 'dropped' || event.verdict === 'audit';
  if (event.direction === 'egress') return denied ? { egress_denied_by: list } : { egress_allowed_by: list };
  return denied ? { ingress_denied_by: list } : { ingress_allowed_by: list };
}
