// Every event of the small world.
import type { Content } from '../../src/compiler/domains/domain.ts';
import type { Endpoint, FlowEvent, PolicyEvent, ReservedName } from '../../src/compiler/ir/event.ts';
import { isIpv4, parseAddress } from '../../src/compiler/space/address.ts';
import { protocolOf, transportPoint } from '../../src/compiler/space/transport.ts';
import type { WorldOptions } from './small-world.ts';

const labelSets: readonly Readonly<Record<string, string>>[] = [
  {},
  { app: 'a' },
  { app: 'b' },
  { app: 'x' },
  { app: 'b', env: 'p' },
  { env: 'p' },
];
const web = { protocol: 'tcp', name: 'web', port: 81 } as const;
const address = (text: string): bigint => parseAddress(text) ?? 0n;
const workloads = (id: string): readonly Endpoint[] => labelSets.map((labels) => ({ kind: 'workload', id, labels }));
const reserved = (...entities: readonly ReservedName[]): Endpoint => ({ kind: 'reserved', entities });
const host = reserved('host');
const nativeOutside: readonly Endpoint[] = [
  ...[host, reserved('host', 'kube-apiserver'), reserved('kube-apiserver', 'remote-node'), reserved('health')],
  ...['9.9.9.9', '10.0.0.1', '10.1.0.1', '10.1.0.2', '2001:db8::1', '::1'].map(
    (text): Endpoint => ({ kind: 'address', address: address(text) }),
  ),
];
const named = [['api.test'], ['x.test'], ['x.y.b.test', 'elsewhere.org']].map(
  (names): Endpoint => ({ kind: 'address', address: address('10.1.0.1'), names }),
);
const outside: readonly Endpoint[] = [
  ...nativeOutside,
  ...named,
  { kind: 'workload', id: 'addressed', labels: { app: 'x' }, address: address('10.1.0.1') },
  { kind: 'reserved', entities: ['remote-node'], address: address('10.0.0.2') },
  { kind: 'reserved', entities: ['remote-node'], labels: { env: 'p' } },
  { kind: 'address', address: address('10.1.0.1'), isApiServer: true },
  reserved('ingress'),
];
const edgeHost: Endpoint = { kind: 'reserved', entities: ['host'], labels: { env: 'p' } };
const nativePoints = [transportPoint('tcp', 80), transportPoint('tcp', 81), transportPoint('udp', 53), transportPoint('icmp', 2048)];

/** Both addresses are of one family, and ICMP is of IPv4. */
function isPossible(point: number, ...ends: readonly Endpoint[]): boolean {
  const isIpv6 = ends.flatMap(({ address: known }) => (known === undefined ? [] : [!isIpv4(known)]));
  return new Set(isIpv6).size < 2 && !(isIpv6.includes(true) && protocolOf(point).protocol === 'icmp');
}

const fields = (given: Readonly<Record<string, string | readonly string[]>>): Content => ({
  kind: 'fields',
  fields: Object.fromEntries(Object.entries(given).map(([name, value]) => [name, typeof value === 'string' ? [value] : value])),
});
const unreadable: Content = { kind: 'undecidable', reason: 'ambiguous' };
const http = (content: Content): FlowEvent['request'] => ({ domain: 'http', content });
const asked = (method: string, path: string, more: Readonly<Record<string, string | readonly string[]>> = {}): FlowEvent['request'] =>
  http(fields({ method, path, target: path, ...more }));

const nativeRequests: readonly FlowEvent['request'][] = [
  undefined,
  http(unreadable),
  ...[asked('GET', '/a'), asked('GET', '/b'), asked('POST', '/a'), asked('GET', '/a/b'), asked('PUT', '/c')],
  asked('POST', '/b', { 'header content-type': 'json' }),
  asked('POST', '/b', { 'header content-type': ['json', 'text'], query: 'a=1' }),
  asked('GET', '/b', { host: 'api.test', query: 'a=1', target: '/b?a=1', 'header x-role': ['a', 'b'] }),
  asked('GET', '/a', { host: 'x.test', 'header x-role': ['a', 'c'], 'header content-type': 'text' }),
];
const requests: readonly FlowEvent['request'][] = [
  ...nativeRequests,
  { domain: 'dns', content: fields({ name: 'api.test', type: 'A' }) },
  { domain: 'dns', content: fields({ name: 'x.test', type: 'AAAA' }) },
];
const programs = ['/bin/a', '/bin/b', '/tmp/x', '/bin/a/b'];

function processEvents(subject: Endpoint, { native = false }: WorldOptions): readonly PolicyEvent[] {
  const event = (domain: string, content: Content): PolicyEvent => ({ kind: 'process', domain, subject, content });
  const user = { user: '0', scope: 'container' };
  const plain = [...programs.map((path) => event('exec', fields({ path, ...user }))), event('exec', unreadable)];
  if (native) return plain;
  return [
    ...plain,
    event('exec', fields({ path: '/bin/b', argument: ['-v', '-x'], user: '7' })),
    event('exec', { kind: 'fields', fields: { path: ['/bin/b'], argument: { kind: 'undecidable', reason: 'too long' }, user: ['0'] } }),
    event('read', fields({ path: '/bin/a', binary: '/bin/a', user: '1000' })),
    event('read', fields({ path: '/x', binary: '/bin/a', ...user })),
  ];
}

/** Every event of the small world; of a `native` one, what the kernel programs can meet. */
export function everyEvent(options: WorldOptions = {}): readonly PolicyEvent[] {
  const { native = false, names = false } = options;
  const others = native ? [...nativeOutside, ...(names ? named : [])] : outside;
  const inits = native ? [] : [reserved('init')];
  const hosts = native ? [] : [host, edgeHost];
  const destinations = [
    ...workloads('destination'),
    ...workloads('destination').map((end) => ({ ...end, namedPorts: [web] }) as Endpoint),
    ...inits,
  ];
  const pairs = [
    ...[...workloads('source'), ...hosts, ...inits].flatMap((from) => [...destinations, ...others].map((to) => [from, to] as const)),
    ...others.flatMap((from) => [...destinations, ...hosts].map((to) => [from, to] as const)),
  ];
  const flows = pairs.flatMap(([from, to]) =>
    nativePoints
      .filter((point) => isPossible(point, from, to))
      .flatMap((point) =>
        (native ? nativeRequests : requests).map(
          (request): PolicyEvent => ({ kind: 'flow', source: from, destination: to, point, ...(request && { request }) }),
        ),
      ),
  );
  return [...flows, ...[...workloads('subject'), ...hosts].flatMap((subject) => processEvents(subject, options))];
}
