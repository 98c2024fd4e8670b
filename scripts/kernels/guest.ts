// Runs inside of the machine: the survey, then each program given, one after the other. Tells everything as lines of JSON.
//
//   node guest.mjs PLAN.json      { programs: [{ name, file }], seconds }
import { readFileSync } from 'node:fs';
import { runProgram } from '../test/program.ts';
import { type Plan, type Report, reportMark } from './report.ts';
import { survey } from './survey.ts';

const outputLimit = 20_000;
const tell = (report: Report): void => void process.stdout.write(`${reportMark}${JSON.stringify(report)}\n`);

const plan: Plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
tell({ kind: 'survey', survey: survey() });
for (const { name, file } of plan.programs) {
  const { passed, failed, skips, milliseconds, output } = await runProgram({
    suite: 'kernels',
    name,
    command: [process.execPath, file],
    report: 'uvu',
    seconds: plan.seconds,
    alone: true,
  });
  // Of one alone, what it found out is what it was run for.
  const said = failed > 0 || plan.programs.length === 1 ? output.slice(-outputLimit) : '';
  tell({ kind: 'test', result: { name, passed, failed, skips, milliseconds, output: said } });
}
process.exit(0);
