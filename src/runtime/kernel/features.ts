// What this machine must have, each found by trying it, not by reading a version: name, since when, how. Answers are
// kept, because none of them changes while policyd runs. What a bundle asks for is mapped to these names in one table.
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { unreachable } from '../../compiler/base/assert.ts';
import type { FeatureName, RequiredFeature } from '../../compiler/ir/bundle.ts';
import { attachType, mapFlag, mapType, programType } from '../ffi/constants.ts';
import { CallError, isCode } from '../ffi/errno.ts';
import { libraryState, linkCreate, mapCreate, probeMapType, probeProgramType, schedulerLoad, tracepointLoad } from '../ffi/libbpf.ts';
import type { WrittenRules } from '../policy/parted-sources.ts';
import { cgroupMount } from './cgroups.ts';
import { closeFd } from './descriptor.ts';
import type { Unsupported } from './failure.ts';

/** `missing` gives the reason, or undefined where the machine has it. */
type Probe = { readonly since: string; readonly how: string; readonly help: string; readonly missing: () => string | undefined };

const needsKernel = 'a newer kernel, or one built with this feature, is needed';

/** CAP_SYS_ADMIN alone, or the three that replaced it for BPF (capabilities(7)). */
function missingCapabilities(): string | undefined {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  const effective = BigInt(`0x${line?.[1] ?? '0'}`);
  const has = (bit: bigint): boolean => ((effective >> bit) & 1n) === 1n;
  const [netAdmin, sysAdmin, perfmon, bpf] = [12n, 21n, 38n, 39n] as const;
  if (has(netAdmin) && (has(sysAdmin) || (has(perfmon) && has(bpf)))) return undefined;
  return 'this process may not load programs: it is not root and has not CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN';
}

function missingLibrary(): string | undefined {
  const state = libraryState();
  return state.found ? undefined : `libbpf.so.1 cannot be loaded: ${state.reason}`;
}

/** Inode of the first cgroup namespace (PROC_CGROUP_INIT_INO of linux/proc_ns.h): the same since there are such. */
const initialCgroups = 'cgroup:[4026531835]';

function missingInitialCgroups(): string | undefined {
  const own = readlinkSync('/proc/self/ns/cgroup');
  return own === initialCgroups ? undefined : 'policyd runs in a cgroup namespace of its own, and sees no root of all cgroups';
}

/** Inner arrays of different lengths, the youngest thing that the tables themselves need. */
function missingInnerMaps(): string | undefined {
  try {
    closeFd(mapCreate({ type: mapType.array, name: 'pol_probe', keySize: 4, valueSize: 4, maxEntries: 1, flags: mapFlag.innerMap }));
    return undefined;
  } catch (error) {
    if (isCode(error, 'EINVAL')) return 'inner maps of different lengths are refused';
    if (isCode(error, 'EPERM')) return 'the kernel refuses BPF to this process (lockdown, or a container?)';
    throw error;
  }
}

const program = (type: number, name: string, since: string): Probe => ({
  since,
  how: `loads a tiny ${name} program`,
  help: needsKernel,
  missing: () => (probeProgramType(type) ? undefined : `the kernel loads no ${name} programs`),
});
const map = (type: number, name: string, since: string): Probe => ({
  since,
  how: `makes a tiny ${name} map`,
  help: needsKernel,
  missing: () => (probeMapType(type) ? undefined : `the kernel makes no ${name} maps`),
});

/** libbpf's own probe for tracing programs tries fentry, which some machines refuse while they allow tracepoints. */
function missingTracepoint(): string | undefined {
  try {
    closeFd(tracepointLoad({ program: programType.tracing, attach: attachType.traceRawTp }, 'sched_process_exec'));
    return undefined;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    return `no program can be loaded on the tracepoint sched_process_exec: ${error.code}`;
  }
}

/** No interface has this number: a kernel that knows such links says so (ENODEV), another one that it does not know them. */
const noInterface = 0x7fffffff;

