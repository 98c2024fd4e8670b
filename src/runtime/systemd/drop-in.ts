// The drop-in that holds the start of a systemd service until it is governed. Its ExecCondition is the first process in
// the unit's new cgroup, and it is policyd's own: nothing of the unit has begun, and nothing begins unless it succeeds.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isCode } from '../ffi/errno.ts';

/** Where administrators keep units, for good and until the next boot (systemd.unit(5)). */
export const unitFolders = ['/etc/systemd/system', '/run/systemd/system'] as const;

/** Read before others of the unit: in the order of names. */
const fileName = '00-policyd.conf';
const mark = '# Written by `policyd systemd install`, taken away by `policyd systemd remove`.';
const folderOf = (folder: string, unit: string): string => join(folder, `${unit}.d`);

/** One argument as systemd reads it: in quotes, without specifiers and variables (systemd.service(5)). */
const quoted = (argument: string): string =>
  `"${argument.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;

/** `command` is run with the unit's name as its last argument, as root and outside of what the unit confines itself to. */
export const dropInText = (command: readonly string[]): string =>
  [
    mark,
    '[Unit]',
    'Wants=policyd.service',
    'After=policyd.service',
    '[Service]',
    `ExecCondition=+${command.map(quoted).join(' ')} %n`,
    '',
  ].join('\n');

/** Throws the error of the file system. */
export function writeDropIn(folder: string, unit: string, command: readonly string[]): void {
  mkdirSync(folderOf(folder, unit), { recursive: true });
  writeFileSync(join(folderOf(folder, unit), fileName), dropInText(command));
}

/** Units with a drop-in of ours in `folder`. */
export function heldUnits(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => (name.endsWith('.service.d') ? [name.slice(0, -'.d'.length)] : []))
    .filter((unit) => isOurs(join(folderOf(folder, unit), fileName)))
    .sort();
}

/** Is the start of `unit` held by a drop-in of ours? */
export const isHeld = (unit: string, folders: readonly string[] = unitFolders): boolean =>
  folders.some((folder) => isOurs(join(folderOf(folder, unit), fileName)));

function isOurs(file: string): boolean {
  try {
    return readFileSync(file, 'utf8').startsWith(mark);
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

/** What others put beside it stays. */
export function removeDropIn(folder: string, unit: string): void {
  unlinkSync(join(folderOf(folder, unit), fileName));
  try {
    rmdirSync(folderOf(folder, unit));
  } catch (error) {
    if (!isCode(error, 'ENOTEMPTY')) throw error;
  }
}
