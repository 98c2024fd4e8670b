// Starts the demo's workloads (agent.mjs), each in its cgroup and network namespace, and asks them to try things.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Machine } from './machine.ts';

/** A process with a cgroup of its own, called like it; it listens for `tcp:5432`, `udp:53`, `http:8080` ... */
export type Workload = { readonly name: string; readonly place: string; readonly servers: readonly string[] };

export type Attempt =
  | { readonly kind: 'tcp' | 'udp'; readonly host: string; readonly port: number; readonly from?: string }
  | { readonly kind: 'http'; readonly host: string; readonly port: number; readonly from?: string; readonly requests: readonly string[] }
  | { readonly kind: 'exec'; readonly program: string; readonly args: readonly string[] };

/** What came of an attempt; `local` is the client's port. */
export type Outcome = { readonly outcome: string; readonly local?: number };
type Answer = { readonly id: number; readonly outcome?: string; readonly outcomes?: readonly Outcome[] };

export type Agent = { readonly name: string; readonly attempt: (attempt: Attempt) => Promise<readonly Outcome[]> };

function listen(child: ChildProcessWithoutNullStreams, name: string): { readonly ready: Promise<void>; readonly agent: Agent } {
  const waiting = new Map<number, { readonly done: (answer: Answer) => void; readonly fail: (error: Error) => void }>();
  let next = 0;
  const ready = new Promise<void>((resolve, reject) => {
    const fail = (why: string) => {
      const error = new Error(`the demo's ${name} ended: ${why}`);
      reject(error);
      for (const { fail: failOne } of waiting.values()) failOne(error);
    };
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
    child.on('error', (error) => fail(error.message));
    child.on('exit', (code, signal) => fail(words.trim() || `${signal ?? `status ${code}`}`));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message: { readonly ready?: boolean } & Answer = JSON.parse(line);
      if (message.ready === true) resolve();
      else waiting.get(message.id)?.done(message);
    });
  });
  const attempt = (wanted: Attempt) =>
    new Promise<readonly Outcome[]>((resolve, reject) => {
      const id = next++;
      const done = ({ outcome, outcomes }: Answer) => resolve(outcomes ?? [{ outcome: outcome ?? '' }]);
      waiting.set(id, { done, fail: reject });
      child.stdin.write(`${JSON.stringify({ id, ...wanted })}\n`);
    });
  return { ready, agent: { name, attempt } };
}

/** Starts one and waits until its servers listen. The process is in its cgroup before it is the agent. */
export async function startAgent(machine: Machine, { name, place, servers }: Workload): Promise<Agent> {
  const script = 'echo $$ > "$0/cgroup.procs" && exec nsenter --net="$1" "$2" "$3" $4';
  const agentFile = join(import.meta.dirname, 'agent.mjs');
  const args = [machine.cgroupOf(name), `/run/netns/${machine.namespaceOf(place)}`, process.execPath, agentFile, servers.join(' ')];
  // A session of its own: Ctrl-C is for the demo alone, which then takes everything away in order.
  const child = spawn('sh', ['-c', script, ...args], { detached: true });
  const { ready, agent } = listen(child, name);
  await ready;
  return agent;
}