function missingTcx(): string | undefined {
  const program = schedulerLoad();
  try {
    closeFd(linkCreate({ program, target: noInterface, type: attachType.tcxIngress }));
    return undefined;
  } catch (error) {
    return isCode(error, 'ENODEV') ? undefined : 'programs are attached to interfaces by no links, but as filters of a clsact';
  } finally {
    closeFd(program);
  }
}

/** In the order in which they are asked: what comes first makes sense of what follows. */
const probes = {
  root: { since: 'root', how: 'reads CapEff', help: 'run policyd as root', missing: missingCapabilities },
  libbpf: {
    since: 'libbpf 1.0',
    how: 'loads libbpf.so.1',
    help: 'install it: apt-get install libbpf1',
    missing: missingLibrary,
  },
  'cgroup-v2': {
    since: 'Linux 4.5',
    how: 'looks for a cgroup2 mount in the mount table',
    help: 'mount it: mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified (or boot with systemd.unified_cgroup_hierarchy=1)',
    missing: () => (cgroupMount() === undefined ? 'no cgroup v2 hierarchy is mounted' : undefined),
  },
  'initial-cgroups': {
    since: 'outside of containers',
    how: 'looks whether the root of all cgroups is seen (/proc/self/ns/cgroup)',
    help: 'run policyd on the machine itself, or give its container the cgroup namespace of the host',
    missing: missingInitialCgroups,
  },
  btf: {
    since: 'Linux 5.4',
    how: 'looks for /sys/kernel/btf/vmlinux',
    help: 'a kernel built with CONFIG_DEBUG_INFO_BTF is needed',
    missing: () => (existsSync('/sys/kernel/btf/vmlinux') ? undefined : 'the kernel has no type information (/sys/kernel/btf/vmlinux)'),
  },
  'inner-maps': { since: 'Linux 5.10', how: 'makes an array with BPF_F_INNER_MAP', help: needsKernel, missing: missingInnerMaps },
  ringbuf: map(mapType.ringbuf, 'ring buffer', 'Linux 5.8'),
  'cgroup-skb': program(programType.cgroupSkb, 'cgroup_skb', 'Linux 4.10'),
  'cgroup-sock': program(programType.cgroupSock, 'cgroup/sock_create', 'Linux 4.10'),
  'cgroup-sock-addr': program(programType.cgroupSockAddr, 'cgroup/connect', 'Linux 4.17'),
  'sock-ops': program(programType.sockOps, 'sock_ops', 'Linux 4.13'),
  'sk-skb': program(programType.skSkb, 'sk_skb', 'Linux 4.14'),
  'sk-msg': program(programType.skMsg, 'sk_msg', 'Linux 4.17'),
  sockhash: map(mapType.sockhash, 'sockhash', 'Linux 4.18'),
  tc: program(programType.schedCls, 'tc', 'Linux 4.1'),
  xdp: program(programType.xdp, 'xdp', 'Linux 4.8'),
  tcx: { since: 'Linux 6.6', how: 'asks for a link to an interface that does not exist', help: needsKernel, missing: missingTcx },
  'tp-btf': { since: 'Linux 5.5', how: 'loads a tiny tp_btf/sched_process_exec program', help: needsKernel, missing: missingTracepoint },
} as const satisfies Readonly<Record<string, Probe>>;

export type ProbeName = keyof typeof probes;
export const probeNames = Object.keys(probes) as readonly ProbeName[]; // the keys of the object above

const answers = new Map<ProbeName, Unsupported | undefined>();

/** Undefined if this machine has the feature. Asked once, then remembered. */
export function probe(name: ProbeName): Unsupported | undefined {
  if (!answers.has(name)) {
    const { since, help, missing } = probes[name];
    const reason = missing();
    answers.set(name, reason === undefined ? undefined : { kind: 'unsupported', feature: name, since, reason, help, rules: [] });
  }
  return answers.get(name);
}

/** `how` a feature is found: for `status` and documents. */
export const probeMethod = (name: ProbeName): string => probes[name].how;

/** Every program needs these, whatever the policy says; the first two make asking further senseless. */
const machine: readonly ProbeName[] = ['cgroup-v2', 'btf', 'inner-maps', 'ringbuf'];

