// Requests and connections between two network namespaces over veth: without a policy, with ours, with nftables and iptables.
// Every server has a namespace of its own, so that all are there at once and each round asks all of them in turn.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { attachCgroup, attachMachine } from '../../src/runtime/kernel/attach.ts';
import type { Loaded } from '../../src/runtime/kernel/load.ts';
import { generations } from '../../src/runtime/kernel/tables.ts';
import { expectOk, loadTemplates, privateCgroup, privatePins } from '../../test/harness/kernel.ts';
import { type Figures, figure, median } from '../measure.ts';
import { type Firewall, iptablesRules, iptablesSets, nftRules, nftSets } from './others.ts';
import {
  generationOf,
  hotEndpoint,
  ipv4Text,
  type RuleEntry,
  type RuleSet,
  ruleSet,
  sizeName,
  workloadAddress,
  workloads,
} from './rules.ts';
import { ip, mark, serving, space, sweep } from './spaces.ts';

const client = `${mark}c`;
const programs = ['net/cgroup_skb', 'net/connect', 'l7/stream'];

/** The workload whose rule stands in the middle: neither the best nor the worst case of a list. */
function caller({ entries }: RuleSet): RuleEntry {
  const allowed = entries.filter(({ peer, allow }) => allow && peer < workloads);
  return allowed[allowed.length >> 1] ?? { peer: 0, port: 1000, allow: true };
}

type Server = { readonly name: string; readonly from: string; readonly to: string; readonly port: number; readonly loaded?: Loaded };
type Policy = { readonly name: string; readonly rules: RuleSet; readonly kind: 'none' | 'ours' | Firewall };

