// What a connection through a service costs who calls: decided in the cgroup hooks, beside the same connection to the backend itself
// and beside nftables, which translates each packet. Every caller has namespaces of its own, and each round asks all in turn.
import { execFileSync } from 'node:child_process';
import { parseAddress } from '../../src/compiler/space/address.ts';
import { attachCgroup, attachMachine } from '../../src/runtime/kernel/attach.ts';
import { generations } from '../../src/runtime/kernel/tables.ts';
import { materialize } from '../../src/runtime/policy/materialize.ts';
import { policySetOf } from '../../src/runtime/policy/policy-index.ts';
import { serviceTables } from '../../src/runtime/policy/services.ts';
import { typedPolicy } from '../../test/harness/compile.ts';
import { expectOk, loadTemplates, privateCgroup, privatePins } from '../../test/harness/kernel.ts';
import { emitted, imageOf, imagesOf, plainCauses } from '../../test/harness/tables.ts';
import { type Figures, figure } from '../measure.ts';
import { hotEndpoint, sizeName } from './rules.ts';
import { ip, mark, ran, serving, space, sweep, type Where } from './spaces.ts';

const backendPort = 8080;
const servicePort = 80;
const most = 1000;
/** Address of a service; the one that is called is the last. */
const virtual = (number: number): string => `10.96.${number >> 8}.${number & 255}`;
const called = (services: number): string => virtual(services);

type Pair = { readonly client: string; readonly from: string; readonly to: string };

/** A client and a server with a link between them; what is no address of the link goes to the server. */
async function pair(program: string, number: number): Promise<Pair> {
  const [client, server] = [space(`${mark}v${number}c`), space(`${mark}v${number}s`)];
  const [from, to] = [`10.201.${number}.1`, `10.201.${number}.2`];
  ip('-n', client, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', server);
  for (const [name, own] of [
    [client, from],
    [server, to],
  ] as const) {
    ip('-n', name, 'address', 'add', `${own}/30`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
  }
  ip('-n', client, 'route', 'add', 'default', 'via', to);
  await serving([program, 'server', String(backendPort)], { space: server });
  return { client, from, to };
}

/** Path of a cgroup whose processes may reach the server, by itself and by so many services. */
function governed({ to }: Pair, services: number): string {
  const declared = Array.from(
    { length: services },
    (_, i) => `service s${i + 1} for { app: "web" } at ${virtual(i + 1)} { tcp ${servicePort} to ${backendPort} }\n`,
  );
  const text = `${declared.join('')}policy p for { app: "client" } { egress { allow to { app: "web" } at tcp ${backendPort} } }\n`;
  const policy = emitted(typedPolicy(text));
  const [address, web] = [parseAddress(to) ?? 0n, hotEndpoint + 1];
  const tables = materialize({
    policies: policySetOf(policy.program),
    ports: imageOf(policy, 'ports'),
    endpoints: [
      { id: hotEndpoint, kind: 'workload', labels: { app: 'client' }, namedPorts: [], local: true },
      { id: web, kind: 'workload', labels: { app: 'web' }, namedPorts: [], local: false },
    ],
    causes: plainCauses(),
  });
  const cgroup = privateCgroup('services');
  const loaded = loadTemplates(['net/cgroup_skb', 'net/connect', 'net/service'], privatePins());
  const backend = { name: 'web', labels: { app: 'web' }, addresses: [address], namedPorts: [], ready: true };
  const content = {
    images: imagesOf(policy),
    tables,
    addresses: [{ address, endpoint: web }],
    cgroups: [{ cgroup: cgroup.id, endpoint: hotEndpoint }],
    services: serviceTables(policy.program, [backend]),
  };
  expectOk(attachMachine(loaded));
  expectOk(generations(loaded.maps).install(content));
  expectOk(attachCgroup(loaded, cgroup.path));
  return cgroup.path;
}

/** So many services as one map of addresses and ports, the form that serves nftables best. */
function translated({ client, to }: Pair, services: number): void {
  const elements = Array.from({ length: services }, (_, i) => `${virtual(i + 1)} . ${servicePort} : ${to} . ${backendPort}`);
  const input =
    `table ip bench {\nmap services { type ipv4_addr . inet_service : ipv4_addr . inet_service; elements = { ${elements.join(', ')} } }\n` +
    'chain output { type nat hook output priority -100; policy accept; dnat ip to ip daddr . tcp dport map @services\n}\n}\n';
  execFileSync('ip', ['netns', 'exec', client, 'nft', '-f', '-'], { input, stdio: ['pipe', 'ignore', 'pipe'] });
}

type Caller = { readonly name: string; readonly rate: (seconds: number) => number };

/** Connections a second: each with a byte, its answer, and the end. */
function caller(
  program: string,
  name: string,
  target: { readonly where: Where; readonly from: string; readonly to: readonly [string, number] },
): Caller {
  const [host, port] = target.to;
  return { name, rate: (seconds) => Number(ran([program, 'crr', target.from, host, String(port), String(seconds)], target.where)) };
}

async function callers(program: string): Promise<readonly Caller[]> {
  const [bare, ...pairs] = await Promise.all(Array.from({ length: 5 }, (_, number) => pair(program, number)));
  if (!bare) throw new Error('no namespaces');
  const sizes = [1, most];
  const byNumber = sizes.flatMap((services, i): readonly Caller[] => {
    const [ours, theirs] = [pairs[2 * i], pairs[2 * i + 1]];
    if (!ours || !theirs) return [];
    const where = { space: ours.client, cgroup: governed(ours, services) };
    translated(theirs, services);
    const size = sizeName(services);
    return [
      caller(program, `policy_connect_ratio_${size}`, { where, from: ours.from, to: [ours.to, backendPort] }),
      caller(program, `service_connect_ratio_${size}`, { where, from: ours.from, to: [called(services), servicePort] }),
      caller(program, `nft_dnat_connect_ratio_${size}`, {
        where: { space: theirs.client },
        from: theirs.from,
        to: [called(services), servicePort],
      }),
    ];
  });
  return [caller(program, 'direct', { where: { space: bare.client }, from: bare.from, to: [bare.to, backendPort] }), ...byNumber];
}

/** `program`: of traffic.c. Ratios to a connection to the backend, without a policy, in the same round. */
export async function serviceFigures(program: string, rounds: number): Promise<Figures> {
  sweep();
  const all = await callers(program);
  for (const { rate } of all) rate(0.1);
  const samples = Array.from({ length: rounds }, () => all.map(({ rate }) => rate(0.25)));
  const ratios = all.slice(1).map(({ name }, i) =>
    figure(
      name,
      samples.map((round) => (round[i + 1] ?? Number.NaN) / (round[0] ?? Number.NaN)),
    ),
  );
  const direct = figure(
    'direct_connects_per_s',
    samples.map(([first = Number.NaN]) => first),
  );
  return Object.assign({}, direct, ...ratios);
}
