// The state folder: who runs (lock), how to talk to it (control socket), and what must outlive a restart so that pinned
// kernel tables stay readable (cause numbers, endpoint ids, workloads of `policyd exec`).
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { refusal } from './refusal.ts';

/** Where state is kept unless told otherwise. */
export const defaultState = '/run/policyd';

export type StateFolder = { readonly root: string; readonly lock: string; readonly socket: string };

export const stateFolderAt = (root: string): StateFolder => ({ root, lock: join(root, 'lock'), socket: join(root, 'control.sock') });

/** What is saved, by file. */
export type SavedName = 'causes' | 'endpoints' | 'workloads';
const fileOf = (folder: StateFolder, name: SavedName): string => join(folder.root, `${name}.json`);

/** Held until `release`, or until this process ends in whatever way: the kernel keeps it. */
export type Lock = { readonly release: () => void };

/** Takes the lock; refused with the holder's process id if another policyd runs. */
export function takeLock(folder: StateFolder): Lock {
  mkdirSync(folder.root, { recursive: true, mode: 0o700 });
  const fd = openSync(folder.lock, 'a+');
  if (!lockFile(fd)) {
    closeSync(fd);
    const pid = lockHolder(folder);
    const who = pid === undefined ? 'another policyd' : `another policyd (process ${pid})`;
    throw refusal(`${who} runs with state folder ${folder.root}`, 'end it first, or give this one its own --state and --pins');
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  return { release: () => closeSync(fd) };
}

/** Locks a folder on bpffs: two state folders must not share one set of pins. */
export function lockPins(root: string): Lock {
  const fd = openSync(root, 'r');
  if (lockFile(fd)) return { release: () => closeSync(fd) };
  closeSync(fd);
  throw refusal(`another policyd keeps its programs under ${root}`, 'end it first, or give this one its own --pins');
}

/** flock(1) locks the open file that it inherits, which is ours: the lock stays when it ends. */
function lockFile(fd: number): boolean {
  const { status, error } = spawnSync('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  if (error) throw refusal(`cannot lock: \`flock\` does not run (${error.message})`, 'install it: apt-get install util-linux');
  return status === 0;
}

/** The process id in the lock file; of a dead process if nobody holds the lock. */
export function lockHolder(folder: StateFolder): number | undefined {
  try {
    const pid = Number(readFileSync(folder.lock, 'utf8').trim());
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** What was saved under `name`; undefined if nothing was, or it cannot be read. */
export function loadSaved(folder: StateFolder, name: SavedName): unknown {
  try {
    const value: unknown = JSON.parse(readFileSync(fileOf(folder, name), 'utf8'));
    return value;
  } catch {
    return undefined;
  }
}

/** Replaces the file in one step. */
export function save(folder: StateFolder, name: SavedName, value: unknown): void {
  const temporary = `${fileOf(folder, name)}.new`;
  writeFileSync(temporary, JSON.stringify(value), { mode: 0o600 });
  renameSync(temporary, fileOf(folder, name));
  rmSync(moreOf(folder, name), { force: true });
}

const moreOf = (folder: StateFolder, name: SavedName): string => join(folder.root, `${name}.more.jsonl`);

/** What was added to `name` since it was saved as a whole, in order. A line that was not written to its end is none. */
export function loadAdded(folder: StateFolder, name: SavedName): readonly unknown[] {
  try {
    return readFileSync(moreOf(folder, name), 'utf8').split('\n').flatMap(parsedLine);
  } catch {
    return [];
  }
}

function parsedLine(line: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(line);
    return [value];
  } catch {
    return [];
  }
}

/** Adds to `name`, without writing again what is there. Lines begin with their break: one that was cut off spoils none behind it. */
export function add(folder: StateFolder, name: SavedName, values: readonly unknown[]): void {
  if (values.length > 0)
    appendFileSync(moreOf(folder, name), values.map((value) => `\n${JSON.stringify(value)}`).join(''), { mode: 0o600 });
}

/** Forgets everything: what was saved names things in pins that are gone. */
export function clearState(folder: StateFolder): void {
  for (const name of ['causes', 'endpoints', 'workloads'] as const) {
    rmSync(fileOf(folder, name), { force: true });
    rmSync(moreOf(folder, name), { force: true });
  }
  rmSync(folder.socket, { force: true });
}
