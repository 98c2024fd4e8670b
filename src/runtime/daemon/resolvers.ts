// Names that are asked without a packet: nss-resolve speaks with systemd-resolved, and glibc with nscd, over a socket of the machine.
// What is asked there no program sees, so rules about names do not hold for it, and what an answer would open stays closed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { displayName } from '../inventory/inventory.ts';
import type { ResolvedWorkload } from '../inventory/resolve.ts';
import { processesIn } from '../kernel/cgroups.ts';

/** Who answers, and what says so. */
type Resolver = { readonly name: string; readonly sign: string };

const sockets = {
  resolved: ['/run/systemd/resolve/io.systemd.Resolve', '/run/dbus/system_bus_socket'],
  nscd: ['/run/nscd/socket', '/var/run/nscd/socket'],
} as const;

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The sources of host names in the order of nsswitch.conf(5); conditions (`[!UNAVAIL=return]`) are none. */
function hostSources(text: string): readonly string[] {
  const line = text.split('\n').find((each) => /^\s*hosts\s*:/.test(each)) ?? '';
  return line
    .replace(/#.*$/, '')
    .replace(/\[[^\]]*\]/g, ' ')
    .split(':')
    .slice(1)
    .join(':')
    .split(/\s+/)
    .filter(Boolean);
}

/** Who is asked for names without a packet by programs that see the file system below `root`. */
export function silentResolvers(root: string): readonly Resolver[] {
  const isThere = (paths: readonly string[]): string | undefined => paths.find((path) => existsSync(join(root, path)));
  const socket = isThere(sockets.resolved);
  const asksResolved = hostSources(textOf(join(root, '/etc/nsswitch.conf'))).includes('resolve');
  const nscd = isThere(sockets.nscd);
  return [
    ...(asksResolved && socket !== undefined ? [{ name: 'systemd-resolved', sign: '`resolve` in /etc/nsswitch.conf' }] : []),
    ...(nscd === undefined ? [] : [{ name: 'nscd', sign: nscd }]),
  ];
}

/** The file system that the processes of a workload see; the machine's where none runs. */
function rootOf({ cgroup }: ResolvedWorkload): string {
  try {
    const [pid] = cgroup ? processesIn(cgroup.path) : [];
    return pid === undefined ? '/' : `/proc/${pid}/root`;
  } catch {
    return '/';
  }
}

/** `root`: another one in tests. */
export function resolverWarnings(
  workloads: readonly ResolvedWorkload[],
  root: (workload: ResolvedWorkload) => string = rootOf,
): readonly string[] {
  const found = new Map<string, string[]>();
  for (const workload of workloads)
    for (const { name, sign } of silentResolvers(root(workload))) {
      const key = `${name} (${sign})`;
      found.set(key, [...(found.get(key) ?? []), `\`${displayName(workload)}\``]);
    }
  return [...found].map(
    ([resolver, names]) =>
      `${names.join(', ')} may ask ${resolver} for names, over a socket and not in packets: rules about names do not see it, and what an answer would open stays closed`,
  );
}
