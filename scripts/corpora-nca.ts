// The queries of network-config-analyzer's own tests, answered: `npm run corpora -- nca`.
import type { Run } from './nca/run.ts';

/** Every difference with its reason, what was skipped, the times, and last `N passed, N failed, N skipped`. */
export function ncaReport({ outcomes, times }: Run): string {
  const of = (outcome: string) => outcomes.filter((one) => one.outcome === outcome);
  const lines = (outcome: string): readonly string[] =>
    of(outcome).map(({ scheme, query, reason = '' }) => `${outcome}: ${scheme}: ${query}: ${reason}`);
  const known = times.flatMap(({ recorded, ...time }) => (recorded === undefined ? [] : [{ ...time, recorded }]));
  const total = { own: sum(known.map(({ milliseconds }) => milliseconds)) / 1000, other: sum(known.map(({ recorded }) => recorded)) };
  const slow = known.filter(({ recorded }) => recorded >= 1);
  return [
    ...lines('skipped'),
    ...lines('failed'),
    '',
    `time of this process, against what was recorded for the other tool on another machine (${known.length} files):`,
    ...slow.map(({ scheme, milliseconds, recorded }) => timeLine(scheme, milliseconds / 1000, recorded)),
    timeLine('in sum', total.own, total.other),
    '',
    `${of('passed').length} passed, ${of('failed').length} failed, ${of('skipped').length} skipped`,
  ].join('\n');
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const timeLine = (what: string, own: number, other: number): string =>
  `${(other / own).toFixed(0).padStart(6)} times  ${own.toFixed(3)} s against ${other.toFixed(2)} s  ${what}`;
