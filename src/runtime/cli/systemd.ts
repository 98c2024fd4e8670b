// `policyd systemd`: services of systemd that the inventory names, governed from their first packet. `install` writes a
// drop-in for each, `gate` is what the drop-in runs: the service starts when policyd says that it is governed, or not at all.
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, connect } from '../daemon/client.ts';
import { loadInventory } from '../daemon/inputs.ts';
import { refusal } from '../daemon/refusal.ts';
import { type StateFolder, stateFolderAt } from '../daemon/state-folder.ts';
import { heldUnits, removeDropIn, writeDropIn } from '../systemd/drop-in.ts';
import { reloadUnits, type Unit, unitNamed } from '../systemd/units.ts';
import { counted, exitCode, log, milliseconds, print } from './common.ts';

export type UnitsOptions = { readonly inventory: string; readonly folder: string };
export type GateOptions = { readonly state: string; readonly wait: string };
export type InstallOptions = UnitsOptions & GateOptions;

const unitsOf = (inventory: string): readonly string[] =>
  loadInventory(inventory)
    .workloads.flatMap(({ cgroup }) => (cgroup?.kind === 'unit' ? [cgroup.unit] : []))
    .sort();

/** Gives each service of the inventory its drop-in, and takes it from those that are not named any more. */
export async function install({ inventory, folder, state, wait }: InstallOptions): Promise<number> {
  const units = unitsOf(inventory);
  const gone = heldUnits(folder).filter((unit) => !units.includes(unit));
  for (const unit of gone) removeDropIn(folder, unit);
  milliseconds('--wait', wait);
  const gated = [process.execPath, realpathSync(process.argv[1] ?? ''), 'systemd', 'gate', '--state', resolve(state), '--wait', wait];
  for (const unit of units) writeDropIn(folder, unit, gated);
  reloadUnits();
  const found = units.map(unitNamed);
  for (const unit of found) for (const line of remarks(unit)) log(`warning: ${line}`);
  const late = found.filter((unit) => unit.known && !isGated(unit));
  for (const unit of late) log(`error: ${lateText(unit)}`);
  log(
    `the start of ${counted(units.length - late.length, 'service')} waits for policyd${gone.length > 0 ? `; no more that of ${gone.join(', ')}` : ''}`,
  );
  return late.length > 0 ? exitCode.refused : exitCode.ok;
}

/** Takes every drop-in away that `install` wrote into `folder`. */
export async function remove({ folder }: Pick<UnitsOptions, 'folder'>): Promise<number> {
  const units = heldUnits(folder);
  for (const unit of units) removeDropIn(folder, unit);
  if (units.length > 0) reloadUnits();
  log(units.length === 0 ? `no drop-in of policyd in ${folder}` : `services start without policyd again: ${units.join(', ')}`);
  return exitCode.ok;
}

/** Exit code 1: some service of the inventory may begin before it is governed. */
export async function status({ inventory }: Pick<UnitsOptions, 'inventory'>): Promise<number> {
  const units = unitsOf(inventory).map(unitNamed);
  for (const unit of units) {
    print(`${unit.name}  ${isGated(unit) ? 'starts when it is governed' : 'MAY START BEFORE IT IS GOVERNED'}`);
    for (const line of isGated(unit) ? remarks(unit) : [...remarks(unit), lateText(unit)]) print(`    ${line}`);
  }
  if (units.length === 0) print('the inventory names no unit');
  return units.every(isGated) ? exitCode.ok : exitCode.refused;
}

const isGated = ({ firstCondition }: Unit): boolean => / systemd gate /.test(firstCondition);

const lateText = ({ name, firstCondition }: Unit): string =>
  firstCondition === ''
    ? `unit \`${name}\`: nothing holds its start; \`policyd systemd install\` does`
    : `unit \`${name}\`: a condition of its own runs before it is governed: make it an ExecStartPre= (${firstCondition})`;

function remarks({ name, known, sockets }: Unit): readonly string[] {
  return [
    ...(known ? [] : [`unit \`${name}\`: systemd does not know it`]),
    ...sockets.map(
      (socket) =>
        `unit \`${name}\`: what \`${socket}\` listens on was made by systemd in its own cgroup, so policy does not see its packets`,
    ),
  ];
}

/** Milliseconds between two looks for a daemon. */
const pause = 100;

/** Exit status of an ExecCondition with which the unit fails; a smaller one would let it pass for skipped. */
const failUnit = 255;
export const gateStatus = (code: number): number => (code === exitCode.ok ? code : failUnit);

/** Returns when the service whose start this is a part of is governed; a Refusal otherwise. */
export async function gate(unit: string, { state, wait }: GateOptions): Promise<number> {
  const folder = stateFolderAt(state);
  await ask(await patientConnect(folder, milliseconds('--wait', wait)), { op: 'govern', unit });
  return exitCode.ok;
}

/** At boot policyd may start at the same time. */
async function patientConnect(folder: StateFolder, patience: number) {
  for (const until = Date.now() + patience; ; await sleep(pause)) {
    const connection = await connect(folder);
    if (connection) return connection;
    if (Date.now() >= until)
      throw refusal(
        `no policyd runs with state folder ${folder.root}`,
        'a service whose start waits for policyd is not started without it',
      );
  }
}
