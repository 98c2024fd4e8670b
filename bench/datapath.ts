// `npm run bench -- datapath`: what a decision costs, what traffic notices of it, how long changes take, and how much memory:
// ours beside others. bench/README.md says how each is measured.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernelOrSkip } from '../test/harness/kernel.ts';
import { changeFigures, swapFigures } from './datapath/change.ts';
import { memoryFigures } from './datapath/memory.ts';
import { serviceFigures } from './datapath/services.ts';
import { trafficFigures } from './datapath/traffic.ts';
import { addressFigures, benchObject, verdictFigures } from './datapath/verdict.ts';
import type { Figures, Options, Outcome } from './measure.ts';
import { isThere } from './process.ts';

const sizes = [16, 1000, 16_000, 64_000, 100_000];
const prefixes = [1000, 10_000, 100_000];
const policies = 30_000;

/** What needs another program, and is left out where that is missing. */
const needed: Readonly<Record<string, readonly string[]>> = {
  verdict: ['clang'],
  traffic: ['gcc', 'ip', 'nft', 'iptables-restore', 'ipset'],
  services: ['gcc', 'ip', 'nft'],
  memory: ['bpftool'],
  change: [],
};

function trafficProgram(folder: string): string {
  const out = join(folder, 'traffic');
  execFileSync('gcc', ['-O2', '-o', out, join(import.meta.dirname, 'datapath', 'traffic.c')]);
  return out;
}

/** The parts of the bench; one alone: `POLICYC_BENCH=verdict,change npm run bench -- datapath`. */
function partsOf(folder: string, quick: boolean): Readonly<Record<string, () => Promise<Outcome> | Outcome>> {
  const count = quick ? 5 : 30;
  const only = (figures: Figures): Outcome => ({ figures, leftOut: {} });
  return {
    verdict: () => {
      const object = benchObject(folder);
      const rules = verdictFigures(object, quick ? sizes.slice(0, 3) : sizes, count);
      return only({ ...rules, ...addressFigures(object, quick ? prefixes.slice(0, 2) : prefixes, count) });
    },
    change: async () =>
      only({
        ...swapFigures(100_000, quick ? 3 : 30),
        ...(await changeFigures(join(folder, 'change'), quick ? 1000 : policies, quick ? 5 : 100)),
      }),
    memory: () => memoryFigures(quick ? 16_000 : 100_000),
    services: async () => only(await serviceFigures(trafficProgram(folder), quick ? 3 : 30)),
    traffic: async () => only(await trafficFigures(trafficProgram(folder), quick ? 3 : 30)),
  };
}

export async function datapathBench({ quick }: Options): Promise<Outcome> {
  if (!kernelOrSkip('the datapath bench')) return { figures: {}, leftOut: { all: 'this machine cannot load the programs' } };
  const folder = mkdtempSync(join(tmpdir(), 'policyc-bench-'));
  const asked = process.env['POLICYC_BENCH']?.split(',');
  const figures: Record<string, number> = {};
  const leftOut: Record<string, string> = {};
  try {
    for (const [name, measure] of Object.entries(partsOf(folder, quick))) {
      if (asked && !asked.includes(name)) continue;
      const missing = (needed[name] ?? []).filter((program) => !isThere(program));
      if (missing.length > 0) leftOut[name] = `${missing.join(', ')}: not there`;
      else {
        const outcome = await measure();
        Object.assign(figures, outcome.figures);
        Object.assign(leftOut, outcome.leftOut);
      }
    }
    return { figures, leftOut };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
