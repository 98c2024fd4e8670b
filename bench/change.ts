// `npm run bench -- change`: how long changes take while a policy is in force. bench/README.md says how each is measured.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernelOrSkip } from '../test/harness/kernel.ts';
import { changeFigures, swapFigures } from './datapath/change.ts';
import { endpointFigures } from './datapath/endpoint.ts';
import type { Options, Outcome } from './measure.ts';

export async function changeBench({ quick }: Options): Promise<Outcome> {
  if (!kernelOrSkip('the change bench')) return { figures: {}, leftOut: { all: 'this machine cannot load the programs' } };
  const folder = mkdtempSync(join(tmpdir(), 'policyc-bench-'));
  const policies = quick ? 1000 : 30_000;
  try {
    const figures = {
      ...swapFigures(100_000, quick ? 3 : 30),
      ...endpointFigures(policies, quick ? 20 : 500),
      ...(await changeFigures(join(folder, 'change'), policies, quick ? 6 : 120)),
    };
    return { figures, leftOut: {} };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
