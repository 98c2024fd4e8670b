// What a decision costs, by BPF_PROG_TEST_RUN: our programs and one of the shape of Cilium's over the same rules, each less the
// empty program of the same round.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { layouts } from '../../src/compiler/ir/abi.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import { mapUpdate, mapUpdateBatch } from '../../src/runtime/ffi/libbpf.ts';
import { type Loaded, loadObjects } from '../../src/runtime/kernel/load.ts';
import { generations } from '../../src/runtime/kernel/tables.ts';
import { MemoryReader } from '../../src/runtime/policy/memory/reader.ts';
import { expectOk, mapOf, privatePins, testRun } from '../../test/harness/kernel.ts';
import { type Figures, figure } from '../measure.ts';
import {
  allowedPort,
  type Generation,
  generationOf,
  networkAddress,
  type RuleSet,
  ruleSet,
  sizeName,
  workloadAddress,
  workloads,
} from './rules.ts';

const flows = 1 << 20;
const repeat = 50_000;
const root = join(import.meta.dirname, '..', '..');

/** Compiles bench/datapath/verdict.bpf.c into `folder`. */
export function benchObject(folder: string): string {
  const out = join(folder, 'verdict.o');
  const include = ['-I', join(root, 'bpf', 'templates', 'include'), '-I', '/usr/include/x86_64-linux-gnu'];
  execFileSync('clang', [
    '-O2',
    '-g',
    '-Wall',
    '-Werror',
    '-target',
    'bpf',
    '-mcpu=v3',
    ...include,
    '-c',
    join(import.meta.dirname, 'verdict.bpf.c'),
    '-o',
    out,
  ]);
  return out;
}

export const loadBench = (object: string): Loaded =>
  expectOk(loadObjects([{ template: 'bench/verdict', bytes: readFileSync(object) }], privatePins()));

/** A TCP SYN over IPv4, with its Ethernet header. */
export function synFrom(source: number, port: number): Uint8Array {
  const packet = new Uint8Array(54);
  const view = new DataView(packet.buffer);
  view.setUint16(12, 0x0800);
  packet.set([0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6], 14);
  view.setUint32(26, source >>> 0);
  view.setUint32(30, 0xc0a80001);
  view.setUint16(34, 40_000);
  view.setUint16(36, port);
  packet.set([0x50, 2], 46);
  return packet;
}

const sourceOf = (peer: number): number => (peer < workloads ? workloadAddress(peer) : networkAddress(peer - workloads) + 1) >>> 0;

/** The same for every size and program: a million flows from every peer to every port. */
function fillFlows(fd: number, { networks, ports }: RuleSet): void {
  const bytes = new Uint8Array(flows * 8);
  const view = new DataView(bytes.buffer);
  for (let i = 0, state = 12345; i < flows; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    view.setUint32(i * 8, sourceOf((state >>> 8) % (workloads + networks)));
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    view.setUint16(i * 8 + 4, ports[(state >>> 8) % ports.length] ?? 0, true);
  }
  mapUpdate(fd, new Uint8Array(4), bytes);
}

/** Addresses -> identity, (identity, port) -> verdict, as Cilium's maps would have them. */
function fillTries(loaded: Loaded, { entries, networks }: RuleSet): void {
  const addresses = Array.from({ length: workloads + networks }, (_, peer) => peer);
  const keys = new DataView(new ArrayBuffer(addresses.length * 12));
  addresses.forEach((peer, i) => {
    keys.setUint32(i * 12, peer < workloads ? 64 : 56, true);
    keys.setUint8(i * 12 + 4, 1);
    keys.setUint32(i * 12 + 8, peer < workloads ? workloadAddress(peer) >>> 0 : networkAddress(peer - workloads) >>> 0);
  });
  const identities = Uint32Array.from(addresses, (peer) => 256 + peer);
  mapUpdateBatch(mapOf(loaded, 'lpm_addresses'), new Uint8Array(keys.buffer), new Uint8Array(identities.buffer), addresses.length);
  const policyKeys = new DataView(new ArrayBuffer(entries.length * 12));
  const policies = new DataView(new ArrayBuffer(entries.length * 12));
  entries.forEach(({ peer, port, allow }, i) => {
    policyKeys.setUint32(i * 12, 64, true);
    policyKeys.setUint32(i * 12 + 4, 256 + peer, true);
    policyKeys.setUint8(i * 12 + 9, 6);
    policyKeys.setUint16(i * 12 + 10, port);
    policies.setUint8(i * 12 + 2, allow ? 0 : 1);
    policies.setUint32(i * 12 + 4, allow ? 1 : 255, true);
  });
  mapUpdateBatch(mapOf(loaded, 'lpm_policies'), new Uint8Array(policyKeys.buffer), new Uint8Array(policies.buffer), entries.length);
}

/** struct bench_state: what the hot verdict asks. */
function writeState(loaded: Loaded, peerClass: number, point: number): void {
  const state = new DataView(new ArrayBuffer(32));
  state.setUint32(24, peerClass, true);
  state.setUint32(28, point, true);
  mapUpdate(mapOf(loaded, 'bench_state'), new Uint8Array(4), new Uint8Array(state.buffer));
}

/** Program, what is taken off it, and the figure that it gives. */
const measured = [
  ['bench_program_hot', 'bench_empty', 'program_net_ns_hot'],
  ['bench_program_cold', 'bench_empty_cold', 'program_net_ns_cold'],
  ['bench_verdict_hot', 'bench_verdict_empty', 'verdict_net_ns_hot'],
  ['lpm_shape_hot', 'bench_empty', 'lpm_shape_net_ns_hot'],
  ['lpm_shape_cold', 'bench_empty_cold', 'lpm_shape_net_ns_cold'],
] as const;

