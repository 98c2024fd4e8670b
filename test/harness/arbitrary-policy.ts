// Random small policies as policy text, so that the whole compiler is exercised. Rules are made in clusters that overlap
// (an allow, a deny over a part of it, another over more), because that is where deciding order matters. `native`: only what
// the kernel programs hold: method and path of http on ingress, the path of exec, workloads as subjects, no audit, no names.
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

const sets = [
  'domain api = "api.test"',
  'domain below = ["**.test", "shop.example"]',
  'path homes = under "/home" except "/home/admin/notes"',
  'binary shells = ["/bin/sh", "/bin/bash"]',
  'list reads = [GET, HEAD]',
  'rules watched(who: peer, what: port) {\n  ingress {\n  default allow\n  audit from who at what @name("watched")\n  }\n}',
];

/** Names by their line. */
const nameIn = (declaration: string): string => declaration.split(' ')[1] ?? '';
const workloadNames = workloads.map(nameIn);
const networkNames = networks.map(nameIn);
const portNames = ports.map(nameIn);
const domainNames = ['api', 'below'];
const everyEntity = ['init', 'ingress', 'unmanaged'];
const entities = ['all', 'world', 'world-ipv4', 'world-ipv6', 'cluster', 'host', 'remote-node', 'kube-apiserver', 'health'];
const differences = [
  ...['all except host', 'all except [web, office, ingress]', 'cluster except remote-node', 'cluster except [host, prod]'],
  ...['kube-apiserver except host', 'world except office', 'host except kube-apiserver', 'all except [health, world-ipv6]'],
];
const transports = [
  ...['tcp', 'udp', 'tcp 80', 'tcp 79-81', 'tcp 8080', 'tcp 443', 'udp 53', 'udp 1000-2000', 'sctp 3868', 'any 53'],
  ...['icmp', 'icmp 8', 'icmp 8 code 0', 'icmpv6 128', 'gre', 'protocol 50', 'tcp "api"', 'tcp "admin"', 'udp "api"'],
];
const tcpTransports = ['tcp 80', 'tcp 8080', 'tcp 79-81', 'tcp', 'web-ports', 'tcp "api"', 'tcp [80, 443, 9000]'];
const requests = [
  ...['GET "/"', 'GET "/cart/{id}"', 'GET "/cart/**"', 'POST "/cart/{id}/items"', '[GET, HEAD] "/static/**"', '"/admin/**"', 'DELETE'],
  ...['"/**"', '"/cart/*.json"', 'GET "/a%20b"', 'PUT "/cart/x*"', 'GET ["/cart/1", "/cart/12"]'],
  ...['[GET, HEAD] "/cart/**" query absent', 'POST "/cart/{id}/items" header "content-type" = "application/json"', 'host "shop.example"'],
  // Part of what others match, with another method or beside something else.
  ...['POST "/cart/12"', 'DELETE "/cart/**"', 'GET "/static/a" header "x-role" = "guest"', '"/admin/**" header "x-role" exists'],
  ...['not "/admin/**" header "x-role" = not "guest"', '"/a" query "q=*"', 'PUT target "/cart/*"', 'regex "/v[0-9]+/.*"'],
];
const queries = ['"api.test"', 'below type [A, AAAA]', 'type TXT', '"*.x.test" type A'];
const handshakes = ['"api.test"', 'sni below alpn "h2"', 'sni not api', 'sni absent'];
const blocks = [
  { name: 'http', transports: ['tcp 80', 'tcp [80, 8080]', 'web-ports', 'tcp'], lines: ['reads "/cart/**"', ...requests] },
  { name: 'dns', transports: ['udp 53', 'tcp 53', 'names'], lines: queries },
  { name: 'tls', transports: ['tcp 443', 'tcp [443, 8080]'], lines: handshakes },
];
const processLines = [
  ...['exec shells argument "-c"', 'exec "/bin/sh" user 0', 'exec under "/usr" parent shells', 'exec under "/" scope host'],
  ...['read homes', 'read under "/etc" user [0, 100-200]', 'write under "/etc" binary not "/usr/bin/vi"', 'delete homes binary shells'],
  ...['syscall [ptrace, mount]', 'capability sys_admin', 'socket [raw, packet]', 'create under "/tmp" group 0'],
  ...['exec under "/usr" caller shells owner other', 'syscall unlink path under "/home"', 'syscall setuid argument 0 = [0, 100-200]'],
  ...[
    'connect [10.0.0.0/8, 2001:db8::/32] remote-port 80',
    'connect address not 10.1.0.0/16 lineage entered',
    'create kind folder owner self',
  ],
];
const processClasses = ['exec', 'exec', 'read', 'write', 'syscall', 'connect'];
const programs = [
  ...['"/usr/bin/node"', '"/usr/bin/env"', 'under "/tmp"', 'under "/usr"', 'glob "/usr/bin/*"', 'glob "/opt/**/run?"'],
  ...['["/bin/sh", "/bin/bash"]', 'under "/"', 'glob "/usr/bin/n*e"'],
];