/** A link of the client's to the server's namespace. */
function linked(number: number, source: string): { readonly space: string; readonly address: string } {
  const name = space(`${mark}s${number}`);
  const [near, far] = [`10.200.${number}.1`, `10.200.${number}.2`];
  ip('-n', client, 'link', 'add', `v${number}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  ip('-n', client, 'address', 'add', `${near}/30`, 'dev', `v${number}`);
  ip('-n', client, 'address', 'replace', `${source}/32`, 'dev', 'lo');
  ip('-n', client, 'link', 'set', `v${number}`, 'up');
  ip('-n', name, 'address', 'add', `${far}/30`, 'dev', 'eth0');
  ip('-n', name, 'link', 'set', 'eth0', 'up');
  ip('-n', name, 'route', 'add', `${source}/32`, 'via', near);
  return { space: name, address: far };
}

/** The project's own programs on the cgroup that the server is started in, rules and all. */
function governed(rules: RuleSet): { readonly cgroup: string; readonly loaded: Loaded } {
  const cgroup = privateCgroup('bench');
  const loaded = loadTemplates(programs, privatePins());
  expectOk(attachMachine(loaded));
  const { content } = generationOf(rules);
  expectOk(generations(loaded.maps).install({ ...content, cgroups: [{ cgroup: cgroup.id, endpoint: hotEndpoint }] }));
  expectOk(attachCgroup(loaded, cgroup.path));
  return { cgroup: cgroup.path, loaded };
}

async function serverOf(program: string, { name, rules, kind }: Policy, number: number): Promise<Server> {
  const { peer, port } = caller(rules);
  const from = ipv4Text(workloadAddress(peer));
  const { space: where, address } = linked(number, from);
  const ours = kind === 'ours' ? governed(rules) : undefined;
  if (typeof kind === 'function') kind(where, rules);
  await serving([program, 'server', String(port)], { space: where, ...(ours && { cgroup: ours.cgroup }) });
  return { name, from, to: address, port, ...(ours && { loaded: ours.loaded }) };
}

type Kind = 'rr' | 'crr' | 'stream';
/** Operations, or bytes, a second. */
function rate(program: string, kind: Kind, { from, to, port }: Server, seconds: number): number {
  const words = ['netns', 'exec', client, program, kind, from, to, String(port), String(seconds)];
  return Number(execFileSync('ip', words, { encoding: 'utf8' }));
}

/** Nanoseconds that all programs of `loaded` have run, as the kernel counts while it is told to. */
function programTime({ programs: all }: Loaded): number {
  let time = 0;
  for (const fd of all.values()) time += Number(/^run_time_ns:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? 0);
  return time;
}

const statistics = '/proc/sys/kernel/bpf_stats_enabled';
function counting<T>(action: () => T): T {
  const before = readFileSync(statistics, 'utf8');
  execFileSync('/bin/sh', ['-c', `echo 1 > ${statistics}`]);
  try {
    return action();
  } finally {
    execFileSync('/bin/sh', ['-c', `echo ${before.trim()} > ${statistics}`]);
  }
}

/** Programs' own time for an operation, and what that is of the bare time for one: free of the noise of other processes. */
function shares(program: string, kind: Kind, servers: readonly Server[], bare: number): Figures {
  const figures = servers.map((server): Figures => {
    const { loaded } = server;
    if (!loaded) return {};
    const before = programTime(loaded);
    const seconds = 1;
    const operations = rate(program, kind, server, seconds) * seconds;
    const nanoseconds = (programTime(loaded) - before) / operations;
    return { [`${kind}_program_ns_${server.name}`]: nanoseconds, [`${kind}_program_share_${server.name}`]: (nanoseconds * bare) / 1e9 };
  });
  return Object.assign({}, ...figures);
}

function keyOf(kind: Kind, name: string): string {
  const [, firewall, size] = /^(.*)_(\w+)$/.exec(name) ?? [];
  return firewall === undefined ? `${kind}_ratio_${name}` : `${firewall}_${kind}_ratio_${size}`;
}

/** All servers in turn, each round anew. */
function compared(program: string, kind: Kind, servers: readonly Server[], rounds: number): Figures {
  const [bare, ...others] = servers;
  if (!bare) return {};
  const samples = Array.from({ length: rounds }, () => servers.map((server) => rate(program, kind, server, 0.25)));
  const base = samples.map(([first = Number.NaN]) => first);
  const ratios = others.map(({ name }, i) =>
    figure(
      keyOf(kind, name),
      samples.map((round) => (round[i + 1] ?? Number.NaN) / (round[0] ?? Number.NaN)),
    ),
  );
  const own = counting(() => shares(program, kind, servers, median(base)));
  return Object.assign({ [`${kind}_bare_per_s`]: median(base) }, ...ratios, own);
}

/** `program`: of traffic.c. */
export async function trafficFigures(program: string, rounds: number): Promise<Figures> {
  sweep();
  space(client);
  const [ten, thousand, most] = [10, 1000, 100_000].map(ruleSet);
  if (!ten || !thousand || !most) throw new Error('no rules');
  const policies: readonly Policy[] = [
    { name: 'none', rules: ten, kind: 'none' },
    ...[ten, most].map((rules): Policy => ({ name: sizeName(rules.entries.length), rules, kind: 'ours' })),
    ...[ten, thousand].map((rules): Policy => ({ name: `nft_rules_${sizeName(rules.entries.length)}`, rules, kind: nftRules })),
    ...[ten, most].map((rules): Policy => ({ name: `nft_sets_${sizeName(rules.entries.length)}`, rules, kind: nftSets })),
    ...[ten, thousand].map((rules): Policy => ({ name: `iptables_${sizeName(rules.entries.length)}`, rules, kind: iptablesRules })),
    ...[ten, most].map((rules): Policy => ({ name: `ipset_${sizeName(rules.entries.length)}`, rules, kind: iptablesSets })),
  ];
  const servers: Server[] = [];
  for (const [number, policy] of policies.entries()) servers.push(await serverOf(program, policy, number));
  const own = servers.filter(({ name, loaded }) => name === 'none' || loaded);
  return {
    ...compared(program, 'rr', servers, rounds),
    ...compared(program, 'crr', servers, rounds),
    ...compared(program, 'stream', own, rounds),
  };
}
