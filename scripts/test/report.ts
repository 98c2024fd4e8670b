// What the runner prints: a line for each program, the output of those that failed, each suite's share, the totals.
import picocolors from 'picocolors';
import type { Result } from './program.ts';

type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };

const onTerminal = process.stdout.isTTY === true;
const { dim, green, red, yellow } = picocolors.createColors(onTerminal);
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

export const totals = (results: readonly Result[]): Counts => ({
  passed: results.reduce((sum, { passed }) => sum + passed, 0),
  failed: results.reduce((sum, { failed }) => sum + failed, 0),
  skipped: results.reduce((sum, { skips }) => sum + skips.length, 0),
});

const countsText = ({ passed, failed, skipped }: Counts) => `${passed} passed, ${failed} failed, ${skipped} skipped`;

/** What runs now, on one line that the next one replaces; nothing where nobody looks. */
export function progress(names: readonly string[]): void {
  if (onTerminal) process.stdout.write(`\r\x1b[K${dim(names.join('  ').slice(0, (process.stdout.columns ?? 80) - 1))}`);
}

const clearProgress = () => {
  if (onTerminal) process.stdout.write('\r\x1b[K');
};

export function printLine(result: Result, place: string): void {
  clearProgress();
  const mark = result.failed > 0 ? red('FAIL') : result.passed > 0 ? green('ok  ') : yellow('skip');
  console.log(
    `${mark} ${dim(place.padStart(7))} ${result.program.name}  ${countsText(totals([result]))}  ${dim(seconds(result.milliseconds))}`,
  );
}

export const printFailure = ({ program, output }: Result): void =>
  console.log(`\n${output.trimEnd()}\n${red('end of what')} ${program.name} ${red('printed')}\n`);

export function printAgain(result: Result): void {
  printLine(result, 'again');
  if (result.failed > 0) printFailure(result);
}

/** One line for each reason: tests of a file that share it are counted. */
function skipLines({ program, skips }: Result): readonly string[] {
  return [...new Set(skips.map(({ reason }) => reason))].map((why) => {
    const names = skips.filter(({ reason }) => reason === why).map(({ name }) => name);
    return `  ${program.name}: ${names.length > 2 ? `${names.length} tests` : names.join(', ')}: ${why}`;
  });
}

const named = (title: string, results: readonly Result[]) =>
  results.length === 0 ? '' : `\n${title}:\n${results.map(({ program }) => `  ${program.name}`).join('\n')}`;

/** What failed or is unsteady, every skip with its reason, each suite's share, and the totals as the last line. */
export function printShares(results: readonly Result[], unsteady: readonly Result[], wall: number): void {
  clearProgress();
  const failures = results.filter(({ failed }) => failed > 0);
  for (const text of [named('failed', failures), named('unsteady: failed, and passed when nothing ran beside', unsteady)])
    if (text !== '') console.log(text);
  const skips = results.flatMap(skipLines);
  if (skips.length > 0) console.log(`\nskipped:\n${skips.join('\n')}`);
  console.log('\nsuite                     time   tests');
  for (const suite of new Set(results.map(({ program }) => program.suite))) {
    const own = results.filter(({ program }) => program.suite === suite);
    const time = own.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    console.log(`${suite.padEnd(20)}${seconds(time).padStart(10)}   ${countsText(totals(own))}`);
  }
  console.log(`${'wall clock'.padEnd(20)}${seconds(wall).padStart(10)}`);
  console.log(countsText(totals(results)));
}
