// A parsed line -> what it says. This is the plain reading: scan-line.ts, which is fast, gives the same or leaves the line to this one.
import {
  isPorted,
  type Line,
  noAttribution,
  noTime,
  nowhere,
  type RecordedAttribution,
  type RecordedEnd,
  type RecordedFlow,
  type RecordedHttp,
  type RecordedLayer7,
  type RecordedProcess,
} from './record.ts';
import { readAnyTime } from './time.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A field has another type than it has in flow.proto. */
class Wrong extends Error {}

const fieldsOf = (value: unknown, name: string): Fields => {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new Wrong(`\`${name}\` is no object`);
  return { ...value };
};

function textOf(fields: Fields, name: string): string {
  const value = fields[name] ?? '';
  if (typeof value !== 'string') throw new Wrong(`\`${name}\` is no text`);
  return value;
}

/** 64-bit numbers are texts. */
function numberOf(fields: Fields, name: string): number {
  const value = fields[name] ?? 0;
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0) throw new Wrong(`\`${name}\` is no number`);
  return number;
}

function flagOf(fields: Fields, name: string): boolean | undefined {
  const value = fields[name] ?? undefined;
  if (value !== undefined && typeof value !== 'boolean') throw new Wrong(`\`${name}\` is neither true nor false`);
  return value;
}

function itemsOf(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name] ?? [];
  if (!Array.isArray(value)) throw new Wrong(`\`${name}\` is no list`);
  return value;
}

const textsOf = (fields: Fields, name: string): readonly string[] =>
  itemsOf(fields, name).map((item) => {
    if (typeof item !== 'string') throw new Wrong(`\`${name}\` holds other things than texts`);
    return item;
  });

/** One end as its JSON says it. @throws Wrong */
function endOf(value: unknown, name: string): RecordedEnd {
  if (value === undefined || value === null) return nowhere;
  const fields = fieldsOf(value, name);
  const workload = fieldsOf(itemsOf(fields, 'workloads')[0], 'workloads');
  return {
    id: numberOf(fields, 'ID'),
    identity: numberOf(fields, 'identity'),
    namespace: textOf(fields, 'namespace'),
    cluster: textOf(fields, 'cluster_name'),
    labels: textsOf(fields, 'labels'),
    pod: textOf(fields, 'pod_name'),
    workload: textOf(workload, 'name'),
    workloadKind: textOf(workload, 'kind'),
  };
}

type Layer4 = Pick<RecordedFlow, 'protocol' | 'port' | 'syn' | 'ack'>;

function layer4Of(flow: Fields): Layer4 {
  const entries = Object.entries(fieldsOf(flow['l4'], 'l4'));
  const [protocol, value] = entries[0] ?? ['', {}];
  if (entries.length > 1) throw new Wrong('`l4` says several protocols');
  const fields = fieldsOf(value, protocol);
  const flags = fieldsOf(fields['flags'], 'flags');
  const isIcmp = protocol === 'ICMPv4' || protocol === 'ICMPv6';
  const port = isPorted(protocol) ? numberOf(fields, 'destination_port') : isIcmp ? icmpOf(fields) : 0;
  if (port > 0xffff) throw new Wrong('`destination_port` is no port');
  return { protocol, port, syn: flagOf(flags, 'SYN') === true, ack: flagOf(flags, 'ACK') === true };
}

function icmpOf(fields: Fields): number {
  const [type, code] = [numberOf(fields, 'type'), numberOf(fields, 'code')];
  if (type > 255 || code > 255) throw new Wrong('`type` or `code` is none of ICMP');
  return type * 256 + code;
}

/** Of our own export, whose summary says the protocol that Hubble has no name for. */
const summaryProtocol = (flow: Fields): string => /^IP protocol (\d{1,3})$/.exec(textOf(flow, 'Summary'))?.[1] ?? '';

function layer7Of(value: unknown): RecordedLayer7 | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = fieldsOf(value, 'l7');
  const type = textOf(fields, 'type');
  if (fields['http'] !== undefined) return { type, kind: 'http', http: httpOf(fieldsOf(fields['http'], 'http')) };
  if (fields['dns'] !== undefined) {
    const dns = fieldsOf(fields['dns'], 'dns');
    return { type, kind: 'dns', dns: { query: textOf(dns, 'query'), types: textsOf(dns, 'qtypes') } };
  }
  if (fields['kafka'] === undefined) return { type, kind: 'other' };
  const kafka = fieldsOf(fields['kafka'], 'kafka');
  return { type, kind: 'kafka', kafka: { key: textOf(kafka, 'api_key'), topic: textOf(kafka, 'topic') } };
}

function httpOf(fields: Fields): RecordedHttp {
  const headers = itemsOf(fields, 'headers').map((header) => {
    const pair = fieldsOf(header, 'headers');
    return { key: textOf(pair, 'key'), value: textOf(pair, 'value') };
  });
  const base = { method: textOf(fields, 'method'), url: textOf(fields, 'url'), protocol: textOf(fields, 'protocol') };
  return headers.length > 0 ? { ...base, headers } : base;
}

