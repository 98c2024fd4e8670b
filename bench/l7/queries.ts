// DNS queries over UDP: dnsmasq answers them, dnsperf asks, by itself and as a workload whose policy lets its queries through.
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { inCgroup } from '../../test/harness/kernel.ts';
import { programTime } from './load.ts';
import { folder, freshPort, governedCgroup, started } from './servers.ts';

/** Queries a second; how many there were, and how many of them were not answered. */
export type Asked = { readonly rate: number; readonly queries: number; readonly lost: number };
export type Resolver = {
  readonly bare: () => Asked;
  readonly governed: () => Asked;
  /** Nanoseconds that our programs have run. */
  readonly programTime: () => number;
};

const numberIn = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);

/** One second of queries, 16 at a time. */
function ask(port: number, file: string): Asked {
  const words = ['-s', '127.0.0.1', '-p', String(port), '-d', file, '-l', '1', '-c', '1', '-T', '1', '-q', '16'];
  const text = execFileSync('dnsperf', words, { encoding: 'utf8' });
  return {
    rate: numberIn(text, /Queries per second:\s+([\d.]+)/),
    queries: numberIn(text, /Queries sent:\s+(\d+)/),
    lost: numberIn(text, /Queries lost:\s+(\d+)/),
  };
}

/** Each of the names is a rule of its own; all are asked. */
export async function resolver(): Promise<Resolver> {
  const port = freshPort();
  const names = Array.from({ length: 100 }, (_, i) => `www${i}.bench.example`);
  const file = join(folder(), 'queries');
  writeFileSync(file, names.map((name) => `${name} A\n`).join(''));
  const records = names.map((name) => `--host-record=${name},192.0.2.1`);
  const words = ['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--pid-file=', '--user=root'];
  const place = [`--port=${port}`, '--listen-address=127.0.0.1', '--bind-interfaces'];
  await started(spawn('dnsmasq', [...words, ...place, ...records], { stdio: 'ignore' }), [port]);
  const rules = names.map((name) => `    allow to host at udp ${port} dns { "${name}" }`).join('\n');
  const { cgroup, loaded } = governedCgroup(`policy web for { app: "web" } {\n  egress {\n${rules}\n  }\n}\n`, 'l7/dns');
  await wait(100);
  return {
    bare: () => ask(port, file),
    governed: () => inCgroup(cgroup, () => ask(port, file)),
    programTime: () => programTime(loaded),
  };
}
