// Connections as network-config-analyzer writes them: lines of two ends and what is between them, where an end is a pod, what makes
// pods, pods of namespaces by a label, or a range of addresses.
import type { Node } from '../../src/compiler/analysis/nodes.ts';
import { type AddressSet, parseAddress, parsePrefix, prefixInterval } from '../../src/compiler/space/address.ts';
import { isEmpty, subtract, union } from '../../src/compiler/space/interval.ts';
import { namespaceKey } from '../../src/compiler/space/labels.ts';
import { anyTransport, type TransportSet, transportRange, wholeProtocol } from '../../src/compiler/space/transport.ts';
import type { Named } from './world.ts';

/** `section`: the heading that it stands under. */
export type ExpectedLine = { readonly section: string; readonly source: string; readonly destination: string; readonly connection: string };

/** The lines of a text, in any of its forms. */
export function linesIn(text: string): readonly ExpectedLine[] {
  let section = '';
  return text.split('\n').flatMap((line): readonly ExpectedLine[] => {
    const graph = /^(.+?) => (.+?) : (.+)$/.exec(line);
    const rule = /^(src.+?) (dst(?::|_ns:) .+) conn: (.+)$/.exec(line);
    const pair = /^src: (\[.*?\]), dst: (\[.*?\]), (?:conn|description): (.+)$/.exec(line);
    const [, source, destination, connection] = pair ?? graph ?? rule ?? [];
    if (source === undefined || destination === undefined || connection === undefined) {
      if (line.trim() !== '') section = line.trim();
      return [];
    }
    return [{ section, source, destination, connection }];
  });
}

/** Is a node, or a range of it, what is written there? */
export function isEnd(written: string, node: Node, owners: Named['set']['owners']): boolean {
  if (written.startsWith('[')) return listed(written).includes(node.name);
  const range = rangeIn(written.replace(/^(?:src|dst): /, ''));
  if (range) return node.kind === 'addresses' && isEmpty(subtract(node.ranges ?? [], range));
  const { workload } = node;
  if (!workload) return false;
  const owner = owners.get(node.name) ?? node.name;
  const [, namespaces, pods] = /^(?:src|dst)_ns: \[(.*?)\] (?:src|dst)_pods: \[(.*)\]$/.exec(written) ?? [];
  if (namespaces === undefined || pods === undefined) return owner === written || node.name === written;
  return namespaces.split(',').includes(workload.labels[namespaceKey] ?? '') && isOfPods(pods, workload.labels, [owner, node.name]);
}

const listed = (written: string): readonly string[] =>
  written
    .slice(1, -1)
    .split(',')
    .map((name) => name.trim().replace(/^'|'$/g, ''));

/** `*`, `app in (a,b)`, `app=a`, `has(app)`, or the name of what makes the pods. */
function isOfPods(pods: string, labels: Readonly<Record<string, string>>, names: readonly string[]): boolean {
  if (pods === '*') return true;
  const [, key, values] = /^\(?(\S+) in \((.*?)\)\)?$/.exec(pods) ?? /^(\S+?)=(.*)$/.exec(pods) ?? [];
  if (key !== undefined && values !== undefined) return values.split(',').includes(labels[key] ?? '');
  const [, present] = /^has\((.*)\)$/.exec(pods) ?? [];
  if (present !== undefined) return labels[present] !== undefined;
  return names.some((name) => name.replace(/^[^/]*\//, '').replace(/\[.*\]$/, '') === pods);
}

/** `10.0.0.0/8`, `10.0.0.0-10.1.255.255`. */
function rangeIn(text: string): AddressSet | undefined {
  const prefix = text.includes('/') ? parsePrefix(text) : undefined;
  if (prefix) return [prefixInterval(prefix)];
  const [low, high] = text.split('-').map(parseAddress);
  return low === undefined ? undefined : [{ low, high: high ?? low }];
}

/** `All connections`, `{protocols:TCP,dst_ports:80,8080-8090}`, several of them; undefined: it says something else. */
export function pointsIn(connection: string): TransportSet | undefined {
  if (/^All connections$/i.test(connection) || /allows all connections while/.test(connection)) return anyTransport;
  const parts = [...connection.matchAll(/\{protocols:([A-Z,]+?)(?:,dst_ports:([\d,-]+))?\}/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join(',') !== connection.replaceAll(', ', ',')) return undefined;
  return parts.flatMap(([, protocols = '', ports]) => protocols.split(',').map((name) => pointsOf(name, ports))).reduce(union, []);
}

function pointsOf(name: string, ports: string | undefined): TransportSet {
  const protocol = (['tcp', 'udp', 'sctp'] as const).find((one) => one === name.toLowerCase());
  if (!protocol) return [];
  if (ports === undefined) return wholeProtocol(protocol);
  return ports
    .split(',')
    .map((range) => range.split('-').map(Number))
    .map(([low = 0, high = low]) => transportRange(protocol, low, high))
    .reduce(union, []);
}

export const isSame = (a: TransportSet, b: TransportSet): boolean => isEmpty(subtract(a, b)) && isEmpty(subtract(b, a));
