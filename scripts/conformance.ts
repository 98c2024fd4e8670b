// Holds our reading of other people's policies against verdicts that their own engines gave:
//
//   npm run conformance -- FILE...        every difference, with the policies and the flow
//   npm run conformance -- --brief FILE   the differences alone
//   npm run conformance -- --only NAME FILE
//
// The last line is `N passed, N failed, N skipped`; a case is one flow. Files of the format: scripts/conformance/format.ts.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Case, readCases } from './conformance/format.ts';
import { type CaseResult, runCase } from './conformance/run-case.ts';

const usage = 'npm run conformance -- [--brief] [--only NAME] FILE...';

function argumentsOf(): { readonly brief: boolean; readonly only: string | undefined; readonly files: readonly string[] } {
  try {
    const options = { brief: { type: 'boolean', default: false }, only: { type: 'string' } } as const;
    const { values, positionals } = parseArgs({ allowPositionals: true, options });
    return { brief: values.brief, only: values.only, files: positionals };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return process.exit(2);
  }
}

const { brief, only, files } = argumentsOf();

const totals = { passed: 0, failed: 0, skipped: 0 };
const reasons = new Map<string, number>();

function report({ name, policies }: Case, { passed, mistakes, skipped, texts }: CaseResult): void {
  totals.passed += passed;
  totals.failed += mistakes.length;
  for (const [reason, count] of skipped) {
    totals.skipped += count;
    reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  if (mistakes.length === 0) return;
  console.log(`--- ${name}`);
  if (!brief) console.log(`${policies.trimEnd()}\n--- read as\n${texts.join('\n').trimEnd()}`);
  for (const { flow, text } of mistakes) console.log(flow ? `${text}\n    ${JSON.stringify(flow)}` : text);
}

if (files.length === 0) {
  console.error(usage);
  process.exitCode = 2;
}
/** A file that is none of cases, or a case that cannot be judged, is a failure: whoever reads the last line has to see it. */
function attempt(what: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    totals.failed++;
    console.log(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

for (const path of files) {
  attempt(path, () => {
    const cases = readCases(readFileSync(path, 'utf8')).filter(({ name }) => only === undefined || name === only);
    if (cases.length === 0) console.log(`${path}: no cases`);
    for (const one of cases) attempt(one.name, () => report(one, runCase(one)));
  });
}
if (files.length > 0) {
  for (const [reason, count] of reasons) console.log(`skipped: ${reason} (${count})`);
  console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;
}
