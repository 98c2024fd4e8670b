// A witness as a line for a shell: what whoever doubts a verdict can run to see it. Only where a common tool makes exactly this
// event; an event that none makes has no line.
import type { FieldValues } from '../domains/domain.ts';
import type { Endpoint, FlowEvent, PolicyEvent, ProcessEvent } from '../ir/event.ts';
import { formatAddress } from '../space/address.ts';
import { protocolOf, type TransportProtocol } from '../space/transport.ts';
import { endpointWords } from './event-words.ts';

/** `run` is a line for a POSIX shell; `$DESTINATION` stands in it for an address that the event leaves open. `on`: who runs it. */
export type Reproduction = { readonly run: string; readonly on: string };

/** `destination`: the address of a workload that is the destination, where one is known. */
export function reproduction(event: PolicyEvent, destination?: string): Reproduction | undefined {
  if (event.kind === 'process') {
    const run = processLine(event);
    return run === undefined ? undefined : { run, on: endpointWords(event.subject) };
  }
  const run = flowLine(event, addressText(event.destination) ?? destination ?? '$DESTINATION');
  return run === undefined ? undefined : { run, on: endpointWords(event.source) };
}

const addressText = ({ address }: Endpoint): string | undefined => (address === undefined ? undefined : formatAddress(address));

/** As one word of a POSIX shell. */
const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
const quotedAddress = (address: string): string => (address.startsWith('$') ? `"${address}"` : address);
const isPrintable = (text: string): boolean => /^[\x21-\x7e][\x20-\x7e]*$/.test(text);

/** The values of a field; none where it is absent or cannot be read. */
function valuesOf(fields: FieldValues, name: string): readonly string[] {
  const values = fields[name];
  return values === undefined || 'kind' in values ? [] : values;
}

function flowLine({ point, request, source }: FlowEvent, address: string): string | undefined {
  const { protocol, value } = protocolOf(point);
  if (request) return requestLine(request, { address, protocol, port: value });
  const to = quotedAddress(address);
  const isIpv6 = [address, addressText(source) ?? ''].some((text) => text.includes(':'));
  switch (protocol) {
    case 'tcp':
      return `nc -vz -w 3 ${to} ${value}`;
    case 'udp':
      return `nc -vzu -w 3 ${to} ${value}`;
    case 'sctp':
      return `ncat -v --sctp --send-only ${to} ${value} < /dev/null`;
    case 'icmp':
      return value === 8 << 8 ? `ping -c 1 ${to}` : packetLine(`IP(dst=sys.argv[1])/ICMP(type=${value >> 8}, code=${value & 255})`, to);
    case 'icmpv6':
      if (value === 128 << 8) return `ping -c 1 ${to}`;
      return packetLine(`IPv6(dst=sys.argv[1])/ICMPv6Unknown(type=${value >> 8}, code=${value & 255})`, to);
    case 'other':
      return packetLine(isIpv6 ? `IPv6(dst=sys.argv[1], nh=${value})` : `IP(dst=sys.argv[1], proto=${value})`, to);
  }
}

/** A packet that no usual tool sends. */
const packetLine = (packet: string, to: string): string => `sudo python3 -c 'import sys; from scapy.all import *; send(${packet})' ${to}`;

type Request = NonNullable<FlowEvent['request']>;
type Target = { readonly address: string; readonly protocol: TransportProtocol; readonly port: number };

function requestLine({ domain, content }: Request, target: Target): string | undefined {
  if (content.kind !== 'fields') return undefined;
  return lines[domain]?.(content.fields, target);
}

const lines: Readonly<Record<string, (fields: FieldValues, target: Target) => string | undefined>> = {
  http: httpLine,
  tls: (fields, { address, port }) => {
    const [[name], protocols] = [valuesOf(fields, 'sni'), valuesOf(fields, 'alpn')];
    if (![...protocols, ...(name === undefined ? [] : [name])].every(isPrintable)) return undefined;
    const server = name === undefined ? '-noservername' : `-servername ${quoted(name)}`;
    const offered = protocols.length > 0 ? ` -alpn ${quoted(protocols.join(','))}` : '';
    return `openssl s_client -connect ${quotedAddress(bracketed(address))}:${port} ${server}${offered} < /dev/null`;
  },
  dns: (fields, { address, protocol, port }) => {
    const [[name = '.'], [type = 'A']] = [valuesOf(fields, 'name'), valuesOf(fields, 'type')];
    if (!isPrintable(name) || protocol === 'sctp') return undefined;
    return `dig +time=3 +tries=1${protocol === 'tcp' ? ' +tcp' : ''} -p ${port} @${quotedAddress(address)} ${quoted(name)} ${type}`;
  },
  grpc: (fields, { address, port }) => {
    const [[service], [method]] = [valuesOf(fields, 'service'), valuesOf(fields, 'method')];
    if (service === undefined || method === undefined) return undefined;
    return `grpcurl -plaintext -max-time 3 ${quotedAddress(bracketed(address))}:${port} ${quoted(`${service}/${method}`)}`;
  },
};

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);

function httpLine(fields: FieldValues, { address, port }: Target): string | undefined {
  const [[method = 'GET'], [path = '/'], [query], [host], [sent]] = [
    valuesOf(fields, 'method'),
    valuesOf(fields, 'path'),
    valuesOf(fields, 'query'),
    valuesOf(fields, 'host'),
    valuesOf(fields, 'target'),
  ];
  const target = sent ?? (query === undefined ? path : `${path}?${query}`);
  const headers = Object.keys(fields).flatMap((name) =>
    name.startsWith('header ') ? valuesOf(fields, name).map((value) => `${name.slice('header '.length)}: ${value}`) : [],
  );
  const all = [...(host === undefined ? [] : [`Host: ${host}`]), ...headers];
  if (!/^\/[\x21-\x7e]*$/.test(target) || !all.every(isPrintable) || !isPrintable(method)) return undefined;
  return [
    'curl -i -m 3',
    ...(/[[\]{}]/.test(target) ? ['-g'] : []),
    ...(/\/\.\.?(?:\/|$)/.test(target) ? ['--path-as-is'] : []),
    ...(method === 'HEAD' ? ['-I'] : method === 'GET' ? [] : [`-X ${quoted(method)}`]),
    ...all.map((header) => `-H ${quoted(header)}`),
    urlOf(address, port) + quoted(target),
  ].join(' ');
}

const urlOf = (address: string, port: number): string =>
  address.startsWith('$') ? `"http://${address}:${port}"` : quoted(`http://${bracketed(address)}:${port}`);

function processLine({ domain, content }: ProcessEvent): string | undefined {
  if (content.kind !== 'fields') return undefined;
  const [path] = valuesOf(content.fields, 'path');
  const operands = valuesOf(content.fields, 'argument');
  if (path === undefined || ![path, ...operands].every(isPrintable)) return undefined;
  switch (domain) {
    case 'exec':
      return [path, ...operands].map(quoted).join(' ');
    case 'read':
      return `head -c 1 ${quoted(path)}`;
    case 'write':
      return `: >> ${quoted(path)}`;
    default:
      return undefined;
  }
}
