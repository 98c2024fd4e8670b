// `policyd exec`: a command as a workload of its own. Its cgroup is governed before the command exists; the shell that
// moves itself there starts outside, so the first thing that policy sees inside is the command's own exec.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, connect, observe } from '../daemon/client.ts';
import { isPopulated, removeEmptyCgroup } from '../daemon/dynamic.ts';
import type { RegisterRequest } from '../daemon/protocol.ts';
import { errorText, refusal } from '../daemon/refusal.ts';
import { type StateFolder, stateFolderAt } from '../daemon/state-folder.ts';
import { cgroupMounts } from '../inventory/cgroup.ts';
import { log, UsageError } from './common.ts';
import { decider } from './observe-text.ts';

export type ExecOptions = {
  readonly state: string;
  readonly name: string;
  readonly namespace?: string;
  readonly labels: readonly string[];
};

/** Returns the command's exit status, 128 + signal if one ended it. */
export async function exec(command: readonly string[], options: ExecOptions): Promise<number> {
  const labels = labelsOf(options.labels);
  if (!/^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(options.name)) {
    throw new UsageError(`--name: expected letters, digits, \`-\`, \`_\` and \`.\`, found \`${options.name}\``);
  }
  const folder = stateFolderAt(options.state);
  const { name, namespace } = options;
  const identity = { name, ...(namespace !== undefined && { namespace }) };
  const cgroup = makeCgroup([namespace, name, process.pid].filter((part) => part !== undefined).join('-'));
  try {
    await request(folder, { op: 'register', ...identity, labels, cgroup, owner: process.pid });
    try {
      const ended = await runInside(command, cgroup);
      if (ended.signal === 'SIGKILL') await explainKill(folder, ended.pid);
      return ended.status;
    } finally {
      if (await emptied(cgroup)) await unregister(folder, identity);
    }
  } finally {
    removeEmptyCgroup(cgroup);
  }
}

export function labelsOf(texts: readonly string[]): Readonly<Record<string, string>> {
  const pairs = texts.flatMap((text) => text.split(',')).filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key = '', ...value] = pair.split('=');
      if (key === '' || value.length === 0) throw new UsageError(`--labels: expected KEY=VALUE, found \`${pair}\``);
      return [key, value.join('=')];
    }),
  );
}

async function request(
  folder: StateFolder,
  what: RegisterRequest | { readonly op: 'unregister'; readonly name: string; readonly namespace?: string },
) {
  const connection = await connect(folder);
  if (!connection)
    throw refusal(
      `no policyd runs with state folder ${folder.root}`,
      'start one with `policyd run`: a command is only started where it is governed',
    );
  await ask(connection, what);
}

/** The daemon may have ended meanwhile: the next one sees that the workload is over. */
async function unregister(folder: StateFolder, identity: { readonly name: string; readonly namespace?: string }): Promise<void> {
  await request(folder, { op: 'unregister', ...identity }).catch(() => undefined);
}

function makeCgroup(name: string): string {
  const { v2 } = cgroupMounts();
  if (v2 === undefined) throw refusal('this machine has no cgroup v2 hierarchy mounted');
  const path = join(v2, 'policyd', name);
  try {
    mkdirSync(path, { recursive: true });
    return path;
  } catch (error) {
    throw refusal(`cannot make cgroup ${path}: ${errorText(error)}`, 'run this command as root');
  }
}

/** `$1` is the file that moves a process. */
const trampoline = 'echo $$ > "$1" || exit 126; shift; exec "$@"';
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

type Ended = { readonly status: number; readonly pid: number; readonly signal: NodeJS.Signals | null };

function runInside(command: readonly string[], cgroup: string): Promise<Ended> {
  const child = spawn('/bin/sh', ['-c', trampoline, 'policyd', join(cgroup, 'cgroup.procs'), ...command], { stdio: 'inherit' });
  const stopForwarding = forwardSignals(child);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(refusal(`cannot start /bin/sh: ${error.message}`)));
    child.once('exit', (code, signal) => {
      stopForwarding();
      resolve({ status: code ?? 128 + (signal ? constants.signals[signal] : 0), pid: child.pid ?? 0, signal });
    });
  });
}

/** Who killed the command, if policy did. */
async function explainKill(folder: StateFolder, pid: number): Promise<void> {
  const connection = await connect(folder).catch(() => undefined);
  if (!connection) return;
  await observe(connection, { op: 'observe', last: 1000, follow: false, verdicts: ['DROPPED'] }, (record) => {
    if (!('process' in record) || record.process.process.pid !== pid) return;
    log(`${record.process.process.binary} was killed before it began, ${decider(record.process.extensions)}`);
  });
}

/** A terminal sends its signals to the command too: those are not sent twice. */
function forwardSignals(child: ChildProcess): () => void {
  const ofTerminal: readonly string[] = process.stdin.isTTY === true ? ['SIGINT', 'SIGQUIT'] : [];
  const handlers = forwarded.map((signal) => [signal, () => void (ofTerminal.includes(signal) || child.kill(signal))] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => handlers.forEach(([signal, handler]) => process.off(signal, handler));
}

/** What the command left running ends with it: without its workload it would be without its policy. False: something is still there. */
async function emptied(cgroup: string): Promise<boolean> {
  try {
    writeFileSync(join(cgroup, 'cgroup.kill'), '1');
  } catch {
    // Before Linux 5.14: what is left stays governed, and the daemon removes the workload when it has ended.
  }
  for (let tries = 0; tries < 100; tries++) {
    if (!isPopulated(cgroup)) return true;
    await sleep(10);
  }
  log(`processes are left in ${cgroup}; they stay governed until they end`);
  return false;
}
