// The numbers that pinned kernel tables speak in — causes and endpoint ids — with their place on disk. They are saved
// before a generation that uses new ones is in force, so that no counter is ever raised for a number nobody can read.
import { CauseTable } from '../events/causes.ts';
import { EndpointIds } from '../inventory/endpoints.ts';
import type { Identities } from './enforcement.ts';
import { savedCauses, savedEndpoints } from './saved.ts';
import { loadSaved, type StateFolder, save } from './state-folder.ts';

/** Takes up what an earlier run saved. `used`: causes in pinned counters; none of them is handed out again even if the file is lost. */
export function openIdentities(folder: StateFolder, used: readonly number[]): Identities {
  const causes = new CauseTable(savedCauses(loadSaved(folder, 'causes')), used);
  const ids = new EndpointIds(savedEndpoints(loadSaved(folder, 'endpoints')));
  let known = '';
  const saveNew = () => {
    const now = `${causes.size} ${ids.size}`;
    if (now === known) return;
    save(folder, 'causes', causes.saved());
    save(folder, 'endpoints', ids.saved());
    known = now;
  };
  return { causes, ids, save: saveNew };
}
