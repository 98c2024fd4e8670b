// The queries of network-config-analyzer's own tests, answered: `npm run corpora -- nca`.
import { explanationOf } from './nca/differences.ts';
import type { Outcome, Run } from './nca/run.ts';

/** Every difference with its reason, what was skipped, the times, and last `N passed, N failed, N skipped`. */
export function ncaReport(run: Run): string {
  const { outcomes } = run;
  const of = (outcome: string) => outcomes.filter((one) => one.outcome === outcome);
  const lines = (outcome: string): readonly string[] =>
    of(outcome).map(({ scheme, query, reason = '' }) => {
      const why = outcome === 'failed' ? `\n  why: ${explanationOf(scheme, query) ?? 'not explained yet'}` : '';
      return `${outcome}: ${scheme}: ${query}: ${reason}${why}`;
    });
  const { known, own, other } = totals(run);
  const slow = known.filter(({ recorded }) => recorded >= 1);
  return [
    ...lines('skipped'),
    ...lines('failed'),
    '',
    `processor time of this process, the best of eight, against what was recorded for that tool on another machine (${known.length} files; those of 1 s and more):`,
    ...slow.map(({ scheme, milliseconds, recorded }) => timeLine(scheme, milliseconds / 1000, recorded)),
    timeLine('in sum', own, other),
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
/** The same for docs/corpora.md: what differs and why, and how long it takes. */
export function ncaSection(run: Run): string {
  const failed = run.outcomes.filter(({ outcome }) => outcome === 'failed');
  const reasons = new Map<string, number>();
  for (const { scheme, query } of failed) {
    const why = explanationOf(scheme, query) ?? 'not explained yet';
    reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  const { own, other, known } = totals(run);
  const least = Math.min(
    ...known.filter(({ recorded }) => recorded >= 1).map(({ milliseconds, recorded }) => (1000 * recorded) / milliseconds),
  );
  return [
    '## Questions of network-config-analyzer\n',
    'The scheme files of its own tests ask whether sets of Kubernetes policies are equivalent, contained, redundant, empty, and what connections they',
    'allow, and say the answers. They are answered from the analyses behind `policyc list` and `policyc query` (`npm run corpora -- nca` lists every',
    'difference, and what is skipped: what needs Ingresses or Istio, inventories that the collection does not have, queries without an answer).',
    `Queries: ${counts(run.outcomes.filter((one) => !isOfReading(one)))}. Sets that should be refused, or not: ${counts(run.outcomes.filter(isOfReading))}.\n`,
    '| differences | why |\n|---|---|',
    ...[...reasons].map(([why, count]) => `| ${count} | ${why} |`),
    `\nTime, as processor time of one process that has warmed up: ${own.toFixed(2)} s for ${known.length} files, against ${other.toFixed(1)} s that the collection`,
    `records for that tool, on another machine: ${Math.floor(other / own)} times less in sum, ${Math.floor(least)} times less or more for every file recorded at 1 s and more.\n`,
  ].join('\n');
}

type Known = { readonly scheme: string; readonly milliseconds: number; readonly recorded: number };

/** Of the files of which it is known: seconds of both. */
function totals({ times }: Run): { readonly known: readonly Known[]; readonly own: number; readonly other: number } {
  const known = times.flatMap(({ recorded, ...time }) => (recorded === undefined ? [] : [{ ...time, recorded }]));
  return { known, own: sum(known.map(({ milliseconds }) => milliseconds)) / 1000, other: sum(known.map(({ recorded }) => recorded)) };
}

const timeLine = (what: string, own: number, other: number): string =>
  `${(other / own).toFixed(0).padStart(6)} times  ${own.toFixed(3)} s against ${other.toFixed(2)} s  ${what}`;
