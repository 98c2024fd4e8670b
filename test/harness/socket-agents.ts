// Processes with sockets in cgroups of their own, steered by a test (the process itself: socket-agent.ts).
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Cgroup } from '../../src/runtime/kernel/cgroups.ts';
import { atEnd, inCgroup } from './kernel.ts';
import type { Answer, Command } from './socket-agent.ts';

export type Agent = {
  readonly pid: number;
  /** Commands are carried out one after the other. */
  readonly tell: (command: Command) => Promise<Answer>;
};

const running: ChildProcess[] = [];
/** Ends every agent, which would keep the test's process alive: `test.after(stopAgents)`. */
export function stopAgents(): void {
  for (const child of running.splice(0)) child.kill('SIGKILL');
}

/** A network namespace: a new one with loopback, or the one that another agent made; absent: the test's own. */
export type Network = 'new' | Agent;

function prefixOf(network?: Network): readonly string[] {
  if (network === undefined) return [];
  if (network === 'new') return ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"'];
  return ['nsenter', '--target', String(network.pid), '--net'];
}

/** Starts a process in the cgroup (absent: where the test itself is); it ends with the test. */
export function startAgent(cgroup?: Cgroup, network?: Network): Agent {
  const script = join(import.meta.dirname, 'socket-agent.ts');
  const [program = '', ...parameters] = [...prefixOf(network), process.execPath, '--import', 'tsx', script];
  const begin = () => spawn(program, parameters, { stdio: ['pipe', 'pipe', 'inherit'] });
  const child = cgroup ? inCgroup(cgroup, begin) : begin();
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  if (running.push(child) === 1) atEnd(stopAgents);
  let last: Promise<unknown> = Promise.resolve();
  const tell = async (command: Command): Promise<Answer> => {
    const before = last;
    const answer = (async (): Promise<Answer> => {
      await before;
      child.stdin.write(`${JSON.stringify(command)}\n`);
      const line = await lines.next();
      if (line.done) throw new Error('the agent has ended');
      return JSON.parse(line.value) as Answer; // written by socket-agent.ts
    })();
    last = answer.catch(() => {});
    return answer;
  };
  return { pid: child.pid ?? 0, tell };
}
