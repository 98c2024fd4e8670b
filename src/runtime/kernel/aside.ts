// Pins of a policyd whose kernel layouts are others, newer or older. They are moved aside, not taken away: what it attached decides
// on with its own tables until this one's programs have taken its place, link by link. Maps that only count move over, where both
// versions count in the same form, and are counted into by both meanwhile: then no count is lost.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  eventProtocol,
  fixedCause,
  hubbleVerdict,
  layouts,
  limits,
  lostReason,
  matchType,
  requestMethod,
  section,
} from '../../compiler/ir/abi.ts';

/** Maps that count, and that nothing is decided by. */
const countMaps = [
  'counters',
  'counter_cells',
  'lost',
  'http_requests',
  'http_durations',
  'dns_queries',
  'dns_responses',
  'dns_response_types',
] as const;

const { firstDynamic: _, ...ownCauses } = fixedCause;
const { counters, counterCells, requestCounters, requestMethods, durationBuckets, queryTypes, answerCounters } = limits;
/** The form in which this version counts: keys, values, and what the numbers in them mean. */
const form = [
  [layouts.counterKey, layouts.counterCell, layouts.requestKey, layouts.durations],
  [section, matchType, hubbleVerdict, eventProtocol, requestMethod, lostReason, Object.keys(ownCauses).length],
  [counters, counterCells, requestCounters, requestMethods, durationBuckets, queryTypes, answerCounters],
];
/** A folder of this name stands beside the maps. */
export const countsMark = `counts-${createHash('sha256').update(JSON.stringify(form)).digest('hex').slice(0, 16)}`;

const namesIn = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : []);
const asides = (root: string): readonly string[] =>
  namesIn(root)
    .filter((name) => /^aside-\d+$/.test(name))
    .sort((a, b) => Number(b.slice(6)) - Number(a.slice(6)));

/** Moves maps and marks under `root` aside; `abi`: the name of the mark of their layouts, which goes last. */
export function moveAside(root: string, abi: string): void {
  const [newest] = asides(root);
  const folder = join(root, `aside-${newest === undefined ? 0 : Number(newest.slice(6)) + 1}`);
  mkdirSync(folder, { mode: 0o700 });
  const marks = namesIn(root).filter((name) => name.startsWith('counts-'));
  for (const name of ['maps', ...marks, abi]) if (existsSync(join(root, name))) renameSync(join(root, name), join(folder, name));
}

/** Takes maps that count over into `maps`; false where there are some that count in another form. */
export function takeCounts(root: string, maps: string): boolean {
  let isWhole = true;
  for (const folder of asides(root).map((name) => join(root, name))) {
    const found = namesIn(join(folder, 'maps')).filter((name) => countMaps.some((one) => one === name));
    if (!existsSync(join(folder, countsMark))) isWhole &&= found.length === 0;
    else for (const name of found) if (!existsSync(join(maps, name))) renameSync(join(folder, 'maps', name), join(maps, name));
  }
  return isWhole;
}

/** Takes away what was moved aside. */
export function dropAsides(root: string): void {
  for (const name of asides(root)) {
    const folder = join(root, name);
    for (const map of namesIn(join(folder, 'maps'))) unlinkSync(join(folder, 'maps', map));
    for (const part of namesIn(folder)) rmdirSync(join(folder, part));
    rmdirSync(folder);
  }
}
