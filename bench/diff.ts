// `policyc diff` as a user meets it: whole programs in fresh processes, from dist/, two folders that differ in 50 places.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyEdited } from './edits.ts';
import { exponent, type Figures, figure, median, type Options, type Outcome } from './measure.ts';
import { writePolicies } from './policies.ts';
import { type Sample, sample } from './process.ts';
import { replayFigures } from './replay.ts';

const program = join(import.meta.dirname, '..', 'dist', 'policyc.js');
const shop = join(import.meta.dirname, '..', 'policies', 'shop');
const files = 200;
const edits = 50;
/** As bench/policies.ts writes them. */
const rulesOfPolicy = 10;

type Pair = { readonly name: string; readonly policies: number; readonly paths: readonly [string, string] };

function pairs(folder: string, { quick }: Options): readonly Pair[] {
  const sizes = quick ? [100, 1000] : [100, 1000, 10_000];
  return sizes.map((policies) => {
    const paths = [join(folder, `old-${policies}`), join(folder, `new-${policies}`)] as const;
    writePolicies(paths[0], policies, files);
    copyEdited(...paths, { policies, count: edits });
    return { name: `${(policies * rulesOfPolicy) / 1000}k`, policies, paths };
  });
}

const compared = (paths: readonly [string, string]): Sample => sample([program, 'diff', ...paths]);

/** The shop, and the shop after a port and a program became others. */
function demoSamples(folder: string, times: number): readonly Sample[] {
  const edited = join(folder, 'shop');
  cpSync(shop, edited, { recursive: true });
  const file = join(edited, 'shop.policy');
  const text = readFileSync(file, 'utf8');
  const after = text
    .replace('allow from office at tcp 22', 'allow from office at tcp [22, 443]')
    .replace('"/usr/bin/curl"', '"/usr/bin/wget"');
  if (after === text) throw new Error('the shop has other rules now');
  writeFileSync(file, after);
  return Array.from({ length: times }, () => compared([shop, edited]));
}

type Measured = Pair & { readonly samples: readonly Sample[] };

function sizeFigures({ name, samples }: Measured): Figures {
  return {
    ...figure(
      `diff_${name}_s`,
      samples.map(({ wall }) => wall),
    ),
    [`diff_${name}_cpu_s`]: median(samples.map(({ cpu }) => cpu)),
    [`diff_${name}_rss_mib`]: Math.max(...samples.map(({ mib }) => mib)),
  };
}

/** The exponent of each round, without what a start costs. */
function growth(measured: readonly Measured[], start: number, of: (one: Sample) => number): readonly number[] {
  const rounds = measured[0]?.samples.length ?? 0;
  return Array.from({ length: rounds }, (_, round) =>
    exponent(
      measured.flatMap(({ policies, samples }) => {
        const one = samples[round];
        return one ? [{ size: policies, time: Math.max(0.001, of(one) - start) }] : [];
      }),
    ),
  );
}

export async function diffBench(options: Options): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'policyc-bench-'));
  try {
    const times = options.quick ? 3 : 10;
    const sets = pairs(folder, options);
    // All sizes in turn, so that a slow minute of the machine is one of all of them.
    const rounds = Array.from({ length: times }, () => sets.map(({ paths }) => compared(paths)));
    const measured = sets.map((set, index) => ({ ...set, samples: rounds.flatMap((round) => round[index] ?? []) }));
    const demo = demoSamples(folder, options.quick ? 5 : 30);
    const starts = Array.from({ length: 5 }, () => sample([program, '--version']));
    const [wall, cpu] = [median(starts.map((one) => one.wall)), median(starts.map((one) => one.cpu))];
    const figures = {
      ...Object.assign({}, ...measured.map(sizeFigures)),
      ...figure(
        'diff_demo_ms',
        demo.map((one) => one.wall * 1000),
      ),
      diff_demo_cpu_ms: median(demo.map((one) => one.cpu * 1000)),
      ...figure(
        'growth_exponent',
        growth(measured, wall, (one) => one.wall),
      ),
      ...figure(
        'growth_cpu_exponent',
        growth(measured, cpu, (one) => one.cpu),
      ),
      ...replayFigures(options),
    };
    return { figures, leftOut: {} };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
