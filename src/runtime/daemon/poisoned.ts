// Ends connections that the stream program has poisoned: nothing more of their client reaches the server, and a client
// that waits for their end would wait for the server's time-out. The socket is destroyed a moment later, when what was
// answered has been read. Nothing depends on it, as the program holds the line: what cannot be done is left.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Address, formatAddress, isIpv4 } from '../../compiler/space/address.ts';
import type { VerdictEvent } from '../events/verdict-event.ts';

/** Milliseconds from the event to the end of its connection. */
const delay = 1000;
/** Nanoseconds: an older event is of an earlier daemon, and its ports may be another connection's by now. */
const freshness = 5_000_000_000n;
/** A workload can poison connections as fast as it likes; more than these at one time are left to themselves. */
const most = { waiting: 32, running: 4, cgroups: 64, processes: 256, networks: 4 } as const;

/** Bytes of a word of a filter: ss(8) has 1024 with the end mark. */
const longestWord = 1000;

export class PoisonedConnections {
  private readonly log: (line: string) => void;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly queue: (readonly string[])[] = [];
  private running = 0;
  private failed = false;

  constructor(log: (line: string) => void) {
    this.log = log;
  }

  /** `cgroup`: of the workload whose socket it is. Its sockets alone are ended, wherever the addresses stand too. */
  end(event: VerdictEvent, cgroup: string): void {
    if (process.hrtime.bigint() - event.time > freshness || this.timers.size >= most.waiting) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.destroy(event, cgroup);
    }, delay).unref();
    this.timers.add(timer);
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    this.queue.length = 0;
  }

  private destroy(event: VerdictEvent, cgroup: string): void {
    const cgroups = treeOf(cgroup);
    const command = ['ss', '-K', '-H', '-n', '-t', ...socketFilter(event, cgroups)];
    for (const pid of networksOf(cgroups)) {
      const inNetwork = pid === undefined ? [] : ['nsenter', `--net=/proc/${pid}/ns/net`];
      if (this.queue.length < most.waiting) this.queue.push([...inNetwork, ...command]);
    }
    this.next();
  }

  private next(): void {
    for (let command = this.free(); command; command = this.free()) this.start(command);
  }

  private free(): readonly string[] | undefined {
    return this.running < most.running ? this.queue.shift() : undefined;
  }

  private start([file = '', ...parameters]: readonly string[]): void {
    this.running++;
    const child = spawn(file, parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    let isOpen = true;
    const close = (failure: string | undefined): void => {
      if (!isOpen) return;
      isOpen = false;
      this.running--;
      if (failure !== undefined) this.fail(failure);
      this.next();
    };
    // Where descriptors have run out there is no stream, and no close.
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.on('error', ({ message }) => close(message));
    child.on('close', (status) => close(status === 0 ? undefined : said));
  }

  private fail(why: string): void {
    if (this.failed) return;
    this.failed = true;
    this.log(
      `a connection behind a refused request waits for its server's time-out: \`ss -K\` failed: ${why.split('\n')[0]?.replace(/[^\x20-\x7e]/g, '?')}`,
    );
  }
}

/** The workload's end of the connection, in the language of ss(8). Word by word, as it cuts longer ones. */
export function socketFilter(event: VerdictEvent, cgroups: readonly string[]): readonly string[] {
  const owners = cgroups
    .map((path) => path.replace(/[^\w./:@\u0080-\uffff-]/g, '\\$&'))
    .filter((path) => Buffer.byteLength(path) <= longestWord);
  const [server, client] = [end(event.destination, event.destinationPort), end(event.source, event.sourcePort)];
  const [own, other] = event.direction === 'egress' ? [client, server] : [server, client];
  return [
    'src',
    own,
    'and',
    'dst',
    other,
    'and',
    '(',
    ...owners.flatMap((path, i) => [...(i > 0 ? ['or'] : []), 'cgroup', '=', path]),
    ')',
  ];
}

const end = (address: Address, port: number): string =>
  isIpv4(address) ? `${formatAddress(address)}:${port}` : `[${formatAddress(address)}]:${port}`;

/** The cgroup and those below it, nearest first. */
function treeOf(cgroup: string): readonly string[] {
  const found = [cgroup];
  for (let i = 0; i < found.length && found.length < most.cgroups; i++) {
    const folder = found[i] ?? '';
    for (const entry of orNone(() => readdirSync(folder, { withFileTypes: true }))) {
      if (entry.isDirectory() && found.length < most.cgroups) found.push(join(folder, entry.name));
    }
  }
  return found;
}

/** One process in each network namespace that processes of these cgroups are in; undefined: policyd's own. */
function networksOf(cgroups: readonly string[]): readonly (string | undefined)[] {
  const pids = cgroups.flatMap((path) => orNone(() => readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)));
  const [own] = networkOf('self');
  const networks = new Map<string, string | undefined>();
  for (const pid of pids.slice(0, most.processes))
    for (const network of networkOf(pid))
      if (networks.size < most.networks && !networks.has(network)) networks.set(network, network === own ? undefined : pid);
  return [...networks.values()];
}

const networkOf = (pid: string): readonly string[] => orNone(() => [readlinkSync(`/proc/${pid}/ns/net`)]);

/** What ends meanwhile is left out. */
const orNone = <T>(read: () => readonly T[]): readonly T[] => {
  try {
    return read();
  } catch {
    return [];
  }
};
