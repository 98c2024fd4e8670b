// One line a verdict, for people: when, what became of it, who to whom, and who said so.
import { createColors } from 'picocolors';
import type { Attribution, Flow, FlowEndpoint, LostRecord, ProcessVerdict, VerdictRecord } from '../hubble/flow.ts';
import type { VerdictName } from '../hubble/names.ts';
import { responseCode } from '../hubble/queries.ts';

type Paint = (text: string) => string;
export type LineStyle = { readonly verdict: Readonly<Record<VerdictName, Paint>>; readonly faint: Paint };

export function lineStyle(colour: boolean): LineStyle {
  const { green, red, yellow, cyan, dim } = createColors(colour);
  return { verdict: { FORWARDED: green, DROPPED: red, AUDIT: yellow, REDIRECTED: cyan }, faint: dim };
}

export function recordLine(record: VerdictRecord | LostRecord, style: LineStyle): string {
  if ('lost_events' in record)
    return `${clock(record.time)} ${record.lost_events.num_events_lost} records left out: this terminal is too slow`;
  const shown = 'flow' in record ? record.flow : record.process;
  const verdict = style.verdict[shown.verdict](shown.verdict.padEnd(10));
  const what = 'flow' in record ? flowText(record.flow) : processText(record.process);
  return `${style.faint(clock(shown.time))} ${verdict} ${what}  ${style.faint(decider(shown.extensions, shown.drop_reason_desc))}`;
}

/** Local time with milliseconds. */
function clock(time: string): string {
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function flowText(flow: Flow): string {
  const [protocol, ports] = layer4(flow);
  const source = side(flow.source, flow.IP.source, ports?.source_port);
  const destination = side(flow.destination, flow.IP.destination, ports?.destination_port);
  const request = requestText(flow);
  const told = protocol.startsWith('ICMP') || protocol === 'IP' || flow.extensions.reason === 'poisonedConnection';
  const summary = told ? ` ${flow.Summary}` : '';
  return `${flow.traffic_direction.toLowerCase().padEnd(7)} ${layer7Name(flow) ?? protocol} ${source} -> ${destination}${request}${summary}`;
}

function layer7Name({ l7 }: Flow): string | undefined {
  if (!l7) return undefined;
  return 'dns' in l7 ? 'DNS' : 'http' in l7 ? 'HTTP' : 'TLS';
}

function requestText({ l7, extensions }: Flow): string {
  if (!l7) return '';
  if (!('dns' in l7 || 'http' in l7))
    return [extensions.tls?.server_name, ...(extensions.tls?.protocols ?? [])].map((name) => ` ${name ?? '-'}`).join('');
  if ('http' in l7) return `${` ${l7.http.method} ${l7.http.url}`.trimEnd()}${l7.http.code === undefined ? '' : ` = ${l7.http.code}`}`;
  const { qtypes, query, rcode = 0, ips = [] } = l7.dns;
  const answer = l7.type === 'RESPONSE' ? ` = ${rcode === 0 ? ips.join() : responseCode(rcode)}` : '';
  return ` ${qtypes.join()} ${query}${answer}`.trimEnd();
}

function layer4({ l4 }: Flow): readonly [string, { readonly source_port?: number; readonly destination_port?: number }?] {
  if (!l4) return ['IP'];
  if ('TCP' in l4) return ['TCP', l4.TCP];
  if ('UDP' in l4) return ['UDP', l4.UDP];
  if ('SCTP' in l4) return ['SCTP', l4.SCTP];
  return 'ICMPv4' in l4 ? ['ICMPv4'] : ['ICMPv6'];
}

/** A name where there is one, and the address as far as it says more. */
function side(endpoint: FlowEndpoint, address: string, port: number | undefined): string {
  const at = port === undefined ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const name = nameOf(endpoint);
  if (name === undefined) return at;
  // A socket that connects has no address of its own yet.
  return port === undefined && unspecified.has(address) ? name : `${name} (${at})`;
}

const unspecified: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

function nameOf({ pod_name: name, namespace, labels }: FlowEndpoint): string | undefined {
  if (name !== undefined) return namespace === undefined ? name : `${namespace}/${name}`;
  const reserved = labels.filter((label) => label.startsWith('reserved:') && !label.startsWith('reserved:world'));
  return reserved.length === 0 ? undefined : reserved.map((label) => label.slice('reserved:'.length)).join('+');
}

const processText = ({ source, process: { binary, pid, truncated } }: ProcessVerdict): string =>
  `exec    ${nameOf(source) ?? '?'} ${binary}${truncated ? '…' : ''} (pid ${pid})`;

/** Who decided, in words. */
export function decider({ decided, policies, rule, reason }: Attribution, dropReason?: string): string {
  const because = reason === undefined ? '' : ` [${reason}]`;
  switch (decided) {
    case 'rule':
      return `by ${policies[0]?.name ?? '?'} ${rule?.file}:${rule?.line} \`${rule?.text}\`${because}`;
    case 'default-deny':
      return `by default deny of ${policies.map(({ name, file, line }) => `${name} ${file}:${line}`).join(', ')}${because}`;
    case 'default-allow':
      return `no policy denies it${because}`;
    case 'self':
      return 'to itself';
    case 'policyd':
      return `refused by policyd: ${reason ?? ''}${dropReason === undefined ? '' : ` (${dropReason})`}`;
    case 'unknown':
      return `decided under an earlier policy whose table is lost${because}`;
  }
}
