// Asks a kernel all cases of a folder that it was not asked yet: this machine's in several processes, another in QEMU.
import { join } from 'node:path';
import { kernelVersions, prepare } from '../kernels/debian.ts';
import { boot } from '../kernels/machine.ts';
import { root } from '../test/suites.ts';
import { inProcesses, sharesOf, type Work } from './making.ts';
import { type Asked, keep, keptIn, progressMark } from './progress.ts';
import type { Programs } from './state.ts';

/** Of all files together. */
export type Outcome = Omit<Asked, 'file'>;

/** Longer than anything takes: a machine that hangs is ended by who started it. */
const seconds = 7 * 24 * 3600;

function summary(all: readonly Asked[]): Outcome {
  const sum = (of: 'policies' | 'pairs' | 'packets'): number => all.reduce((total, one) => total + one[of], 0);
  return {
    release: all[0]?.release ?? 'nothing was asked',
    policies: sum('policies'),
    pairs: sum('pairs'),
    packets: sum('packets'),
    mismatches: all.flatMap(({ mismatches }) => mismatches),
  };
}

async function inMachine(kernel: string, command: readonly string[], onLine: (line: string) => void): Promise<void> {
  const version = kernelVersions.find((each) => each === kernel);
  if (version === undefined) throw new Error(`no kernel ${kernel}`);
  const noise: string[] = [];
  const listen = (line: string): void => (line.startsWith(progressMark) ? onLine(line) : void noise.push(line));
  const { ended, log } = await boot(prepare(version), { command: [process.execPath, ...command], cwd: root, onLine: listen, seconds });
  if (!ended || noise.length > 0) console.log(`${kernel} said:\n${[...noise.slice(-40), log.slice(-2000)].join('\n')}`);
}

/** What came of the first `files` files, those that were asked before too. `processes`: another kernel gets as many machines. */
export async function askKernel(kernel: string, { ask, folder }: Programs, { files, seed, processes }: Work): Promise<Outcome> {
  const record = join(folder, `asked-${kernel}.jsonl`);
  const known = new Set(keptIn(record).map(({ file }) => file));
  const missing = Array.from({ length: files }, (_, file) => file).filter((file) => !known.has(file));
  const begun = performance.now();
  let [done, pairs] = [0, 0];
  const onLine = (line: string): void => {
    if (!line.startsWith(progressMark)) return;
    const asked: Asked = JSON.parse(line.slice(progressMark.length));
    keep(record, asked);
    pairs += asked.pairs;
    const rate = Math.round(pairs / ((performance.now() - begun) / 1000));
    if (++done % 10 === 0 || asked.mismatches.length > 0)
      console.log(
        `${kernel}: asked ${done} of ${missing.length} files, ${asked.mismatches.length} mismatches in the last, ${rate} pairs/s`,
      );
  };
  const shares = sharesOf(missing, processes).map((share) => [ask, folder, String(seed), ...share]);
  if (kernel === 'here') await inProcesses(shares, onLine);
  else await Promise.all(shares.map((share) => inMachine(kernel, share, onLine)));
  return summary(keptIn(record).filter(({ file }) => file < files));
}