/** Nanoseconds of each program in each round. */
function rounds(loaded: Loaded, packet: Uint8Array, count: number): ReadonlyMap<string, readonly number[]> {
  const names = [...new Set([...measured.map(([program]) => program), ...measured.map(([, empty]) => empty)])];
  const samples = new Map<string, number[]>(names.map((name) => [name, []]));
  for (const name of names) testRun(loaded, name, packet, { repeat });
  for (let round = 0; round < count; round++)
    for (const name of names) samples.get(name)?.push(testRun(loaded, name, packet, { repeat }).nanoseconds);
  return samples;
}

function checked(loaded: Loaded, packet: Uint8Array): void {
  for (const name of ['bench_program_hot', 'bench_verdict_hot', 'lpm_shape_hot'])
    if (testRun(loaded, name, packet).value !== 1) throw new Error(`${name} does not allow what the rules allow`);
}

/** The figures of one size. */
function figuresOf(generation: Generation, { object, count }: { readonly object: string; readonly count: number }): Figures {
  const loaded = loadBench(object);
  try {
    const { rules } = generation;
    expectOk(generations(loaded.maps).install(generation.content));
    fillFlows(mapOf(loaded, 'bench_flows'), rules);
    fillTries(loaded, rules);
    const port = allowedPort(rules);
    const reader = new MemoryReader(generation.memory.bytes);
    writeState(loaded, reader.endpoint(17)?.peerClass ?? 0, transportPoint('tcp', port));
    const packet = synFrom(sourceOf(0), port);
    checked(loaded, packet);
    const samples = rounds(loaded, packet, count);
    const net = ([program, empty, key]: (typeof measured)[number]): Figures => {
      const base = samples.get(empty) ?? [];
      return figure(`${key}_${sizeName(rules.entries.length)}`, samples.get(program)?.map((value, i) => value - (base[i] ?? 0)) ?? []);
    };
    return Object.assign({}, ...measured.map(net));
  } finally {
    loaded.close();
  }
}

export function verdictFigures(object: string, sizes: readonly number[], count: number): Figures {
  const figures = sizes.map((size) => {
    const generation = generationOf(ruleSet(size));
    const { classes, peers, memory } = generation;
    console.log(`${size} rules: ${peers} peer classes, ${classes.ports} port classes, ${memory.bytes.length} bytes`);
    return figuresOf(generation, { object, count });
  });
  return Object.assign({}, ...figures);
}

/** Blocks of both families -> what one walk down the tree costs, and one look-up in a trie of the kernel's. */
export function addressFigures(object: string, sizes: readonly number[], count: number): Figures {
  return Object.assign({}, ...sizes.map((size) => addressFigure(object, size, count)));
}

function randomBlocks(size: number): { readonly image: Uint8Array; readonly asked: Uint8Array } {
  const record = layouts.prefixKey.size + 4;
  const blocks = new Map<string, Uint8Array>();
  let state = 99;
  const next = (end: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
  const add = (length: number, address: readonly number[], number: number): void => {
    const bytes = new Uint8Array(record);
    new DataView(bytes.buffer).setUint32(0, length, true);
    bytes.set(address, 4);
    new DataView(bytes.buffer).setUint32(20, number, true);
    blocks.set(`${bytes.subarray(0, 20)}`, bytes);
  };
  const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];
  add(0, new Array<number>(16).fill(0), 1);
  add(96, [...mapped, 0, 0, 0, 0], 0);
  while (blocks.size < size)
    if (next(2) === 0) add(120, [...mapped, 1 + next(222), next(256), next(256), 0], 2 + next(1000));
    else add(48, [0x20, 1, next(64), next(256), next(256), next(256), ...new Array<number>(10).fill(0)], 2 + next(1000));
  const all = [...blocks.values()];
  const asked = new Uint8Array(16 * (flows / 16));
  for (let i = 0; i < flows / 16; i++) asked.set((all[next(all.length)] ?? new Uint8Array(24)).subarray(4, 20), i * 16);
  return { image: new Uint8Array(Buffer.concat(all)), asked };
}

function addressFigure(object: string, size: number, count: number): Figures {
  const { image, asked } = randomBlocks(size);
  const { content } = generationOf(ruleSet(16));
  const loaded = loadBench(object);
  try {
    expectOk(generations(loaded.maps).install({ ...content, images: { ...content.images, prefixes: image }, addresses: [] }));
    const record = layouts.prefixKey.size + 4;
    const total = image.length / record;
    const keys = new Uint8Array(total * layouts.prefixKey.size);
    const values = new Uint8Array(total * 4);
    for (let i = 0; i < total; i++) {
      keys.set(image.subarray(i * record, i * record + layouts.prefixKey.size), i * layouts.prefixKey.size);
      values.set(image.subarray((i + 1) * record - 4, (i + 1) * record), i * 4);
    }
    mapUpdateBatch(mapOf(loaded, 'lpm_prefixes'), keys, values, total);
    mapUpdate(mapOf(loaded, 'bench_addresses'), new Uint8Array(4), asked);
    writeState(loaded, 0, 0);
    const packet = synFrom(0, 0);
    const run = (name: string): number => testRun(loaded, name, packet, { repeat }).nanoseconds;
    const samples = Array.from({ length: count }, () => {
      const empty = run('address_empty');
      return { tree: run('address_tree') - empty, trie: run('address_trie') - empty };
    });
    const name = sizeName(size);
    return {
      ...figure(
        `address_tree_net_ns_${name}`,
        samples.map(({ tree }) => tree),
      ),
      ...figure(
        `address_lpm_net_ns_${name}`,
        samples.map(({ trie }) => trie),
      ),
    };
  } finally {
    loaded.close();
  }
}
