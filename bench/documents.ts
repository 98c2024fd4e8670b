// The large sets of documents that stand beside the project (`../shared/scale`), each in fresh processes: checked by `policyc`, and
// taken to map entries for all its identities.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';
import { type Figures, figure, inRounds, type Options, type Outcome, type Rounds } from './measure.ts';
import { type Sample, sample } from './process.ts';

const folder = join(import.meta.dirname, '..', '..', 'shared', 'scale');
const sets = { yaml_10k: '10k.yaml', yaml_10k_hot: '10k-hot.yaml' } as const;

const bundling: BuildOptions = { bundle: true, platform: 'node', external: ['koffi'], logLevel: 'silent' };

/** The program that makes entries, and its thread, each as one file in `into`: what a start costs is that of a built program. */
function builtEntries(into: string): Pick<Programs, 'entries' | 'thread'> {
  const [entries, thread] = [join(into, 'entries.mjs'), join(into, 'thread.cjs')];
  buildSync({
    ...bundling,
    entryPoints: [join(import.meta.dirname, 'entries.ts')],
    outfile: entries,
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  const source = join(import.meta.dirname, '..', 'src', 'compiler', 'document-thread.ts');
  buildSync({ ...bundling, entryPoints: [source], outfile: thread, format: 'cjs' });
  return { entries, thread };
}

type Entries = { readonly refused?: string };

/** `into`: a folder of the caller. */
export function documentFigures(program: string, into: string, { quick }: Options): Outcome {
  const keys = ['yaml_10k_cnp_s', 'yaml_10k_hot_cnp_s', 'yaml_10k_map_bytes'];
  if (!existsSync(folder)) {
    const reason = `there is no ${join('..', 'shared', 'scale')} beside the project`;
    return { figures: {}, leftOut: Object.fromEntries(keys.map((key) => [key, reason])) };
  }
  const built = builtEntries(into);
  const outcomes = Object.entries(sets).map(([name, file]) =>
    setFigures(name, join(folder, file), { program, ...built, rounds: { seconds: 35, atLeast: quick ? 1 : 3, atMost: quick ? 1 : 10 } }),
  );
  const leftOut: Record<string, string> = Object.assign({}, ...outcomes.map((one) => one.leftOut));
  const reason = leftOut['yaml_10k_cnp_s'] ?? 'maps are not loaded by this bench';
  return { figures: Object.assign({}, ...outcomes.map(({ figures }) => figures)), leftOut: { ...leftOut, yaml_10k_map_bytes: reason } };
}

type Programs = { readonly program: string; readonly entries: string; readonly thread: string; readonly rounds: Rounds };

/** What does not fit the tables has no time to entries; what it took to find that out is told. */
function setFigures(name: string, path: string, { program, entries, thread, rounds }: Programs): Outcome {
  const samples = inRounds(rounds, () => ({
    checked: sample([program, 'check', path]),
    made: sample([entries, path, join(folder, 'identities.json'), thread]),
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
