// The numbers that pinned kernel tables speak in — causes and endpoint ids — with their place on disk. They are saved
// before a generation that uses new ones is in force, so that no counter is ever raised for a number nobody can read.
import { CauseTable } from '../events/causes.ts';
import { EndpointIds } from '../inventory/endpoints.ts';
import type { Identities } from './enforcement.ts';
import { savedCauses, savedEndpoints } from './saved.ts';
import { add, loadAdded, loadSaved, type StateFolder, save } from './state-folder.ts';

/** Takes up what an earlier run saved. `used`: causes in pinned counters; none of them is handed out again even if the file is lost. */
export function openIdentities(folder: StateFolder, used: readonly number[]): Identities {
  const added = loadAdded(folder, 'causes').flatMap((one) => savedCauses([one]));
  const causes = new CauseTable([...savedCauses(loadSaved(folder, 'causes')), ...added], used);
  const ids = new EndpointIds(savedEndpoints(loadSaved(folder, 'endpoints')));
  let [savedAtAll, savedIds] = [-1, -1];
  const saveNew = () => {
    // As a whole once; then there may be very many, and a change brings few.
    if (savedAtAll < 0) save(folder, 'causes', causes.saved());
    else add(folder, 'causes', causes.savedAfter(savedAtAll));
    savedAtAll = causes.size;
    if (ids.size !== savedIds) save(folder, 'endpoints', ids.saved());
    savedIds = ids.size;
  };
  return { causes, ids, save: saveNew };
}
