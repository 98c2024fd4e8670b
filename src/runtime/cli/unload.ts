// `policyd unload`: takes everything out of the kernel. Needs no bundle, no inventory and no daemon; if one runs, it is
// ended first, so that it does not put anything back.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, connect } from '../daemon/client.ts';
import { removeAll } from '../daemon/daemon.ts';
import { refusal, refusalOfFailures } from '../daemon/refusal.ts';
import { lockHolder, lockPins, type StateFolder, stateFolderAt, takeLock } from '../daemon/state-folder.ts';
import { probe } from '../kernel/features.ts';
import { counted, exitCode, log } from './common.ts';

export type UnloadOptions = { readonly state: string; readonly pins: string };

export async function unload(options: UnloadOptions): Promise<number> {
  const missing = probe('root');
  if (missing) throw refusalOfFailures([missing]);
  const folder = stateFolderAt(options.state);
  const ended = await endDaemon(folder);
  // A daemon with another state folder would find its tables gone.
  if (existsSync(options.pins)) lockPins(options.pins).release();
  const { links, programs, maps } = removeAll(folder, options.pins);
  const nothing = links + programs + maps === 0;
  if (ended) log('the running policyd was asked to end and has unloaded');
  else if (nothing) log(`nothing was loaded (no pins under ${options.pins})`);
  if (!nothing)
    log(
      `unloaded: ${counted(links, 'attachment')}, ${counted(programs, 'program')}, ${counted(maps, 'table')}; nothing is enforced any more`,
    );
  return exitCode.ok;
}

/** Milliseconds that a daemon has to end. */
const patience = 10_000;

async function endDaemon(folder: StateFolder): Promise<boolean> {
  const connection = await connect(folder);
  if (!connection) return false;
  await ask(connection, { op: 'stop', unload: true });
  for (const until = Date.now() + patience; Date.now() < until; await sleep(20)) {
    if (!existsSync(folder.socket) && isFree(folder)) return true;
  }
  throw refusal(`the running policyd (process ${lockHolder(folder)}) does not end`, 'kill it and run this command again');
}

function isFree(folder: StateFolder): boolean {
  try {
    takeLock(folder).release();
    return true;
  } catch {
    return false;
  }
}
