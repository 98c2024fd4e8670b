// `npm run bench -- datapath`: what a decision costs, beside others; README.md says how it is measured.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernelOrSkip } from '../test/harness/kernel.ts';
import { addressFigures, benchObject, verdictFigures } from './datapath/verdict.ts';
import type { Options, Outcome } from './measure.ts';

const sizes = [16, 1000, 16_000, 64_000, 100_000];

export async function datapathBench({ quick }: Options): Promise<Outcome> {
  if (!kernelOrSkip('the datapath bench')) return { figures: {}, leftOut: { all: 'this machine cannot load the programs' } };
  const folder = mkdtempSync(join(tmpdir(), 'policyc-bench-'));
  try {
    const object = benchObject(folder);
    const count = quick ? 5 : 30;
    return {
      figures: {
        ...verdictFigures(object, quick ? sizes.slice(0, 3) : sizes, count),
        ...addressFigures(object, quick ? [1000, 10_000] : [1000, 10_000, 100_000], count),
      },
      leftOut: {},
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
