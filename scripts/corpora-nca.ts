// The queries of network-config-analyzer's own tests, answered: `npm run corpora -- nca`.
import { explanationOf } from './nca/differences.ts';
import type { Outcome, Run } from './nca/run.ts';

/** Every difference with its reason, what was skipped, the times, and last `N passed, N failed, N skipped`. */
export function ncaReport({ outcomes, times }: Run): string {
  const of = (outcome: string) => outcomes.filter((one) => one.outcome === outcome);
  const lines = (outcome: string): readonly string[] =>
    of(outcome).map(({ scheme, query, reason = '' }) => {
      const why = outcome === 'failed' ? `\n  why: ${explanationOf(scheme, query) ?? 'not explained yet'}` : '';
      return `${outcome}: ${scheme}: ${query}: ${reason}${why}`;
    });
  const known = times.flatMap(({ recorded, ...time }) => (recorded === undefined ? [] : [{ ...time, recorded }]));
  const total = { own: sum(known.map(({ milliseconds }) => milliseconds)) / 1000, other: sum(known.map(({ recorded }) => recorded)) };
  const slow = known.filter(({ recorded }) => recorded >= 1);
  return [
    ...lines('skipped'),
    ...lines('failed'),
    '',
    `processor time of this process, the best of eight, against what was recorded for that tool on another machine (${known.length} files; those of 1 s and more):`,
    ...slow.map(({ scheme, milliseconds, recorded }) => timeLine(scheme, milliseconds / 1000, recorded)),
    timeLine('in sum', total.own, total.other),
    '',
    `sets that should be refused, or not: ${counts(outcomes.filter(isOfReading))}`,
    counts(outcomes.filter((one) => !isOfReading(one))),
  ].join('\n');
}

/** Not a query, but whether policies can be read. */
export const isOfReading = ({ query }: Outcome): boolean => query.endsWith('(expectedError)');

function counts(among: readonly Outcome[]): string {
  const of = (outcome: Outcome['outcome']): number => among.filter((one) => one.outcome === outcome).length;
  return `${of('passed')} passed, ${of('failed')} failed, ${of('skipped')} skipped`;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const timeLine = (what: string, own: number, other: number): string =>
  `${(other / own).toFixed(0).padStart(6)} times  ${own.toFixed(3)} s against ${other.toFixed(2)} s  ${what}`;
