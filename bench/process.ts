// Fresh processes, measured.
import { execFileSync, spawnSync } from 'node:child_process';

type Said = { readonly stdout: string; readonly stderr: string };

/** What a fresh process prints; an error, with that, if it does not end with 0. */
function run(args: readonly string[]): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}:\n${`${stdout}${stderr}`.slice(0, 4000)}`);
  return { stdout, stderr };
}

/** Seconds of one fresh process. */
export function seconds(args: readonly string[]): number {
  const start = performance.now();
  run(args);
  return (performance.now() - start) / 1000;
}

const reporter =
  "data:text/javascript,process.on('exit',()=>{const {maxRSS,userCPUTime,systemCPUTime}=process.resourceUsage();console.error('used',maxRSS,userCPUTime+systemCPUTime)})";

/** Of one fresh process: seconds by the clock and of all its threads, its largest resident set in MiB, and what it printed. */
export type Sample = { readonly wall: number; readonly cpu: number; readonly mib: number; readonly stdout: string };
export function sample(args: readonly string[]): Sample {
  const start = performance.now();
  const { stdout, stderr } = run(['--import', reporter, ...args]);
  const wall = (performance.now() - start) / 1000;
  const [, kib = '', microseconds = ''] = /used (\d+) (\d+)/.exec(stderr) ?? [];
  return { wall, cpu: Number(microseconds) / 1e6, mib: Number(kib) / 1024, stdout };
}

/** Is there a program of this name? */
export function isThere(program: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
