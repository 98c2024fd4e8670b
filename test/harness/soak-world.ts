// What a soak needs: three clients and a server in cgroups and a network namespace of their own, policies that come and go, and what
// of the kernel's memory the tables take.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { limits } from '../../src/compiler/ir/abi.ts';
import type { Endpoint } from '../../src/compiler/ir/event.ts';
import { mapById, mapLookup, mapUpdate } from '../../src/runtime/ffi/libbpf.ts';
import type { Cgroup } from '../../src/runtime/kernel/cgroups.ts';
import { using } from '../../src/runtime/kernel/descriptor.ts';
import { u32 } from '../../src/runtime/kernel/entries.ts';
import { currentRevision } from '../../src/runtime/kernel/revision.ts';
import { type MapSource, tableNames } from '../../src/runtime/kernel/tables.ts';
import { inCgroup } from './kernel.ts';
import { owned } from './policyd.ts';
import type { Random } from './random.ts';
import { firstSource, sourcesOfClient } from './soak-judge.ts';

export const soakPorts = [7001, 7002, 7003, 7004, 7005, 7006] as const;
export const clientNames = ['one', 'two', 'three'] as const;
export const workloadOf = (name: string): Endpoint => ({ kind: 'workload', id: name, labels: { app: name } });

/** Rules of one direction, of any action. */
function rulesOf(random: Random, section: 'ingress' | 'egress'): readonly string[] {
  return Array.from({ length: 3 + random.int(5) }, () => {
    const peer = section === 'ingress' ? `from ${random.pick([...clientNames, 'all'])}` : 'to server';
    const ports = random.some(soakPorts, 0.4);
    const transport = random.pick(['tcp', 'udp', 'any']);
    const at = ports.length === 0 ? '' : ` at ${transport} ${ports.length === 1 ? ports[0] : `[${ports.join(', ')}]`}`;
    return `    ${random.pick(['allow', 'allow', 'deny'])} ${peer}${at}${random.chance(0.3) ? ` priority ${random.int(3)}` : ''}`;
  });
}

const section = (random: Random, name: 'ingress' | 'egress'): string =>
  [`  ${name} {`, ...(random.chance(0.5) ? ['    default allow'] : []), ...rulesOf(random, name), '  }'].join('\n');

/** A policy whose rules and names no other one has. */
export function soakPolicy(random: Random, number: number): string {
  const names = ['server', ...clientNames];
  return `${[
    ...names.map((name) => `workload ${name} = { app: "${name}" }`),
    `policy server-${number} for server {\n${section(random, 'ingress')}\n}`,
    ...clientNames.map((name) => `policy ${name}-${number} for ${name} {\n${section(random, 'egress')}\n}`),
  ].join('\n')}\n`;
}

/** A process of soak-agent.ts. `end`: what it printed last. */
export type SoakAgent = { readonly pid: number; readonly end: () => Promise<string> };

async function started(cgroup: Cgroup, prefix: readonly string[], parameters: readonly string[]): Promise<SoakAgent> {
  const script = join(import.meta.dirname, 'soak-agent.ts');
  const [program = '', ...rest] = [...prefix, process.execPath, '--import', 'tsx', script, ...parameters];
  const child: ChildProcess = owned(inCgroup(cgroup, () => spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] })));
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error('the agent has no pipes');
  let said = '';
  const lines = createInterface({ input: stdout }).on('line', (line) => (said = line));
  await once(lines, 'line');
  const ended = once(child, 'exit');
  return {
    pid: child.pid ?? 0,
    end: async () => {
      stdin.end();
      await ended;
      return said;
    },
  };
}

/** The server makes the namespace. */
export const startServer = (cgroup: Cgroup): Promise<SoakAgent> =>
  started(cgroup, ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"'], ['server', ...soakPorts.map(String)]);
export const startClient = (cgroup: Cgroup, place: number, server: SoakAgent): Promise<SoakAgent> =>
  started(
    cgroup,
    ['nsenter', '--target', String(server.pid), '--net'],
    ['client', String(firstSource + place * sourcesOfClient), ...soakPorts.map(String)],
  );

const memlockOf = (fd: number): number => Number(/^memlock:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? 0);

/** The inner maps of a table, of both slots. */
function innerBytes(outer: number, count: number): number {
  const id = new Uint32Array(1);
  let sum = 0;
  for (let index = 0; index < count; index++) {
    if (mapLookup(outer, u32(index), new Uint8Array(id.buffer))) sum += using(mapById(id[0] ?? 0), memlockOf);
  }
  return sum;
}

/** Bytes that the kernel has for the maps of these names, and for the tables in them. */
export function kernelBytes(maps: MapSource, names: readonly string[]): number {
  const pinned = names.reduce((sum, name) => sum + memlockOf(maps.get(name) ?? -1), 0);
  return tableNames.reduce((sum, name) => {
    const outer = maps.get(name);
    return outer === undefined ? sum : sum + innerBytes(outer, limits.slots * (name === 't_memory' ? limits.memoryPages : 1));
  }, pinned);
}

/** Puts the tables that nobody reads into the place of those in force: the old verdicts under the new revision. */
export function mixTables(maps: MapSource): void {
  const outer = maps.get('t_memory');
  if (outer === undefined) throw new Error('there is no decision memory');
  const page = (slot: number): number => {
    const id = new Uint32Array(1);
    mapLookup(outer, u32(slot * limits.memoryPages), new Uint8Array(id.buffer));
    return mapById(id[0] ?? 0);
  };
  const slot = currentRevision(maps) % limits.slots;
  const bytes = new Uint8Array(limits.memoryPage);
  using(page(1 - slot), (old) => mapLookup(old, u32(0), bytes));
  using(page(slot), (read) => mapUpdate(read, u32(0), bytes));
}

/** Resident bytes of a process; 0 where it is gone. */
export function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
