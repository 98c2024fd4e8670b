// How long changes take: the tables of 100,000 rules put in the place of others, and one rule of 30,000 policies, from the
// moment that the new bundle stands in its folder until its revision is the one that packets read.
import { spawn } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { layouts } from '../../src/compiler/ir/abi.ts';
import { mapLookup, objectGet } from '../../src/runtime/ffi/libbpf.ts';
import { pinsAt } from '../../src/runtime/kernel/bpffs.ts';
import { generations } from '../../src/runtime/kernel/tables.ts';
import { atEnd, expectOk, loadTemplates, privateCgroup, privatePins } from '../../test/harness/kernel.ts';
import { type Figures, figure } from '../measure.ts';
import { buildInto, manyPolicies, type Variant, variantNames } from './many-policies.ts';
import { generationOf, ruleSet } from './rules.ts';

const root = join(import.meta.dirname, '..', '..');

/** `swap_100k_entries_ms`: laying the tables out is part of it. */
export function swapFigures(rules: number, count: number): Figures {
  const set = ruleSet(rules);
  const both = [set, { ...set, entries: set.entries.map((entry) => ({ ...entry, allow: !entry.allow })) }].map(generationOf);
  const loaded = loadTemplates(['net/cgroup_skb', 'net/connect'], privatePins());
  try {
    const tables = generations(loaded.maps);
    const install = (i: number): number => {
      const generation = both[i % 2];
      const start = performance.now();
      if (generation) expectOk(tables.install(generation.content));
      return performance.now() - start;
    };
    install(0);
    return figure(
      'swap_100k_entries_ms',
      Array.from({ length: count }, (_, i) => install(i + 1)),
    );
  } finally {
    loaded.close();
  }
}

const localWorkloads = 20;
const remoteWorkloads = 980;

function inventoryText(): string {
  const local = Array.from(
    { length: localWorkloads },
    (_, i) => `  - { name: w${i}, labels: { app: w${i} }, cgroup: ${privateCgroup(`w${i}`).path} }\n`,
  );
  const remote = Array.from({ length: remoteWorkloads }, (_, i) => {
    const number = localWorkloads + i;
    return `  - { name: w${number}, labels: { app: w${number} }, addresses: [10.9.${number >> 8}.${number & 255}] }\n`;
  });
  return `workloads:\n${local.join('')}${remote.join('')}`;
}

/** The revision that packets read. */
function revisionOf(config: number): number {
  const value = new Uint8Array(layouts.config.size);
  mapLookup(config, new Uint8Array(4), value);
  return new DataView(value.buffer).getUint32(0, true);
}

async function running(folder: string, pins: string): Promise<() => void> {
  const words = ['run', '--bundle', join(folder, 'bundle'), '--inventory', join(folder, 'inventory.yaml'), '--pins', pins];
  const child = spawn(
    process.execPath,
    [join(root, 'dist', 'policyd.js'), ...words, '--state', join(folder, 'state'), '--metrics', '127.0.0.1:0'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  atEnd(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (text) => {
    said += String(text);
  });
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`policyd ended: ${said}`);
    if (/enforc|in force|serves|metrics/i.test(said)) return () => void child.kill('SIGKILL');
    await sleep(100);
  }
  throw new Error(`policyd did not start: ${said}`);
}

const pause = new Int32Array(new SharedArrayBuffer(4));
/** Milliseconds between two looks: who looks all the time takes a processor from who is looked at. */
const between = 0.1;

/** Milliseconds until another revision is read than before `change`. */
function enforced(config: number, change: () => void): number {
  const before = revisionOf(config);
  const start = performance.now();
  change();
  while (revisionOf(config) === before && performance.now() - start < 30_000) Atomics.wait(pause, 0, 0, between);
  return performance.now() - start;
}

const quantile = (samples: readonly number[], part: number): number =>
  [...samples].sort((a, b) => a - b)[Math.ceil(samples.length * part) - 1] ?? Number.NaN;

/** `folder`: of the caller. Every second change leads back. */
export async function changeFigures(folder: string, policies: number, count: number): Promise<Figures> {
  const at = (name: string): string => join(folder, name);
  mkdirSync(folder, { recursive: true });
  for (const variant of variantNames) buildInto(at(variant), manyPolicies(policies, variant));
  renameSync(at('base'), at('bundle'));
  writeFileSync(at('inventory.yaml'), inventoryText());
  const pins = privatePins();
  const end = await running(folder, pins);
  // What follows a start in the quiet is over.
  await sleep(5000);
  const config = objectGet(join(pinsAt(pins).maps, 'config'));
  const samples: { readonly [name in Exclude<Variant, 'base'>]: number[] } = { port: [], added: [], removed: [] };
  const others = ['port', 'added', 'removed'] as const;
  const swap = (from: string, to: string): void => {
    renameSync(at('bundle'), at(from));
    renameSync(at(to), at('bundle'));
  };
  for (let i = 0; i < count; i++) {
    await sleep(300);
    const other = others[Math.floor(i / 2) % others.length] ?? 'port';
    samples[other].push(enforced(config, () => (i % 2 === 0 ? swap('base', other) : swap(other, 'base'))));
  }
  end();
  const all = Object.values(samples).flat();
  return {
    ...figure('change_one_rule_ms', all),
    change_one_rule_p99_ms: quantile(all, 0.99),
    ...Object.fromEntries(Object.entries(samples).map(([name, own]) => [`change_rule_${name}_p50_ms`, quantile(own, 0.5)])),
  };
}
