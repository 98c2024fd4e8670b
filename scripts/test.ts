// Runs the suites: every *.test.ts under test/ is a program of its own (uvu), `checks` are the static ones. Prints a
// line for each as it ends, each suite's share, and as the very last line `N passed, N failed, N skipped`.
//
//   tsx scripts/test.ts             what `npm test` runs
//   tsx scripts/test.ts --all       the long suites too
//   tsx scripts/test.ts kernel cli  these suites only (or files: any text that stands in their path)
import { availableParallelism } from 'node:os';
import { checks } from './test/checks.ts';
import { kernelPrograms } from './test/kernels.ts';
import { type Result, runProgram } from './test/program.ts';
import { printFailure, printLine, printShares, progress, totals } from './test/report.ts';
import { filePrograms, type Program } from './test/suites.ts';

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const long = process.argv.includes('--all');

const chosen = [...checks(), ...filePrograms(long), ...kernelPrograms(long)].filter(
  ({ suite, name }) => wanted.length === 0 || wanted.some((text) => suite === text || name.includes(text)),
);
if (process.argv.slice(2).some((argument) => argument.startsWith('--') && argument !== '--all') || chosen.length === 0) {
  console.error(
    'usage: tsx scripts/test.ts [--all] [SUITE or part of a file name ...]   (`demo`, `package`, `kernels` and *.long.test.ts need --all)',
  );
  process.exit(2);
}

/** Starts the next program whose suite is free: a suite that is `alone` has one program at a time. */
async function runAll(programs: readonly Program[], onEnd: (result: Result) => void): Promise<void> {
  const queue = [...programs];
  const running = new Map<Program, Promise<void>>();
  const free = (program: Program) => !program.alone || ![...running.keys()].some(({ suite }) => suite === program.suite);
  while (queue.length > 0 || running.size > 0) {
    for (let at = queue.findIndex(free); at >= 0 && running.size < Math.max(2, availableParallelism()); at = queue.findIndex(free)) {
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

const start = performance.now();
const results: Result[] = [];
await runAll(chosen, (result) => {
  results.push(result);
  printLine(result, `${results.length}/${chosen.length}`);
});
for (const result of results) if (result.failed > 0) printFailure(result);
printShares(results, performance.now() - start);
process.exitCode = totals(results).failed > 0 || results.length === 0 ? 1 : 0;
