// The demo's own piece of the machine: network namespaces on one bridge, and cgroups. Everything is called
// `policyc-demo-PID...`, so that a later run can take away what a killed one left behind.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** One network namespace with its addresses (both families). */
export type Place = { readonly name: string; readonly addresses: readonly string[] };

const marker = 'policyc-demo-';
const namespaceFolder = '/run/netns';
const bpfRoot = '/sys/fs/bpf';

/** Runs a command to its end; its own words are the error. */
export function run(command: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', ...(input === undefined ? {} : { input }) });
  if (error !== undefined) throw new Error(`${command}: ${error.message}`);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${(stderr || stdout).trim()}`);
  return stdout;
}

/** Where the unified hierarchy is mounted: hybrid machines have it below the old ones. */
export function cgroupRoot(): string {
  const mount = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, , type]) => type === 'cgroup2');
  if (mount?.[1] === undefined) throw new Error('this machine has no cgroup v2 (nothing of type cgroup2 in /proc/mounts)');
  return mount[1];
}

export type Machine = {
  readonly id: string;
  /** Scratch folder, under /tmp because a rule of the shop is about it; policyd's pins (on bpffs). */
  readonly folder: string;
  readonly pins: string;
  readonly cgroupOf: (name: string) => string;
  readonly namespaceOf: (place: string) => string;
};

function describe(id: string): Machine {
  return {
    id,
    folder: join('/tmp', id),
    pins: join(bpfRoot, id),
    cgroupOf: (name) => join(cgroupRoot(), id, name),
    namespaceOf: (place) => `${id}-${place}`,
  };
}

/** Namespaces on one bridge; every address is reachable from everywhere without a router. */
function makeNamespaces(machine: Machine, places: readonly Place[]): void {
  const bridge = machine.namespaceOf('bridge');
  const all = [bridge, ...places.map(({ name }) => machine.namespaceOf(name))];
  run('ip', ['-batch', '-'], all.map((name) => `netns add ${name}\n`).join(''));
  const links = places.map(({ name }, index) => `link add port${index} type veth peer name eth0 netns ${machine.namespaceOf(name)}`);
  const ports = places.map((_, index) => `link set port${index} master switch up`);
  run('ip', ['-n', bridge, '-batch', '-'], ['link add switch type bridge', 'link set switch up', ...links, ...ports, ''].join('\n'));
  for (const { name, addresses } of places) {
    // No duplicate address detection: an address of ours is usable at once.
    const lines = addresses.map(
      (address) => `address add ${address}${address.includes(':') ? '/128' : '/32'} dev eth0${address.includes(':') ? ' nodad' : ''}`,
    );
    const up = ['link set lo up', 'link set eth0 up', ...lines, 'route add default dev eth0', 'route add ::/0 dev eth0', ''];
    run('ip', ['-n', machine.namespaceOf(name), '-batch', '-'], up.join('\n'));
  }
}

/** Makes everything; `cgroups` are the workloads' names. */
export function makeMachine(places: readonly Place[], cgroups: readonly string[]): Machine {
  const machine = describe(`${marker}${process.pid}`);
  mkdirSync(machine.folder, { recursive: true });
  for (const name of cgroups) mkdirSync(machine.cgroupOf(name), { recursive: true });
  makeNamespaces(machine, places);
  return machine;
}

const foldersIn = (path: string): readonly string[] =>
  existsSync(path)
    ? readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(path, name))
    : [];

/** Ends every process in the cgroup and below, and removes it. */
function removeCgroup(path: string): void {
  for (const child of foldersIn(path)) removeCgroup(child);
  if (!existsSync(path)) return;
  for (let turn = 0; turn < 100; turn++) {
    const processes = readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
    for (const pid of processes) spawnSync('kill', ['-KILL', pid]);
    try {
      rmdirSync(path);
      return;
    } catch {
      // Processes that were just ended leave their cgroup a moment later.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
  throw new Error(`cgroup ${path} could not be removed`);
}

/** Takes away everything that a run of this name made; what is gone already is as good. */
export function removeMachine(id: string): void {
  const machine = describe(id);
  // First the processes (policyd among them), then what they held.
  removeCgroup(join(cgroupRoot(), id));
  rmSync(machine.pins, { recursive: true, force: true });
  for (const name of existsSync(namespaceFolder) ? readdirSync(namespaceFolder) : []) {
    if (name.startsWith(`${id}-`)) run('ip', ['netns', 'delete', name]);
  }
  rmSync(machine.folder, { recursive: true, force: true });
}

/** Names of runs whose process is gone but whose traces are there. */
export function leftovers(): readonly string[] {
  const names = [namespaceFolder, cgroupRoot(), bpfRoot, '/tmp'].flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  const ids = names.flatMap((name) => name.match(/^policyc-demo-\d+/)?.[0] ?? []);
  return [...new Set(ids)].filter((id) => !existsSync(`/proc/${id.slice(marker.length)}`));
}