const ownType = 'type.googleapis.com/policyc.Attribution';

/** Others may have extensions of their own. */
function attributionOf(value: unknown): RecordedAttribution {
  if (typeof value !== 'object' || value === null || !('@type' in value) || value['@type'] !== ownType) return noAttribution;
  return { isOwn: true, reason: textOf({ ...value }, 'reason') };
}

/** What one `flow` object says: its parts that scan-line.ts does not read by itself are read here, too. */
export const partReaders = { endOf, layer7Of, attributionOf, textsOf: (value: unknown, name: string) => textsOf({ [name]: value }, name) };

function flowOf(flow: Fields, time: unknown): RecordedFlow {
  const address = fieldsOf(flow['IP'], 'IP');
  const event = fieldsOf(flow['event_type'], 'event_type');
  const aggregate = fieldsOf(flow['aggregate'], 'aggregate');
  const counted = ['ingress_flow_count', 'egress_flow_count', 'unknown_direction_flow_count'].map((name) => numberOf(aggregate, name));
  const layer4 = layer4Of(flow);
  return {
    time: timeIn(flow, time),
    verdict: textOf(flow, 'verdict'),
    dropReason: dropReasonOf(flow),
    source: endOf(flow['source'], 'source'),
    destination: endOf(flow['destination'], 'destination'),
    sourceAddress: textOf(address, 'source'),
    destinationAddress: textOf(address, 'destination'),
    sourceNames: textsOf(flow, 'source_names'),
    destinationNames: textsOf(flow, 'destination_names'),
    ...layer4,
    protocol: layer4.protocol === '' ? summaryProtocol(flow) : layer4.protocol,
    type: textOf(flow, 'Type'),
    eventType: flow['event_type'] === undefined ? -1 : numberOf(event, 'type'),
    subType: flow['event_type'] === undefined ? -1 : numberOf(event, 'sub_type'),
    direction: textOf(flow, 'traffic_direction'),
    isReply: flagOf(flow, 'is_reply'),
    traceReason: textOf(flow, 'trace_reason'),
    layer7: layer7Of(flow['l7']),
    attribution: attributionOf(flow['extensions']),
    count: counted.reduce((sum, one) => sum + one, 0) || 1,
  };
}

/** That of the record, and where it has none that of its line. */
function timeIn(fields: Fields, outer: unknown): number {
  const [inner = noTime, around = noTime] = [fields['time'], outer].map((time) => (typeof time === 'string' ? readAnyTime(time) : noTime));
  return Number.isNaN(inner) ? around : inner;
}

function dropReasonOf(fields: Fields): string {
  const name = textOf(fields, 'drop_reason_desc');
  const number = name === '' ? numberOf(fields, 'drop_reason') : 0;
  return number === 0 ? name : String(number);
}

function processOf(fields: Fields, time: unknown): RecordedProcess {
  const process = fieldsOf(fields['process'], 'process');
  return {
    time: timeIn(fields, time),
    verdict: textOf(fields, 'verdict'),
    dropReason: dropReasonOf(fields),
    source: endOf(fields['source'], 'source'),
    binary: textOf(process, 'binary'),
    ...(process['uid'] !== undefined && { user: numberOf(process, 'uid') }),
    isCut: flagOf(process, 'truncated') === true,
    reason: attributionOf(fields['extensions']).reason,
  };
}

/** Events of Hubble's exporter that are no traffic. */
const others = ['node_status', 'agent_event', 'debug_event'];
/** A flow that stands in no envelope, as older clients print it. */
const isBare = (fields: Fields): boolean => 'verdict' in fields && ('IP' in fields || 'source' in fields || 'l4' in fields);

/** What a parsed line says. */
export function lineOfJson(value: unknown): Line {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'bad', reason: 'no JSON object' };
  const fields: Fields = { ...value };
  try {
    if (fields['flow'] !== undefined) return { kind: 'flow', flow: flowOf(fieldsOf(fields['flow'], 'flow'), fields['time']) };
    if (fields['process'] !== undefined)
      return { kind: 'process', process: processOf(fieldsOf(fields['process'], 'process'), fields['time']) };
    if (fields['lost_events'] !== undefined)
      return { kind: 'lost', count: numberOf(fieldsOf(fields['lost_events'], 'lost_events'), 'num_events_lost') };
    if (others.some((name) => name in fields)) return { kind: 'other' };
    if (isBare(fields)) return { kind: 'flow', flow: flowOf(fields, undefined) };
    return { kind: 'bad', reason: 'neither a flow nor another record of Hubble' };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return { kind: 'bad', reason: error.message };
  }
}

/** What a line says, read by JSON.parse. */
export function lineOfText(text: string): Line {
  if (text.trim() === '') return { kind: 'blank' };
  try {
    return lineOfJson(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: 'bad', reason: 'not JSON' };
  }
}
