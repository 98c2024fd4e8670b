// The large sets of documents that stand beside the project (`../shared/scale`), each in fresh processes: checked by `policyc`, and
// taken to map entries for all its identities; and where these can be loaded, the bytes that the kernel holds for them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { missingOnMachine } from '../src/runtime/kernel/features.ts';
import { type Figures, figure, inRounds, type Options, type Outcome, progress, type Rounds } from './measure.ts';
import { isThere, type Sample, sample } from './process.ts';

const folder = join(import.meta.dirname, '..', '..', 'shared', 'scale');
const sets = { yaml_10k: '10k.yaml', yaml_10k_hot: '10k-hot.yaml' } as const;

/** The program that makes entries, as one file in `into`: what a start costs is that of a built program. */
function builtEntries(into: string): string {
  const outfile = join(into, 'entries.mjs');
  buildSync({
    entryPoints: [join(import.meta.dirname, 'entries.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['koffi'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'silent',
  });
  return outfile;
}

const rounds: Rounds = { seconds: 25, atLeast: 3, atMost: 10 };
const once: Rounds = { seconds: 0, atLeast: 1, atMost: 1 };

type Entries = { readonly refused?: string };

const mapBytes = ['yaml_10k_map_bytes', 'yaml_10k_hot_map_bytes', 'kernel_bytes_per_workload'];

/** `into`: a folder of the caller. */
export async function documentFigures(program: string, into: string, { quick }: Options): Promise<Outcome> {
  const keys = ['yaml_10k_cnp_s', 'yaml_10k_hot_cnp_s', ...mapBytes];
  if (!existsSync(folder)) {
    const reason = `there is no ${join('..', 'shared', 'scale')} beside the project`;
    return { figures: {}, leftOut: Object.fromEntries(keys.map((key) => [key, reason])) };
  }
  const entries = builtEntries(into);
  const outcomes = Object.entries(sets).map(([name, file]) => {
    progress(`documents of ${file}`);
    return setFigures(name, join(folder, file), { program, entries, rounds: quick ? once : rounds });
  });
  outcomes.push(await loadedBytes());
  return {
    figures: Object.assign({}, ...outcomes.map(({ figures }) => figures)),
    leftOut: Object.assign({}, ...outcomes.map(({ leftOut }) => leftOut)),
  };
}

/** Only where a kernel can load them is what loads them read. */
async function loadedBytes(): Promise<Outcome> {
  const leftOut = (reason: string): Outcome => ({ figures: {}, leftOut: Object.fromEntries(mapBytes.map((key) => [key, reason])) });
  const missing = missingOnMachine();
  if (missing.length > 0) return leftOut(missing.map(({ reason }) => reason).join('; '));
  if (!isThere('bpftool')) return leftOut('bpftool: not there');
  progress('maps of the documents');
  const { documentBytes } = await import('./datapath/memory.ts');
  return documentBytes();
}

type Programs = { readonly program: string; readonly entries: string; readonly rounds: Rounds };

/** What does not fit the tables has no time to entries; what it took to find that out is told. */
function setFigures(name: string, path: string, { program, entries, rounds }: Programs): Outcome {
  const samples = inRounds(rounds, () => ({
    checked: sample([program, 'check', path]),
    made: sample([entries, path, join(folder, 'identities.json')]),
  }));
  const made = samples.map((round) => round.made);
  const { refused }: Entries = JSON.parse(made[0]?.stdout ?? '{}');
  const figures = {
    ...both(
      `${name}_check`,
      samples.map(({ checked }) => checked),
    ),
    ...both(refused === undefined ? `${name}_cnp` : `${name}_refused`, made),
  };
  return { figures, leftOut: refused === undefined ? {} : { [`${name}_cnp_s`]: refused } };
}

/** By the clock, and of all threads. */
const both = (key: string, samples: readonly Sample[]): Figures => ({
  ...figure(
    `${key}_s`,
    samples.map(({ wall }) => wall),
  ),
  ...figure(
    `${key}_cpu_s`,
    samples.map(({ cpu }) => cpu),
  ),
});
