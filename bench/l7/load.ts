// A client (wrk) with keep-alive connections, and what it measured; the time of our programs while it ran.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Loaded } from '../../src/runtime/kernel/load.ts';
import type { Target } from './servers.ts';

/** Requests a second, half and 99 % of them in so many microseconds; how many had no 2xx or 3xx. */
export type Measured = {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly requests: number;
  readonly refused: number;
};

const unit: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };

function microseconds(text: string, percent: string): number {
  const [, number = 'NaN', name = 'us'] = new RegExp(`^\\s*${percent}%\\s+([\\d.]+)(us|ms|s)`, 'm').exec(text) ?? [];
  return Number(number) * (unit[name] ?? Number.NaN);
}

const numberIn = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);

/** One second of requests for a path on `connections` connections. */
export function load({ port }: Target, path: string, connections = 16): Measured {
  const words = ['-t1', `-c${connections}`, '-d1s', '--latency', `http://127.0.0.1:${port}${path}`];
  const text = execFileSync('wrk', words, { encoding: 'utf8' });
  return {
    rate: numberIn(text, /Requests\/sec:\s+([\d.]+)/),
    p50: microseconds(text, '50'),
    p99: microseconds(text, '99'),
    requests: numberIn(text, /(\d+) requests in/),
    refused: numberIn(text, /Non-2xx or 3xx responses: (\d+)/),
  };
}

/** Nanoseconds that programs of `loaded` have run, as the kernel counts while it is told to; of these names, or all. */
export function programTime({ programs }: Loaded, names: readonly string[] = [...programs.keys()]): number {
  let time = 0;
  for (const name of names) {
    const info = readFileSync(`/proc/self/fdinfo/${programs.get(name)}`, 'utf8');
    time += Number(/^run_time_ns:\s*(\d+)/m.exec(info)?.[1] ?? 0);
  }
  return time;
}

const statistics = '/proc/sys/kernel/bpf_stats_enabled';

/** Runs `action` while the kernel counts the time of programs. */
export function counting<T>(action: () => T): T {
  const before = readFileSync(statistics, 'utf8').trim();
  const set = (value: string): void => void execFileSync('/bin/sh', ['-c', `echo ${value} > ${statistics}`]);
  set('1');
  try {
    return action();
  } finally {
    set(before);
  }
}
