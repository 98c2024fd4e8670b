// One run on one kernel: bundles the tests, boots the kernel (or stays on this machine's), prints each result as it
// comes, and records what was found out.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { templateNames, templateObject } from '../../test/harness/kernel.ts';
import { packetRunsLibrary } from '../../test/harness/packet-runs.ts';
import { bundle } from '../test/bundle.ts';
import { root } from '../test/suites.ts';
import { kernelVersions, prepare, Unavailable } from './debian.ts';
import { boot, type Job } from './machine.ts';
import { type Outcome, record } from './record.ts';
import { type Plan, type Report, reportMark, type TestResult } from './report.ts';
import type { Survey } from './survey.ts';

/** So much of what this process was told is told to tests in the machine. */
const passedOn = ['PAIRS', 'SEED'] as const;
const environment = (): Readonly<Record<string, string>> => ({
  // More of it where other work has the processors too.
  PATIENCE: String(Math.max(8, Number(process.env['PATIENCE'] ?? 0))),
  ...Object.fromEntries(passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))),
});

const guest = 'scripts/kernels/guest.ts';

/** `seconds`: one machine may take so long for everything; the slowest of several tests has half of it. */
export type Run = { readonly files: readonly string[]; readonly seconds: number };

type Told = { survey: Survey | undefined; readonly results: TestResult[]; readonly noise: string[] };

const skipLines = (kernel: string, { name, skips }: TestResult): readonly string[] => [
  ...new Set(skips.map((skip) => `SKIP ${name} on ${kernel}, ${skip.name}: ${skip.reason}`)),
];

function printResult(kernel: string, result: TestResult): void {
  const { name, passed, failed, skips, milliseconds, output } = result;
  console.log(
    `${failed > 0 ? 'FAIL' : 'ok  '} ${kernel} ${name}  ${passed} passed, ${failed} failed, ${skips.length} skipped  ${(milliseconds / 1000).toFixed(1)} s`,
  );
  for (const line of skipLines(kernel, result)) console.log(line);
  if (output !== '') console.log(output);
}

const outcomes = (results: readonly TestResult[]): Readonly<Record<string, Outcome>> =>
  Object.fromEntries(results.map(({ name, passed, failed, skips }) => [name, { passed, failed, skipped: skips.length }]));

function listener(kernel: string, told: Told): (line: string) => void {
  return (line) => {
    const text = line.trimEnd();
    if (!text.startsWith(reportMark)) {
      told.noise.push(text);
      return;
    }
    const report: Report = JSON.parse(text.slice(reportMark.length));
    if (report.kind === 'survey') {
      told.survey = report.survey;
      record(report.survey, {});
      return;
    }
    told.results.push(report.result);
    printResult(kernel, report.result);
    // At once: what a run has found out is kept when it is ended.
    if (told.survey !== undefined) record(told.survey, outcomes([report.result]));
  };
}

/** Runs the guest program in a machine, or here; false if it did not come to its end. */
async function runGuest(kernel: string, job: Pick<Job, 'command' | 'seconds' | 'onLine' | 'systemd'>): Promise<string | undefined> {
  if (kernel === 'here') {
    const [program = '', ...args] = job.command;
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: child.stdout }).on('line', job.onLine);
    const [code] = await once(child, 'close');
    return code === 0 ? undefined : `it ended with ${code}`;
  }
  const version = kernelVersions.find((each) => each === kernel);
  if (version === undefined) throw new Error(`no kernel ${kernel}`);
  const { ended, log } = await boot(prepare(version), { ...job, cwd: root, environment: environment() });
  return ended ? undefined : `it did not come to its end; the kernel said:\n${log.slice(-4000)}`;
}

/** Those of systemd have a machine of their own, whose first process it is. */
const isOfSystemd = (file: string): boolean => basename(file).startsWith('systemd');
const machinesFor = (kernel: string, files: readonly string[]): readonly (readonly string[])[] =>
  kernel === 'here'
    ? [files]
    : [false, true].map((one) => files.filter((file) => isOfSystemd(file) === one)).filter(({ length }) => length > 0);

type Machine = { readonly kernel: string; readonly folder: string; readonly bundles: ReadonlyMap<string, string>; readonly told: Told };

/** What went wrong with the machine itself. */
async function runMachine({ kernel, folder, bundles, told }: Machine, { files, seconds }: Run): Promise<string | undefined> {
  const plan: Plan = {
    seconds: files.length === 1 ? seconds : seconds / 2,
    programs: files.map((name) => ({ name, file: bundles.get(name) ?? '' })),
  };
  const [place, systemd] = [join(folder, 'plan.json'), files.every(isOfSystemd)];
  writeFileSync(place, JSON.stringify(plan));
  const command = [process.execPath, bundles.get(guest) ?? '', place];
  return runGuest(kernel, { command, seconds, systemd, onLine: listener(kernel, told) });
}

/** Runs test files on a kernel and prints their results. A machine that cannot boot it skips them, with the reason. */
export async function runKernel(kernel: string, { files, seconds }: Run): Promise<Outcome> {
  const folder = join(root, 'build', `kernel-run-${process.pid}-${kernel}`);
  const told: Told = { survey: undefined, results: [], noise: [] };
  try {
    if (kernel !== 'here') for (const version of kernelVersions) if (version === kernel) prepare(version);
    // Here, not in the machine: a compiler under emulation takes a minute for each.
    for (const template of templateNames()) templateObject(template);
    packetRunsLibrary();
    mkdirSync(folder, { recursive: true });
    const machine = { kernel, folder, bundles: await bundle([guest, ...files], folder), told };
    let problems = 0;
    for (const group of machinesFor(kernel, files)) {
      const problem = await runMachine(machine, { files: group, seconds });
      if (problem === undefined) continue;
      problems++;
      console.log(`FAIL ${kernel}: ${problem}\n${told.noise.slice(-60).join('\n')}`);
    }
    const tests = outcomes(told.results);
    const sum = (of: (outcome: Outcome) => number): number => Object.values(tests).reduce((total, outcome) => total + of(outcome), 0);
    return {
      passed: sum(({ passed }) => passed),
      failed: sum(({ failed }) => failed) + problems,
      skipped: sum(({ skipped }) => skipped),
    };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.log(`SKIP kernel ${kernel}: ${error.message}`);
    return { passed: 0, failed: 0, skipped: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
