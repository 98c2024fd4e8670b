// Random small policies as policy text, so that the whole compiler is exercised. Rules are made in clusters that overlap
// (an allow, a deny over a part of it, another over more), because that is where deciding order matters.
import type { Random } from './random.ts';

const workloads = [
  'workload web = { app: "web" }',
  'workload cart = { app: "cart" }',
  'workload named = { app: one of ["web", "cart", "db"] }',
  'workload not-db = { app: not "db" }',
  'workload anonymous = { app: absent }',
  'workload prod = { env: "prod", app: exists }',
  'workload no-prod = { env: not one of ["prod", "test"] } in namespace "shop"',
  'workload data = { app: exists } in namespace "data"',
  'workload team = { "team/name": "a" }',
  'workload web-or-prod = web or prod',
];
const networks = [
  'network office = [203.0.113.0/24, 2001:db8:1::/48] except [203.0.113.128/25, 2001:db8:1:80::/57]',
  'network one = [198.51.100.7, 2001:db8:2::7]',
  'network wide = [128.0.0.0/1, 2001:db8::/32]',
  'network inside = [10.20.0.0/16, fd00:20::/32]',
  'network odd = [192.0.2.129/32, 192.0.2.130/31, 192.0.2.132/30]',
];
const ports = ['port web-ports = [tcp 80, tcp 8080-8090]', 'port names = [udp 53, tcp 53]', 'port high = tcp 1024-65535'];

/** Names by their line. */
const nameIn = (declaration: string): string => declaration.split(' ')[1] ?? '';
const workloadNames = workloads.map(nameIn);
const networkNames = networks.map(nameIn);
const portNames = ports.map(nameIn);
const entities = ['all', 'world', 'world-ipv4', 'world-ipv6', 'cluster', 'host', 'remote-node', 'kube-apiserver', 'health'];
const transports = [
  ...['tcp', 'udp', 'tcp 80', 'tcp 79-81', 'tcp 8080', 'tcp 443', 'udp 53', 'udp 1000-2000', 'sctp 3868', 'any 53'],
  ...['icmp', 'icmp 8', 'icmp 8 code 0', 'icmpv6 128', 'gre', 'protocol 50', 'tcp "api"', 'tcp "admin"', 'udp "api"'],
];
const tcpTransports = ['tcp 80', 'tcp 8080', 'tcp 79-81', 'tcp', 'web-ports', 'tcp "api"', 'tcp [80, 443, 9000]'];
const requests = [
  ...['GET "/"', 'GET "/cart/{id}"', 'GET "/cart/**"', 'POST "/cart/{id}/items"', '[GET, HEAD] "/static/**"', '"/admin/**"', 'DELETE'],
  ...['"/**"', '"/cart/*.json"', 'GET "/a%20b"', 'PUT "/cart/x*"', 'GET ["/cart/1", "/cart/12"]'],
];
const programs = [
  ...['"/usr/bin/node"', '"/usr/bin/env"', 'under "/tmp"', 'under "/usr"', 'glob "/usr/bin/*"', 'glob "/opt/**/run?"'],
  ...['["/bin/sh", "/bin/bash"]', 'under "/"', 'glob "/usr/bin/n*e"'],
];

const listed = (items: readonly string[]): string => (items.length === 1 ? (items[0] ?? '') : `[${items.join(', ')}]`);
const atLeastOne = (random: Random, items: readonly string[], probability: number): readonly string[] => {
  const some = random.some(items, probability);
  return some.length > 0 ? some : [random.pick(items)];
};

function peers(random: Random): string {
  if (random.chance(0.15)) return 'all';
  const kinds = [random.pick(workloadNames), random.pick(networkNames), random.pick(entities), random.pick(workloadNames)];
  return listed([...new Set(atLeastOne(random, kinds, 0.4))]);
}

function transport(random: Random): string {
  if (random.chance(0.25)) return '';
  return ` at ${listed([...new Set(atLeastOne(random, [random.pick(transports), random.pick(transports), random.pick(portNames)], 0.45))])}`;
}

const http = (random: Random): string => ` http { ${atLeastOne(random, requests, 0.15).join('; ')} }`;

type Section = 'ingress' | 'egress';
const actions = (random: Random): readonly string[] =>
  random.pick([
    ['allow', 'deny'],
    ['deny', 'allow'],
    ['allow', 'allow'],
    ['allow', 'deny', 'allow'],
  ]);

/** Rules about overlapping peers and ports. HTTP stands on ingress only, with ports that carry it. */
function networkCluster(random: Random, section: Section): readonly string[] {
  const [peer, web] = [peers(random), section === 'ingress' && random.chance(0.4)];
  const at = web ? ` at ${random.pick(tcpTransports)}` : transport(random);
  return actions(random).map((action, i) => {
    const who = i === 0 || random.chance(0.5) ? peer : random.chance(0.5) ? 'all' : peers(random);
    const where = i === 0 || random.chance(0.5) ? at : web ? ` at ${random.pick(tcpTransports)}` : transport(random);
    return `${action} ${section === 'ingress' ? 'from' : 'to'} ${who}${where}${web && random.chance(0.8) ? http(random) : ''}`;
  });
}

function networkSection(random: Random, section: Section): readonly string[] {
  if (random.chance(0.3)) return [];
  const rules = Array.from({ length: random.int(4) }, () => networkCluster(random, section)).flat();
  const opening = random.chance(0.45) ? ['default allow'] : [];
  return [`  ${section} {`, ...[...opening, ...rules].map((line) => `    ${line}`), '  }'];
}

function processSection(random: Random): readonly string[] {
  if (random.chance(0.3)) return [];
  const rules = Array.from({ length: 1 + random.int(3) }, () =>
    actions(random).map((action) => `${action} exec ${random.pick(programs)}`),
  ).flat();
  const opening = random.chance(0.5) ? ['default deny exec'] : [];
  return ['  process {', ...[...opening, ...rules].map((line) => `    ${line}`), '  }'];
}

function policy(random: Random, name: string): string {
  const subject = random.chance(0.3) ? 'all' : random.pick(workloadNames);
  const sections = [...networkSection(random, 'ingress'), ...networkSection(random, 'egress'), ...processSection(random)];
  return [`policy ${name} for ${subject} {`, ...(sections.length > 0 ? sections : ['  ingress { }']), '}'].join('\n');
}

/** One unit of one to three policies. */
export function randomPolicy(random: Random): string {
  const names = ['a-policy', 'b-policy', 'c-policy'].slice(random.int(3));
  return `${[...workloads, ...networks, ...ports, ...names.map((name) => policy(random, name))].join('\n')}\n`;
}

const isRule = (line: string): boolean => /^ {4}(allow|deny|default) /.test(line);

/** The same text after one to three edits of rules: a line less, twice, elsewhere, or with the other action. */
export function editedPolicy(random: Random, text: string): string {
  const lines = text.split('\n');
  for (let edits = 1 + random.int(3); edits > 0; edits--) {
    const places = lines.flatMap((line, i) => (isRule(line) ? [i] : []));
    if (places.length === 0) break;
    const place = random.pick(places);
    const line = lines[place] ?? '';
    const turned = line.replace(/^ {4}(allow|deny) /, (_, action: string) => `    ${action === 'allow' ? 'deny' : 'allow'} `);
    const edit = random.int(3);
    if (edit === 0 || line.includes('default')) lines.splice(place, 1);
    else if (edit === 1) lines[place] = turned;
    else lines.splice(place + 1, 0, turned);
  }
  return lines.join('\n');
}
