// Runs one test program and reads its result: how many of its tests passed, failed, or were skipped and why.
import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { type Program, root } from './suites.ts';

export type Skip = { readonly name: string; readonly reason: string };
export type Result = {
  readonly program: Program;
  readonly passed: number;
  readonly failed: number;
  readonly skips: readonly Skip[];
  readonly milliseconds: number;
  /** Everything that the program printed. */
  readonly output: string;
};
type Ended = { readonly code: number | null; readonly output: string; readonly timedOut: boolean };

const outputLimit = 4 << 20;
const running = new Set<number>();

/** Signals the program's whole process group; gone already is as good. */
function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch {
    running.delete(group);
  }
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => {
    for (const group of running) signal(group, 'SIGTERM');
    process.exit(130);
  });
}

const spawnProgram = (program: Program): Promise<Ended> =>
  new Promise((resolve) => {
    const [command, ...args] = program.command;
    // A group of its own, so that a test that hangs is ended together with what it started.
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...program.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const group = child.pid ?? 0;
    let output = '';
    let timedOut = false;
    const timers = [
      setTimeout(() => {
        timedOut = true;
        signal(group, 'SIGTERM');
      }, program.seconds * 1000),
      setTimeout(() => signal(group, 'SIGKILL'), (program.seconds + 10) * 1000),
    ];
    const add = (chunk: Buffer) => {
      if (output.length < outputLimit) output += chunk.toString();
    };
    if (group > 0) running.add(group);
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.on('error', (error) => add(Buffer.from(`${error.message}\n`)));
    child.on('close', (code) => {
      for (const timer of timers) clearTimeout(timer);
      running.delete(group);
      resolve({ code, output, timedOut });
    });
  });

const count = (output: string, label: string): number | undefined => {
  const found = [...output.matchAll(new RegExp(`^\\s*${label}:\\s+(\\d+)`, 'gm'))].at(-1)?.[1];
  return found === undefined ? undefined : Number(found);
};

/** `SKIP name: reason` lines; one that is printed twice is one skip. */
function skipsIn(output: string): readonly Skip[] {
  const found = [...output.matchAll(/\bSKIP ([^\n]+?): ([^\n]+)/g)];
  return [...new Map(found.map(([line, name = '', reason = '']) => [line, { name, reason: reason.trim() }])).values()];
}

/** uvu counts a test that printed its SKIP line and returned as passed: such a one is taken back. */
function uvuCounts(ended: Ended): Pick<Result, 'passed' | 'failed' | 'skips'> {
  const output = stripVTControlCharacters(ended.output);
  const skips = skipsIn(output);
  const total = count(output, 'Total');
  const broken = ended.code !== 0 || ended.timedOut;
  if (total === undefined) return { passed: 0, failed: broken || skips.length === 0 ? 1 : 0, skips };
  const passed = count(output, 'Passed') ?? 0;
  const unregistered = Math.max(0, skips.length - (count(output, 'Skipped') ?? 0));
  const failed = total - passed;
  return { passed: Math.max(0, passed - unregistered), failed: broken ? Math.max(1, failed) : failed, skips };
}

/** Runs it to its end or its time limit. */
export async function runProgram(program: Program): Promise<Result> {
  const start = performance.now();
  const ended = await spawnProgram(program);
  const milliseconds = performance.now() - start;
  const output = ended.timedOut ? `${ended.output}\nended after its limit of ${program.seconds} s\n` : ended.output;
  if (program.report === 'uvu') return { program, milliseconds, output, ...uvuCounts(ended) };
  const good = ended.code === 0 && !ended.timedOut;
  const skips = good ? skipsIn(stripVTControlCharacters(output)) : [];
  return { program, milliseconds, output, passed: good && skips.length === 0 ? 1 : 0, failed: good ? 0 : 1, skips };
}
