// A client below the cgroup of a governed workload, and a server outside of it: requests that a workload sends. The client is
// told which bytes to write, one write a piece, and tells what it read and what failed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { Cgroup } from '../../src/runtime/kernel/cgroups.ts';
import { atEnd, inCgroup } from './kernel.ts';

const client = `
const net = require('net');
const sockets = new Map();
require('readline').createInterface(process.stdin).on('line', (line) => {
  const { id, open, pieces, end } = JSON.parse(line);
  if (open) {
    const state = { read: '', closed: false, failed: '' };
    const socket = net.connect(open);
    socket.setNoDelay(true);
    socket.on('connect', () => tell(id)).on('data', (data) => { state.read += data.toString('latin1'); });
    socket.on('error', (error) => { state.failed = state.failed || error.code; }).on('close', () => { state.closed = true; });
    sockets.set(id, { socket, state });
    return;
  }
  const { socket, state } = sockets.get(id);
  if (end) { socket.destroy(); return tell(id); }
  const next = (i) => {
    if (i === pieces.length || state.closed) return settle(id, state, 0, state.read.length);
    socket.write(Buffer.from(pieces[i], 'latin1'), () => next(i + 1));
  };
  next(0);
});
const tell = (id, more = {}) => console.log(JSON.stringify({ id, ...more }));
/** Until nothing more comes for a moment. */
function settle(id, state, quiet, length) {
  if (quiet < (length === 0 ? 25 : 4) * Number(process.env.PATIENCE ?? 1) && !state.closed) return setTimeout(() => settle(id, state, state.read.length === length ? quiet + 1 : 0, state.read.length), 10);
  tell(id, state);
  state.read = '';
}
`;

/** What a client has read since the last call; `failed`: the code of the error that ended it. */
export type Told = { readonly read: string; readonly closed: boolean; readonly failed: string };
export type Sender = {
  readonly open: (port: number, host?: string) => Promise<number>;
  /** Writes the pieces one by one, and waits until nothing more comes. */
  readonly send: (id: number, ...pieces: readonly string[]) => Promise<Told>;
  readonly end: (id: number) => Promise<unknown>;
  readonly stop: () => void;
};

/** A process in the cgroup that opens connections and writes what it is told. */
export function startSender(cgroup: Cgroup): Sender {
  const child = inCgroup(cgroup, () => spawn(process.execPath, ['-e', client], { stdio: ['pipe', 'pipe', 'inherit'] }));
  atEnd(() => child.kill('SIGKILL'));
  const waiting = new Map<number, (told: Told) => void>();
  createInterface(child.stdout).on('line', (line) => {
    const told: Told & { readonly id: number } = JSON.parse(line);
    waiting.get(told.id)?.(told);
  });
  const ask = (id: number, command: object): Promise<Told> =>
    new Promise((answer) => {
      waiting.set(id, answer);
      child.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    });
  let last = 0;
  return {
    open: async (port, host = '127.0.0.1') => {
      const id = ++last;
      await ask(id, { open: { port, host } });
      return id;
    },
    send: (id, ...pieces) => ask(id, { pieces }),
    end: (id) => ask(id, { end: true }),
    stop: () => void child.kill('SIGKILL'),
  };
}

/** One such process, started when it is first asked for; `stop` does nothing where nobody did. */
export function senderIn(cgroup: () => Cgroup): { readonly sender: () => Sender; readonly stop: () => void } {
  let started: Sender | undefined;
  const sender = () => {
    started ??= startSender(cgroup());
    return started;
  };
  return { sender, stop: () => started?.stop() };
}

export type OutsideServer = { readonly port: number; readonly seen: () => readonly string[]; readonly server: HttpServer };

/** A server of this process, which nothing governs; \`seen\`: \`METHOD target body-bytes\` of every request since the last call. */
export async function outsideServer(host = '127.0.0.1'): Promise<OutsideServer> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    let bytes = 0;
    request.on('data', (data: Buffer) => {
      bytes += data.length;
    });
    request.on('end', () => {
      seen.push(`${request.method} ${request.url} ${bytes}`);
      setTimeout(() => response.end('ok'), Number(request.headers['x-wait'] ?? 0));
    });
  });
  server.listen(0, host);
  await once(server, 'listening');
  atEnd(() => void server.close());
  return { port: (server.address() as AddressInfo).port, seen: () => seen.splice(0), server };
}
