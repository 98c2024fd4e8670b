// `policyd status`: asks the daemon; without one, the pins tell whether enforcement is on all the same.
import { ask, connect } from '../daemon/client.ts';
import { type PinnedState, pinnedState } from '../daemon/pinned.ts';
import { refusal, refusalOfFailures } from '../daemon/refusal.ts';
import { oldSockets } from '../daemon/sockets.ts';
import { stateFolderAt } from '../daemon/state-folder.ts';
import { missingOnMachine } from '../kernel/features.ts';
import { monotonicNow } from '../kernel/revision.ts';
import { counted, exitCode, print } from './common.ts';
import { statusText } from './status-text.ts';

export type StatusOptions = { readonly state: string; readonly pins: string; readonly json?: true };

/** Exit code 1: nothing is enforced. */
export async function status(options: StatusOptions): Promise<number> {
  const connection = await connect(stateFolderAt(options.state));
  if (!connection) return withoutDaemon(options);
  const { status: found } = await ask(connection, { op: 'status' });
  if (!found) throw refusal('the running policyd gave no status: is it of another version?');
  const sockets = oldSockets(found.workloads);
  if (options.json) print(JSON.stringify({ running: true, enforcing: true, ...found, oldSockets: sockets }, undefined, 2));
  else print(statusText(found, sockets));
  return exitCode.ok;
}

function withoutDaemon({ pins, json }: StatusOptions): number {
  const missing = missingOnMachine();
  if (missing.length > 0) throw refusalOfFailures(missing);
  const found = pinnedState(pins);
  const enforcing = found !== undefined && governed(found).length > 0;
  if (json) print(JSON.stringify({ running: false, enforcing, pins, ...shown(found) }, undefined, 2));
  else print(withoutDaemonText(pins, found));
  return enforcing ? exitCode.ok : exitCode.refused;
}

/** What is governed, in words; nothing if nothing is. */
function governed({ cgroups, interfaces }: PinnedState): readonly string[] {
  const alive = cgroups.filter((cgroup) => cgroup.alive).length;
  return [...(alive > 0 ? [counted(alive, 'cgroup')] : []), ...(interfaces > 0 ? [counted(interfaces, 'interface')] : [])];
}

/** Of the host itself: for how long, if nobody confirmed it. */
function hostLine({ host }: PinnedState): readonly string[] {
  if (!host) return [];
  if (host.isOver && host.former) return ['the host is governed as before: nobody confirmed its new policies in time'];
  if (host.isOver) return ['the host is not governed any more: nobody confirmed its policies in time'];
  if (host.until === 0n) return ['the host itself is governed'];
  return [
    `the host itself is governed for ${counted(Number((host.until - monotonicNow()) / 1_000_000_000n), 'second')} more: nobody has confirmed it`,
  ];
}

const shown = (found: PinnedState | undefined) =>
  found && {
    revision: found.revision,
    interfaces: found.interfaces,
    ...(found.host && { host: { isOver: found.host.isOver, former: found.host.former, confirmed: found.host.until === 0n } }),
    cgroups: found.cgroups.map(({ id, alive }) => ({ id: String(id), alive })),
  };

function withoutDaemonText(pins: string, found: PinnedState | undefined): string {
  if (!found) return `policyd does not run, and nothing is loaded (no pins under ${pins})`;
  const places = governed(found);
  if (places.length === 0) return `policyd does not run; programs are pinned under ${pins}, but no cgroup is governed by them`;
  return [
    ...hostLine(found),
    `policyd does not run, but enforcement is on: revision ${found.revision} governs ${places.join(' and ')} (pins under ${pins})`,
    '`policyd run` takes it over, `policyd unload` ends it',
  ].join('\n');
}