const listed = (items: readonly string[]): string => (items.length === 1 ? (items[0] ?? '') : `[${items.join(', ')}]`);
const atLeastOne = (random: Random, items: readonly string[], probability: number): readonly string[] => {
  const some = random.some(items, probability);
  return some.length > 0 ? some : [random.pick(items)];
};

/** `about`: of native ones; packets: packets alone, of the host too; requests: mostly those, and long lists of them. */
export type PolicyOptions = { readonly native?: boolean; readonly about?: About };
type About = 'packets' | 'requests' | 'all';
/** What text is made for: a `native` kind only, or everything. */
type Maker = { readonly random: Random; readonly native: boolean; readonly about: About };

type Section = 'ingress' | 'egress';

function peers({ random, native }: Maker, section: Section): string {
  if (random.chance(0.15)) return 'all';
  const more = native ? [] : [random.pick(everyEntity), `${random.pick(networkNames)} including workloads`];
  const names = native || section === 'ingress' ? [] : [random.pick(domainNames)];
  const entity = random.chance(0.3) ? random.pick(differences) : random.pick(entities);
  const kinds = [random.pick(workloadNames), random.pick(networkNames), entity, random.pick(workloadNames)];
  return listed([...new Set([...atLeastOne(random, kinds, 0.4), ...random.some([...more, ...names], 0.15)])]);
}

function transport({ random }: Maker): string {
  if (random.chance(0.25)) return '';
  return ` at ${listed([...new Set(atLeastOne(random, [random.pick(transports), random.pick(transports), random.pick(portNames)], 0.45))])}`;
}

/** Of clusters, those about requests. */
const webShare: Readonly<Record<About, number>> = { packets: 0.12, requests: 0.9, all: 0.4 };
const http = (random: Random, about: About): string =>
  ` http { ${atLeastOne(random, requests, about === 'requests' ? 0.25 : 0.15).join('; ')} }`;

const actions = (random: Random): readonly string[] =>
  random.pick([
    ['allow', 'deny'],
    ['deny', 'allow'],
    ['allow', 'allow'],
    ['allow', 'deny', 'allow'],
  ]);

/** Now and then another action of the same direction; `drop` only in network sections, `kill` only in process ones. */
function actionOf({ random, native }: Maker, action: string, section: Section | 'process'): string {
  if (random.chance(0.85)) return action;
  return random.pick(['pass', section === 'process' ? 'kill' : 'drop', ...(native ? [] : ['audit'])]);
}

const priority = (random: Random): string => (random.chance(0.2) ? ` priority ${random.int(5) - 2}` : '');

/** What stands behind a rule. */
function attributes({ random, native }: Maker, action: string): string {
  const mode = native || action === 'audit' || random.chance(0.85) ? '' : ` mode ${random.pick(['audit', 'enforce'])}`;
  const log = random.chance(0.05) ? ` log "seen"${native ? '' : ' rate 10/s'}` : '';
  return `${priority(random)}${mode}${log}${random.chance(0.05) ? ' @ticket("T-1")' : ''}`;
}

