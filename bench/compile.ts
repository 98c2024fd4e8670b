// The compiler as a user meets it: whole programs in fresh processes, from dist/.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentFigures } from './documents.ts';
import { exponent, type Figures, figure, inRounds, median, type Options, type Outcome, progress, type Rounds } from './measure.ts';
import { writePolicies } from './policies.ts';
import { type Sample, sample, seconds } from './process.ts';
import { rechecks } from './recheck.ts';

const files = 200;
/** As bench/policies.ts writes them. */
const rulesOfPolicy = 10;
const program = join(import.meta.dirname, '..', 'dist', 'policyc.js');

/** All of it is to end within three minutes on a quiet machine: each part is given a share of them. */
const whole: Rounds = { seconds: 30, atLeast: 3, atMost: 10 };
const quickly: Rounds = { ...whole, seconds: 0 };

/** Start-up beside an empty node, alternating. */
function versionRatio(pairs: number): Figures {
  const ratios: number[] = [];
  for (let pair = 0; pair <= pairs; pair++) {
    const ratio = seconds([program, '--version']) / seconds(['-e', '0']);
    if (pair > 0) ratios.push(ratio);
  }
  return figure('version_ratio', ratios);
}

function inputs(folder: string, { quick }: Options): readonly { readonly path: string; readonly policies: number }[] {
  const sizes = quick ? [10, 100, 1000] : [100, 1000, 10_000];
  return sizes.map((policies) => {
    const path = join(folder, String(policies));
    writePolicies(path, policies, files);
    return { path, policies };
  });
}

type Input = ReturnType<typeof inputs>[number];
type Measured = Input & { readonly samples: readonly Sample[] };

/** All sizes in turn, so that a slow minute of the machine is one of all of them. */
function checks(sets: readonly Input[], limit: Rounds): readonly Measured[] {
  const rounds = inRounds(limit, () => sets.map(({ path }) => sample([program, 'check', path])));
  return sets.map((set, index) => ({ ...set, samples: rounds.flatMap((round) => round[index] ?? []) }));
}

/** The exponent of each round, without what a start costs. */
function growth(measured: readonly Measured[], start: Sample, of: (one: Sample) => number): readonly number[] {
  const rounds = measured[0]?.samples.length ?? 0;
  return Array.from({ length: rounds }, (_, round) =>
    exponent(
      measured.flatMap(({ policies, samples }) => {
        const one = samples[round];
        return one ? [{ size: policies, time: Math.max(0.001, of(one) - of(start)) }] : [];
      }),
    ),
  );
}

const wall = (one: Sample): number => one.wall;
const cpu = (one: Sample): number => one.cpu;

function checkFigures(measured: readonly Measured[], name: string): Figures {
  const samples = measured.at(-1)?.samples ?? [];
  const starts = inRounds({ seconds: 0, atLeast: 5, atMost: 5 }, () => sample([program, '--version']));
  const start = { wall: median(starts.map(wall)), cpu: median(starts.map(cpu)), mib: 0, stdout: '' };
  const sizes = measured.map(({ policies, samples: own }) => ({ [`check_${policies * rulesOfPolicy}_rules_cpu_s`]: median(own.map(cpu)) }));
  return {
    ...figure(`check_${name}_policies_s`, samples.map(wall)),
    ...figure(`check_${name}_policies_cpu_s`, samples.map(cpu)),
    [`check_${name}_policies_rss_mib`]: Math.max(...samples.map(({ mib }) => mib)),
    ...Object.assign({}, ...sizes),
    ...figure('growth_exponent', growth(measured, start, wall)),
    ...figure('growth_cpu_exponent', growth(measured, start, cpu)),
  };
}

async function recheckFigures(path: string, times: number): Promise<Figures> {
  const { answered, took, cpu: processor } = await rechecks(program, path, { files, times });
  const sorted = [...answered].sort((a, b) => a - b);
  return {
    ...figure('recheck_one_of_200_files_ms', answered),
    recheck_one_of_200_files_p99_ms: sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * 0.99) - 1)] ?? Number.NaN,
    ...figure('recheck_one_of_200_files_own_ms', took),
    // Of all threads, and in steps of 10 ms: only the mean says something.
    recheck_one_of_200_files_cpu_ms: processor.reduce((sum, one) => sum + one, 0) / processor.length,
  };
}

export async function compileBench(options: Options): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'policyc-bench-'));
  try {
    const limit = options.quick ? quickly : whole;
    const sets = inputs(folder, options);
    const largest = sets.at(-1);
    if (largest === undefined) return { figures: {}, leftOut: {} };
    const name = options.quick ? '1k' : '10k';
    // The documents first: theirs are the figures that are waited for.
    const documents = await documentFigures(program, folder, options);
    progress(`checking ${sets.map(({ policies }) => policies).join(', ')} policies`);
    const checked = checkFigures(checks(sets, limit), name);
    progress('building');
    const build = () => seconds([program, 'build', largest.path, '-o', join(folder, 'bundle')]);
    const built = figure(`build_${name}_policies_s`, inRounds({ ...limit, seconds: limit.seconds / 2 }, build));
    progress('starting');
    const started = versionRatio(options.quick ? 5 : 15);
    progress('checking again');
    // Last: it changes the files.
    const again = await recheckFigures(largest.path, options.quick ? 6 : 30);
    const figures = { ...documents.figures, ...checked, ...built, ...started, ...again };
    return { figures, leftOut: documents.leftOut };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
