// One workload of its own cgroup whose DNS queries are read, and who takes them outside of it: on this machine, by loopback.

import type { VerdictEvent } from '../../src/runtime/events/verdict-event.ts';
import { attachCgroup, attachMachine } from '../../src/runtime/kernel/attach.ts';
import type { Cgroup } from '../../src/runtime/kernel/cgroups.ts';
import type { Loaded } from '../../src/runtime/kernel/load.ts';
import { typedPolicy } from './compile.ts';
import { type Governed, govern } from './governed.ts';
import { expectOk, loadTemplates, privateCgroup, privatePins } from './kernel.ts';

/** Libc's sockets want groups written out. */
export const localhost = { ipv4: '127.0.0.1', ipv6: '0:0:0:0:0:0:0:1' } as const;
export const families = ['ipv4', 'ipv6'] as const;
export type Family = (typeof families)[number];

export type DnsWorld = Governed & { readonly cgroup: Cgroup; readonly loaded: Loaded };

/** Loads and attaches the programs; everything is denied until a policy is installed. */
export function dnsWorld(): DnsWorld {
  const cgroup = privateCgroup('dns');
  const loaded = loadTemplates(['net/cgroup_skb', 'net/connect', 'l7/stream', 'l7/dns'], privatePins());
  const governed = govern(loaded, cgroup);
  governed.install(typedPolicy('policy p for { app: "web" } { egress {} }'));
  expectOk(attachMachine(loaded));
  expectOk(attachCgroup(loaded, cgroup.path));
  return { ...governed, cgroup, loaded };
}

/** The last verdict on a query. */
export const queryOf = (events: readonly VerdictEvent[]): VerdictEvent | undefined => events.findLast(({ domain }) => domain === 'dns');