/** Rules about overlapping peers and ports, all with blocks or none; each block with ports that carry it. */
function networkCluster(maker: Maker, section: Section): readonly string[] {
  const { random, native, about } = maker;
  const block = native ? undefined : random.chance(0.25) ? random.pick(blocks) : undefined;
  // Of a packet, requests decide no more than whether they have to be read.
  const web = block === undefined && random.chance(webShare[about]);
  const where = (): string =>
    block ? ` at ${random.pick(block.transports)}` : web ? ` at ${random.pick(tcpTransports)}` : transport(maker);
  const what = (): string =>
    block ? ` ${block.name} { ${atLeastOne(random, block.lines, 0.25).join('; ')} }` : web ? http(random, about) : '';
  const [peer, at] = [peers(maker, section), where()];
  return actions(random).map((plain, i) => {
    const action = actionOf(maker, plain, section);
    const who = i === 0 || random.chance(0.5) ? peer : random.chance(0.5) ? 'all' : peers(maker, section);
    const content = action !== 'pass' && random.chance(0.8) ? what() : '';
    return `${action} ${section === 'ingress' ? 'from' : 'to'} ${who}${i === 0 || random.chance(0.5) ? at : where()}${content}${attributes(maker, action)}`;
  });
}

function networkSection(maker: Maker, section: Section): readonly string[] {
  const { random } = maker;
  if (random.chance(0.3)) return [];
  const rules = Array.from({ length: random.int(4) }, () => networkCluster(maker, section)).flat();
  const opening = random.chance(0.45) ? ['default allow'] : [];
  return [`  ${section} {`, ...[...opening, ...rules].map((line) => `    ${line}`), '  }'];
}

function processRule(maker: Maker, plain: string): string {
  const { random, native } = maker;
  const action = actionOf(maker, plain, 'process');
  const line = native || random.chance(0.5) ? `exec ${random.pick(programs)}` : random.pick(processLines);
  return `${action} ${line}${attributes(maker, action)}`;
}

function processSection(maker: Maker): readonly string[] {
  const { random, native, about } = maker;
  if (about === 'packets' || random.chance(0.3)) return [];
  const rules = Array.from({ length: 1 + random.int(3) }, () => actions(random).map((action) => processRule(maker, action))).flat();
  const opening = random.chance(0.5) ? [`default deny ${native ? 'exec' : random.pick(processClasses)}`] : [];
  return ['  process {', ...[...opening, ...rules].map((line) => `    ${line}`), '  }'];
}

/** Policies of other tiers than `normal` bring no default: they say none. */
const withoutDefaults = (lines: readonly string[]): readonly string[] => lines.filter((line) => !/^ {4}default /.test(line));

function subject({ random, native, about }: Maker): string {
  if (about === 'packets' && random.chance(0.25)) return 'host';
  if (!native && random.chance(0.15)) return random.pick(['host', `[${random.pick(workloadNames)}, host]`]);
  return random.chance(0.3) ? 'all' : random.pick(workloadNames);
}

function policy(maker: Maker, name: string): string {
  const { random, native } = maker;
  const tier = random.chance(0.65) ? '' : random.pick(['admin', 'normal', 'baseline', 'fallback']);
  const sections = [...networkSection(maker, 'ingress'), ...networkSection(maker, 'egress'), ...processSection(maker)];
  const isNormal = tier === '' || tier === 'normal';
  const use = native || !isNormal || random.chance(0.9) ? [] : [`  use watched(${random.pick(workloadNames)}, ${random.pick(portNames)})`];
  const mode = native || random.chance(0.9) ? '' : ' mode audit';
  const head = `policy ${name} for ${subject(maker)}${tier === '' ? '' : ` tier ${tier}`}${priority(random)}${mode} {`;
  const body = [...(isNormal ? sections : withoutDefaults(sections)), ...use];
  return [head, ...(body.length > 0 ? body : ['  ingress { }']), '}'].join('\n');
}

/** Another policy about nearly the same, which may come to stand in another tier (varied.ts). */
const again = (random: Random, policy: string): string => editedPolicy(random, policy.replace(/^policy \S+/, 'policy d-policy'));

/** One unit of one to four policies. */
export function randomPolicy(random: Random, { native = false, about = 'all' }: PolicyOptions = {}): string {
  const names = ['a-policy', 'b-policy', 'c-policy'].slice(random.int(3));
  const own = names.map((name) => policy({ random, native, about }, name));
  const policies = random.chance(0.3) ? [...own, again(random, own[0] ?? '')] : own;
  return `${[...workloads, ...networks, ...ports, ...(native ? [] : sets), ...policies].join('\n')}\n`;
}

const isRule = (line: string): boolean => /^ {4}(allow|deny|drop|kill|audit|pass|default) /.test(line);

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
