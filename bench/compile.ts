// The compiler as a user meets it: whole programs in fresh processes, from dist/.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exponent, type Figures, figure, median, type Options, type Outcome } from './measure.ts';
import { writePolicies } from './policies.ts';

const program = join(import.meta.dirname, '..', 'dist', 'policyc.js');

/** Seconds of one fresh process; what it prints is the error if it does not end with 0. */
function seconds(args: readonly string[]): number {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}:\n${`${stdout}${stderr}`.slice(0, 4000)}`);
  return (performance.now() - start) / 1000;
}

const reporter = "data:text/javascript,process.on('exit',()=>console.error('max-rss',process.resourceUsage().maxRSS))";

/** Largest resident set of one run, in MiB. */
function residentMib(args: readonly string[]): number {
  const { stderr } = spawnSync(process.execPath, ['--import', reporter, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return Number(/max-rss (\d+)/.exec(stderr)?.[1] ?? Number.NaN) / 1024;
}

const repeat = (times: number, sample: () => number): readonly number[] => Array.from({ length: times }, sample);

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
    writePolicies(path, policies, 200);
    return { path, policies };
  });
}

export async function compileBench(options: Options): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'policyc-bench-'));
  try {
    const times = options.quick ? 3 : 10;
    const sets = inputs(folder, options);
    const largest = sets.at(-1);
    if (largest === undefined) return { figures: {}, leftOut: {} };
    const start = median(repeat(5, () => seconds([program, '--version'])));
    const checks = sets.map(({ path, policies }) => ({ policies, samples: repeat(times, () => seconds([program, 'check', path])) }));
    const points = checks.map(({ policies, samples }) => ({ size: policies, time: Math.max(0.001, median(samples) - start) }));
    const name = options.quick ? '1k' : '10k';
    return {
      figures: {
        ...figure(`check_${name}_policies_s`, checks.at(-1)?.samples ?? []),
        [`check_${name}_policies_rss_mib`]: residentMib([program, 'check', largest.path]),
        ...figure(
          `build_${name}_policies_s`,
          repeat(times, () => seconds([program, 'build', largest.path, '-o', join(folder, 'bundle')])),
        ),
        ...versionRatio(options.quick ? 5 : 30),
        growth_exponent: exponent(points),
      },
      leftOut: {
        recheck_one_of_200_files_ms: 'there is no watch mode',
        yaml_10k_cnp_s: 'Cilium policies are not read',
        yaml_10k_hot_cnp_s: 'Cilium policies are not read',
        yaml_10k_map_bytes: 'Cilium policies are not read',
      },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
