// Runs the two programs as they are shipped: policyc from beginning to end, policyd as long as the demo lasts.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Machine } from './machine.ts';

export const root = join(import.meta.dirname, '..', '..');
const program = (name: 'policyc' | 'policyd') => join(root, 'dist', `${name}.js`);

export type Ended = { readonly status: number; readonly text: string };

/** policyc or policyd from beginning to end; `text` is all it printed. */
export function call(name: 'policyc' | 'policyd', args: readonly string[], cwd = root): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program(name), ...args], { cwd, encoding: 'utf8' });
  return { status: status ?? 1, text: `${stdout}${stderr}` };
}

/** A port of the loopback that is free now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no free port'))));
    });
  });

export type Running = { readonly child: ChildProcess; readonly words: () => string; readonly ended: () => boolean };

/** Starts policyd with `args` in the demo's cgroup `policyd`, so that it ends with everything else; each line of its output goes to `onLine`. */
export function startPolicyd(machine: Machine, args: readonly string[], onLine: (line: string) => void = () => {}): Running {
  const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
  const child = spawn('sh', ['-c', script, machine.cgroupOf('policyd'), process.execPath, program('policyd'), ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words += chunk.toString();
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    words += `${line}\n`;
    onLine(line);
  });
  return { child, words: () => words.trim(), ended: () => child.exitCode !== null || child.signalCode !== null };
}

export const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Asks until `question` answers or `seconds` are over. */
export async function until<T>(seconds: number, question: () => Promise<T | undefined> | T | undefined): Promise<T | undefined> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await question();
    if (answer !== undefined || performance.now() > end) return answer;
    await pause(50);
  }
}
