// DNS queries over UDP: dnsmasq answers them, dnsperf asks, by itself and as a workload whose policy lets its queries through. Both
// over one way: a link between two network namespaces, as to a resolver elsewhere, or the loopback interface of one.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { atEnd, privateCgroup } from '../../test/harness/kernel.ts';
import { ip, mark, ran, space } from '../datapath/spaces.ts';
import { programTime } from './load.ts';
import { folder, freshPort, governedCgroup } from './servers.ts';

/** Queries a second; how many there were, and how many of them were not answered. */
export type Asked = { readonly rate: number; readonly queries: number; readonly lost: number };
export type Resolver = {
  readonly bare: () => Asked;
  readonly governed: () => Asked;
  /** Nanoseconds that our programs have run. */
  readonly programTime: () => number;
};
export type Way = 'link' | 'loopback';

const numberIn = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);

/** Client and server each on a core of its own: which of them gets more of both is not what is measured. */
const onCore = (core: number): readonly string[] => (availableParallelism() > 1 ? ['taskset', '-c', String(core)] : []);

/** Where the client and the server are, and the address of the server. */
function ends(way: Way): { readonly client: string; readonly server: string; readonly address: string } {
  const server = space(`${mark}dns${way}`);
  if (way === 'loopback') return { client: server, server, address: '127.0.0.1' };
  const client = space(`${mark}asks`);
  ip('-n', client, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', server);
  for (const [name, number] of [
    [client, 1],
    [server, 2],
  ] as const) {
    ip('-n', name, 'address', 'add', `10.201.0.${number}/30`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
  }
  return { client, server, address: '10.201.0.2' };
}

const names = Array.from({ length: 100 }, (_, i) => `www${i}.bench.example`);

function dnsmasq(where: { readonly server: string; readonly address: string }, port: number): void {
  const words = ['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--pid-file=', '--user=root'];
  const place = [`--port=${port}`, `--listen-address=${where.address}`, '--bind-interfaces'];
  const records = names.map((name) => `--host-record=${name},192.0.2.1`);
  const child = spawn('ip', ['netns', 'exec', where.server, ...onCore(1), 'dnsmasq', ...words, ...place, ...records], { stdio: 'ignore' });
  atEnd(() => void child.kill('SIGKILL'));
  child.unref();
}

/** Each of the names is a rule of its own; all are asked. */
export async function resolver(way: Way): Promise<Resolver> {
  const [port, where] = [freshPort(), ends(way)];
  const file = join(folder(), `queries-${way}`);
  writeFileSync(file, names.map((name) => `${name} A\n`).join(''));
  dnsmasq(where, port);
  const peer = way === 'loopback' ? 'to host ' : '';
  const rules = names.map((name) => `    allow ${peer}at udp ${port} dns { "${name}" }`).join('\n');
  const { cgroup, loaded } = governedCgroup(`policy web for { app: "web" } {\n  egress {\n${rules}\n  }\n}\n`, 'l7/dns');
  const plain = privateCgroup('bare');
  /** Queries for some seconds, 16 at a time. */
  const ask = (inside: string, seconds = 1): Asked => {
    const words = ['-s', where.address, '-p', String(port), '-d', file, '-l', String(seconds), '-c', '1', '-T', '1', '-q', '16', '-t', '1'];
    const text = ran([...onCore(0), 'dnsperf', ...words], { space: where.client, cgroup: inside });
    return {
      rate: numberIn(text, /Queries per second:\s+([\d.]+)/),
      queries: numberIn(text, /Queries sent:\s+(\d+)/),
      lost: numberIn(text, /Queries lost:\s+(\d+)/),
    };
  };
  for (let tries = 0; !(ask(plain.path, 0.05).lost === 0); tries++) {
    if (tries > 20) throw new Error('dnsmasq does not answer');
    await wait(50);
  }
  return { bare: () => ask(plain.path), governed: () => ask(cgroup.path), programTime: () => programTime(loaded) };
}
