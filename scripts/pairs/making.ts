// Makes the files of cases that are not there yet, in several processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pairsPerFile, progressMark } from './progress.ts';
import { madeFiles, type Programs } from './state.ts';

export type Work = { readonly files: number; readonly seed: number; readonly processes: number };

/** One process for each of `shares`; each line that it says goes to `onLine`. Throws where one fails. */
export async function inProcesses(shares: readonly (readonly string[])[], onLine: (line: string) => void): Promise<void> {
  const ends = shares.map(async (command) => {
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
    const stop = (): void => void child.kill('SIGTERM');
    process.once('exit', stop);
    createInterface({ input: child.stdout }).on('line', onLine);
    const [code] = await once(child, 'close');
    process.off('exit', stop);
    if (code !== 0) throw new Error(`${command[0]} ended with ${code}`);
  });
  await Promise.all(ends);
}

/** `numbers`, as evenly as can be, without empty shares. */
export const sharesOf = (numbers: readonly number[], count: number): readonly (readonly string[])[] =>
  Array.from({ length: Math.min(count, numbers.length) }, (_, share) => numbers.filter((_, i) => i % count === share).map(String));

export async function makeCases({ make, folder }: Programs, { files, seed, processes }: Work): Promise<void> {
  const made = madeFiles(folder);
  const missing = Array.from({ length: files }, (_, file) => file).filter((file) => !made.has(file));
  if (missing.length === 0) return;
  console.log(`making ${missing.length} of ${files} files of ${pairsPerFile} pairs in ${folder}`);
  let done = 0;
  const begun = performance.now();
  const shares = sharesOf(missing, processes).map((share) => [make, folder, String(seed), ...share]);
  await inProcesses(shares, (line) => {
    if (line.startsWith(progressMark) && ++done % 25 === 0)
      console.log(`made ${done} of ${missing.length} files, ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  });
}
