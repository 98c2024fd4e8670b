// Network namespaces of the bench's own, and programs in them.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from '../../test/harness/kernel.ts';

/** Names of this process' namespaces begin with it. */
export const mark = `polbench${process.pid}`;

export const ip = (...words: readonly string[]): void => void execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
/** Namespaces of runs that are no more. */
export function sweep(): void {
  const folder = '/run/netns';
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const pid = /^polbench(\d+)/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) ip('netns', 'del', name);
  }
}

/** Makes a namespace, which goes with this process. */
export function space(name: string): string {
  ip('netns', 'add', name);
  atEnd(() => ip('netns', 'del', name));
  ip('-n', name, 'link', 'set', 'lo', 'up');
  return name;
}

/** Does not keep this process alive; ends with it. */
async function started(child: ChildProcess): Promise<void> {
  atEnd(() => void child.kill('SIGKILL'));
  await new Promise((resolve, reject) => {
    child.stdout?.once('data', resolve);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  child.stdout?.destroy();
  child.unref();
}

/** Where a program runs; `cgroup`: path. */
export type Where = { readonly space: string; readonly cgroup?: string };

/** A shell's words that run a program there. */
const startIn = ({ space: name, cgroup }: Where, command: readonly string[]): readonly [string, string] => {
  const enter = cgroup === undefined ? '' : `echo $$ > ${join(cgroup, 'cgroup.procs')}; `;
  return ['-c', `${enter}exec ip netns exec ${name} ${command.join(' ')}`];
};

/** Runs a program to its end; what it printed. */
export const ran = (command: readonly string[], where: Where): string =>
  execFileSync('/bin/sh', startIn(where, command), { encoding: 'utf8' });

/** Starts a server, which ends with this process; returns when it has said that it is ready. */
export const serving = (command: readonly string[], where: Where): Promise<void> =>
  started(spawn('/bin/sh', startIn(where, command), { stdio: ['ignore', 'pipe', 'inherit'] }));