/** What this machine lacks for any bundle at all. */
export function missingOnMachine(): readonly Unsupported[] {
  for (const name of ['root', 'libbpf'] as const) {
    const missing = probe(name);
    if (missing) return [missing];
  }
  return machine.map(probe).filter((missing) => missing !== undefined);
}

/** Which probes stand for a requirement of a bundle. */
function probesOf(feature: Exclude<FeatureName, 'ingress-icmp'>): readonly ProbeName[] {
  switch (feature) {
    case 'cgroup-skb':
      return ['cgroup-skb', 'sock-ops', 'tc', 'xdp'];
    case 'cgroup-connect':
    case 'service-translation':
      return ['cgroup-sock-addr', 'cgroup-sock'];
    case 'http-ingress':
      return ['sock-ops', 'sk-skb', 'sockhash'];
    case 'http-egress':
    case 'dns-stream':
      return ['sock-ops', 'sk-msg', 'sockhash'];
    case 'tls-stream':
      return ['sock-ops', 'sk-skb', 'sk-msg', 'sockhash'];
    case 'exec-signal':
      return ['tp-btf'];
    case 'host':
      return ['initial-cgroups', 'cgroup-sock-addr', 'cgroup-sock'];
    default:
      return unreachable(feature);
  }
}

/** ICMP to a workload never meets a program on its cgroup: only one on an interface of its own can decide it. */
const ingressIcmp = (workloads: readonly string[]): Omit<Unsupported, 'rules'> => ({
  kind: 'unsupported',
  feature: 'ingress-icmp',
  since: 'an `interface` of the workload in the inventory',
  reason: `ICMP that comes to a workload does not pass its cgroup, and ${workloads.map((name) => `\`${name}\``).join(', ')} has no interface of its own`,
  help: 'give the workload its `interface`, limit the rule to tcp and udp ports, or remove it; icmp in egress rules works',
});

/** What the rules that decide ICMP to a workload lack: `without` gives the names of subjects of a rule that have no interface. */
export function missingInterfaces(
  requirements: readonly RequiredFeature[],
  sources: WrittenRules,
  without: (rule: number) => readonly string[],
): readonly Unsupported[] {
  return requirements.flatMap(({ feature, rules }) => {
    if (feature !== 'ingress-icmp') return [];
    const lacking = inRanges(rules)
      .map((rule) => ({ rule, names: without(rule) }))
      .filter(({ names }) => names.length > 0);
    if (lacking.length === 0) return [];
    const names = [...new Set(lacking.flatMap(({ names: of }) => of))].sort();
    return [{ ...ingressIcmp(names), rules: lacking.map(({ rule }) => placeOf(rule, sources)) }];
  });
}

/** What this machine lacks for these rules; each failure names the rules that need it. */
export function missingRequirements(requirements: readonly RequiredFeature[], sources: WrittenRules): readonly Unsupported[] {
  return requirements.flatMap(({ feature, rules }) => {
    // Whether the workloads that these rules are about have interfaces says the inventory.
    if (feature === 'ingress-icmp') return [];
    const missing = probesOf(feature)
      .map(probe)
      .filter((found) => found !== undefined);
    return missing.map((found) => ({ ...found, rules: inRanges(rules).map((rule) => placeOf(rule, sources)) }));
  });
}

/** First and last of each range -> all. */
const inRanges = (ends: readonly number[]): readonly number[] =>
  ends.flatMap((first, i) => (i % 2 === 0 ? Array.from({ length: (ends[i + 1] ?? first) - first + 1 }, (_, more) => first + more) : []));

function placeOf(rule: number, sources: WrittenRules): string {
  const found = sources.rule(rule)?.rule;
  return found === undefined ? `rule ${rule}` : `${found.file}:${found.line}`;
}

/** Is the JIT compiler on? Without it everything works, slower: `status` says so. */
export function jitEnabled(): boolean {
  try {
    return readFileSync('/proc/sys/net/core/bpf_jit_enable', 'utf8').trim() !== '0';
  } catch {
    return false;
  }
}
