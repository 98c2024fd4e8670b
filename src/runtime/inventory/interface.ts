// Which network interface an inventory entry means: one of policyd's own network namespace, as /sys shows it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * An interface that exists: the kernel's number of it; `before`: bytes of its packets before their IP header. `isUplink`: traffic of
 * workloads on this machine's side of it is forwarded through it.
 */
export type NetworkInterface = { readonly name: string; readonly index: number; readonly before: number; readonly isUplink?: boolean };
export type InterfaceResult =
  | { readonly ok: true; readonly interface: NetworkInterface }
  | { readonly ok: false; readonly problem: string };

/** ARPHRD_ of linux/if_arp.h -> length of the link's header. Of others nothing is known. */
const headerBytes: ReadonlyMap<number, number> = new Map([
  [1, 14], // Ethernet
  [0xfffe, 0], // none: tun
  [768, 0], // IPv4 in IPv4
  [769, 0], // IPv6 in IPv6
]);

function numberIn(folder: string, name: string): number | undefined {
  try {
    return Number(readFileSync(join(folder, name), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Finds an interface by its name; never loopback, which is nobody's own. */
export function networkInterface(name: string): InterfaceResult {
  const folder = join('/sys/class/net', name);
  const [index, type] = [numberIn(folder, 'ifindex'), numberIn(folder, 'type')];
  if (index === undefined || type === undefined) return { ok: false, problem: `interface \`${name}\` does not exist` };
  if (type === 772) return { ok: false, problem: `interface \`${name}\` is loopback: it cannot be a workload's own` };
  const before = headerBytes.get(type);
  if (before === undefined) return { ok: false, problem: `interface \`${name}\` is of a kind (${type}) whose packets are not understood` };
  return { ok: true, interface: { name, index, before } };
}
