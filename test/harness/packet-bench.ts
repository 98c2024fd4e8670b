// The production packet programs on a bench: loaded once, tables filled by the test, packets put through by
// BPF_PROG_TEST_RUN from a cgroup of this process' own, every verdict read together with the counters it raised.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { eventProtocol, fixedCause, hubbleVerdict, matchType, section } from '../../src/compiler/ir/abi.ts';
import { mapDelete, mapLookup, mapNextKey, mapUpdate } from '../../src/runtime/ffi/libbpf.ts';
import type { Cgroup } from '../../src/runtime/kernel/cgroups.ts';
import { type Counter, readCounters } from '../../src/runtime/kernel/counters.ts';
import type { Loaded } from '../../src/runtime/kernel/load.ts';
import { type GenerationContent, generations } from '../../src/runtime/kernel/tables.ts';
import { atEnd, expectOk, inCgroup, loadTemplates, mapOf, privateCgroup, privatePins, testRun } from './kernel.ts';
import { ethernet, type NetworkPacket } from './packet.ts';

export type Side = 'ingress' | 'egress';
/** One counter that a packet raised, in words: `ingress tcp l3-l4 dropped 20`; the last is the cause (fixed ones by name). */
export type Raised = string;
export type Outcome = { readonly passed: boolean; readonly raised: readonly Raised[] };

export type PacketBench = {
  readonly cgroup: Cgroup;
  readonly loaded: Loaded;
  readonly install: (content: GenerationContent) => number;
  /** Puts one packet through. `near`: as over loopback; else as of an interface to elsewhere. */
  readonly run: (side: Side, packet: NetworkPacket, near?: boolean) => Outcome;
  /** Only what the program returns (0 denied, 1 passed, 2 dropped without a word): no counter is read. */
  readonly returned: (side: Side, packet: NetworkPacket) => number;
  /** Forgets every flow. */
  readonly forget: () => void;
  /** Makes every flow look as if it was seen so many seconds ago for the last time. */
  readonly age: (seconds: number) => void;
  /** What `action` raises, one line for each counter and time. */
  readonly raisedBy: (action: () => void) => readonly Raised[];
};

const nameOf = (names: Readonly<Record<string, number>>, number: number): string =>
  Object.keys(names).find((name) => names[name] === number) ?? String(number);

export const counterText = ({ direction, protocol, match, verdict, cause }: Omit<Counter, 'count'>): Raised =>
  [
    nameOf(section, direction),
    nameOf(eventProtocol, protocol),
    nameOf(matchType, match),
    nameOf(hubbleVerdict, verdict),
    cause < fixedCause.firstDynamic ? nameOf(fixedCause, cause) : String(cause),
  ].join(' ');

/** What was raised between two readings, one line for each counter and time. */
export function difference(before: readonly Counter[], after: readonly Counter[]): readonly Raised[] {
  const known = new Map(before.map((counter) => [counterText(counter), counter.count]));
  return after.flatMap((counter) => {
    const text = counterText(counter);
    return new Array<Raised>(Number(counter.count - (known.get(text) ?? 0n))).fill(text);
  });
}

/** Takes away what a killed run left behind. */
function sweepInterfaces(): void {
  for (const name of readdirSync('/sys/class/net')) {
    const pid = /^pol(\d+)a$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) execFileSync('ip', ['link', 'del', name]);
  }
}

let far: number | undefined;
/** A pair of interfaces of our own: packets "of" it come from elsewhere. Returns the number of one. */
export const farInterface = (): number => (far ??= makeInterface());

function makeInterface(): number {
  sweepInterfaces();
  const name = `pol${process.pid}`;
  execFileSync('ip', ['link', 'add', `${name}a`, 'type', 'veth', 'peer', 'name', `${name}b`]);
  atEnd(() => void execFileSync('ip', ['link', 'del', `${name}a`]));
  return Number(readFileSync(`/sys/class/net/${name}a/ifindex`, 'utf8'));
}

/** struct __sk_buff up to `ifindex`, its eleventh word. */
export function contextOf(interfaceNumber: number): Uint8Array {
  const words = new Uint32Array(11);
  words[10] = interfaceNumber;
  return new Uint8Array(words.buffer);
}

/** struct pol_flow_key and struct pol_flow of bpf/templates/include/flow.h; the value begins with the time it was seen. */
const flow = { keyBytes: 40, valueBytes: 32 } as const;

function flowKeys(fd: number): readonly Uint8Array[] {
  const keys: Uint8Array[] = [];
  const next = new Uint8Array(flow.keyBytes);
  while (mapNextKey(fd, keys.at(-1) ?? null, next)) keys.push(next.slice());
  return keys;
}

function ageFlows(fd: number, seconds: number): void {
  const value = new Uint8Array(flow.valueBytes);
  const seen = process.hrtime.bigint() - BigInt(seconds) * 1_000_000_000n;
  for (const key of flowKeys(fd)) {
    mapLookup(fd, key, value);
    new DataView(value.buffer).setBigUint64(0, seen, true);
    mapUpdate(fd, key, value);
  }
}

/** Loads the packet programs into a bench of this process' own. */
export function packetBench(label: string): PacketBench {
  const cgroup = privateCgroup(label);
  const loaded = loadTemplates(['net/cgroup_skb'], privatePins());
  const elsewhere = contextOf(farInterface());
  const counters = loaded.maps;
  const tables = generations(loaded.maps);
  const verdict = (side: Side, packet: NetworkPacket, near: boolean): number =>
    testRun(loaded, `pol_cgroup_${side}`, ethernet(packet), near ? {} : { context: elsewhere }).value;
  const raisedBy = (action: () => void): readonly Raised[] => {
    const before = readCounters(counters);
    action();
    return difference(before, readCounters(counters));
  };
  return {
    cgroup,
    loaded,
    install: (content) => expectOk(tables.install(content)),
    run: (side, packet, near = false) => {
      let passed = false;
      const raised = raisedBy(() => {
        passed = inCgroup(cgroup, () => verdict(side, packet, near)) === 1;
      });
      return { passed, raised };
    },
    returned: (side, packet) => verdict(side, packet, false),
    forget: () => {
      const flows = mapOf(loaded, 'flows');
      for (const key of flowKeys(flows)) mapDelete(flows, key);
    },
    age: (seconds) => ageFlows(mapOf(loaded, 'flows'), seconds),
    raisedBy,
  };
}
