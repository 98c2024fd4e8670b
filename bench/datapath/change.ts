// How long changes take: the tables of 100,000 rules put in the place of others, and one rule of 30,000 policies, from the
// moment that the new bundle stands in its folder until its revision is the one that packets read.
import { spawn } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from '../../src/compiler/7-build/index.ts';
import { layouts } from '../../src/compiler/ir/abi.ts';
import { mapLookup, objectGet } from '../../src/runtime/ffi/libbpf.ts';
import { pinsAt } from '../../src/runtime/kernel/bpffs.ts';
import { generations } from '../../src/runtime/kernel/tables.ts';
import { typedPolicy } from '../../test/harness/compile.ts';
import { atEnd, expectOk, loadTemplates, privateCgroup, privatePins } from '../../test/harness/kernel.ts';
import { emitted } from '../../test/harness/tables.ts';
import { type Figures, figure } from '../measure.ts';
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

/** One policy of one rule for each workload; the one of workload 3 has `port`. */
function policiesText(policies: number, port: number): string {
  const text = Array.from({ length: policies }, (_, i) => {
    const own = i === 3 ? port : 1024 + ((i * 7) % 20_000);
    return `workload w${i} = { app: "w${i}" }\npolicy p${i} for w${i} { ingress { allow from w${(i + 7) % policies} at tcp ${own} } }\n`;
  });
  return text.join('');
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

function buildInto(out: string, policies: number, port: number): void {
  const done = build(emitted(typedPolicy([{ path: 'many.policy', text: policiesText(policies, port) }])), {
    out,
    objectsDirectory: join(root, 'dist', 'objects'),
  });
  if (!done.ok) throw new Error(done.message);
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

/** `folder`: of the caller. */
export async function changeFigures(folder: string, policies: number, count: number): Promise<Figures> {
  const at = (name: string): string => join(folder, name);
  mkdirSync(folder, { recursive: true });
  buildInto(at('bundle'), policies, 30_001);
  buildInto(at('next'), policies, 30_002);
  writeFileSync(at('inventory.yaml'), inventoryText());
  const pins = privatePins();
  const end = await running(folder, pins);
  const config = objectGet(join(pinsAt(pins).maps, 'config'));
  const samples: number[] = [];
  for (let i = 0; i < count; i++) {
    await sleep(300);
    const before = revisionOf(config);
    renameSync(at('bundle'), at('old'));
    renameSync(at('next'), at('bundle'));
    const start = performance.now();
    while (revisionOf(config) === before && performance.now() - start < 30_000);
    samples.push(performance.now() - start);
    renameSync(at('old'), at('next'));
  }
  end();
  const sorted = [...samples].sort((a, b) => a - b);
  return {
    ...figure('change_one_rule_ms', samples),
    change_one_rule_p99_ms: sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN,
  };
}
