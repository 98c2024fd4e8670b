// Runs the suites: every *.test.ts under test/ is a program of its own (uvu), `checks` are the static ones. Prints a
// line for each as it ends, what failed at once with its output, each suite's share, and as the very last line
// `N passed, N failed, N skipped`. With --all a program of a suite that is timed (kernel, cli) and failed runs once more
// when nothing runs beside it; one that passes then is told as unsteady, with the output of its failure.
//
//   tsx scripts/test.ts             what `npm test` runs
//   tsx scripts/test.ts --all       the long suites too
//   tsx scripts/test.ts kernel cli  these suites only (or files: any text that stands in their path)
import { availableParallelism } from 'node:os';
import { bundled, withSourcePlaces } from './test/bundled.ts';
import { checks } from './test/checks.ts';
import { kernelPrograms } from './test/kernels.ts';
import { type Result, runProgram } from './test/program.ts';
import { printAgain, printFailure, printLine, printShares, progress, totals } from './test/report.ts';
import { filePrograms, inOrder, type Program } from './test/suites.ts';

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const long = process.argv.includes('--all');

const chosen = inOrder([...checks(), ...filePrograms(long), ...kernelPrograms(long)]).filter(
  ({ suite, name }) => wanted.length === 0 || wanted.some((text) => suite === text || name.includes(text)),
);
if (process.argv.slice(2).some((argument) => argument.startsWith('--') && argument !== '--all') || chosen.length === 0) {
  console.error(
    'usage: tsx scripts/test.ts [--all] [SUITE or part of a file name ...]   (`demo`, `package`, `kernels` and *.long.test.ts need --all)',
  );
  process.exit(2);
}

/** So many at once: about a fifth of their time programs wait for something, and another one has the processor meanwhile. */
const most = availableParallelism() + 1;

/** Starts the next program whose suite is free: a suite that is `alone` has one program at a time. */
async function runAll(programs: readonly Program[], onEnd: (result: Result) => void): Promise<void> {
  const queue = [...programs];
  const running = new Map<Program, Promise<void>>();
  const free = (program: Program) => !program.alone || ![...running.keys()].some(({ suite }) => suite === program.suite);
  while (queue.length > 0 || running.size > 0) {
    for (let at = queue.findIndex(free); at >= 0 && running.size < most; at = queue.findIndex(free)) {
      const [program] = queue.splice(at, 1);
      if (program === undefined) break;
      running.set(
        program,
        runProgram(program).then((result) => {
          running.delete(program);
          onEnd(result);
        }),
      );
    }
    progress([...running.keys()].map(({ name }) => name));
    await Promise.race(running.values());
  }
}

/** A failed one of a timed suite, once more and alone: its second result. */
async function steadied(result: Result): Promise<Result> {
  if (!long || result.failed === 0 || !result.program.alone) return result;
  const again = withSourcePlaces(await runProgram(result.program));
  printAgain(again);
  return again;
}

const start = performance.now();
const ended: Result[] = [];
await runAll(await bundled(chosen), (one) => {
  const result = withSourcePlaces(one);
  ended.push(result);
  printLine(result, `${ended.length}/${chosen.length}`);
  if (result.failed > 0) printFailure(result);
});
const results: Result[] = [];
for (const result of ended) results.push(await steadied(result));
const unsteady = ended.filter(({ failed }, i) => failed > 0 && results[i]?.failed === 0);
printShares(results, unsteady, performance.now() - start);
process.exitCode = totals(results).failed > 0 || results.length === 0 ? 1 : 0;
