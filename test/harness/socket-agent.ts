// A process with sockets, run in a cgroup by a test: reads one JSON command a line, answers each with one JSON line.
// Servers echo what they receive. Started by socket-agents.ts; not a test itself.
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** `id` names the socket in later commands; `wait` in milliseconds. */
export type Command =
  | { readonly do: 'listen'; readonly id: string; readonly host: string; readonly port: number }
  /** `from`: the source port; a free one if it is left out. */
  | {
      readonly do: 'connect';
      readonly id: string;
      readonly host: string;
      readonly port: number;
      readonly from?: number;
      /** Whatever comes is sent back. */
      readonly echoes?: boolean;
      readonly wait: number;
    }
  /** Sends `text` on a connection and waits for its echo. */
  | { readonly do: 'exchange'; readonly id: string; readonly text: string; readonly wait: number }
  | { readonly do: 'bind'; readonly id: string; readonly host: string; readonly port: number }
  /** Sends a datagram, from a new socket unless `id` has asked before, and waits for its echo. `hex`: what is sent, if not `id`. */
  | {
      readonly do: 'ask';
      readonly id: string;
      readonly host: string;
      readonly port: number;
      readonly from?: number;
      readonly connected: boolean;
      readonly hex?: string;
      readonly wait: number;
    }
  | { readonly do: 'close'; readonly id: string };
/** `result`: ok, timeout, or the name of an errno. */
/** `peer`: whom the socket says that it speaks with, `ADDRESS PORT`. */
export type Answer = { readonly result: string; readonly port?: number; readonly peer?: string; readonly milliseconds: number };
type Outcome = Omit<Answer, 'milliseconds'>;

const servers = new Map<string, Server>();
const streams = new Map<string, Socket>();
const datagrams = new Map<string, DatagramSocket>();

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);

/** The first of: what `begin` reports, or `timeout`. */
function within(milliseconds: number, begin: (done: (outcome: Outcome) => void) => void): Promise<Outcome> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ result: 'timeout' }), milliseconds);
    begin((outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    });
  });
}

const portOf = (address: unknown): number =>
  typeof address === 'object' && address !== null && 'port' in address && typeof address.port === 'number' ? address.port : 0;

function listen(id: string, host: string, port: number): Promise<Outcome> {
  const server = createServer((socket) => {
    streams.set(`${id}/${streams.size}`, socket);
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  servers.set(id, server);
  return within(2000, (done) => {
    server.on('error', (error) => done({ result: codeOf(error) }));
    server.listen({ host, port }, () => done({ result: 'ok', port: portOf(server.address()) }));
  });
}

async function open({ id, host, port, from, echoes, wait }: Extract<Command, { readonly do: 'connect' }>): Promise<Outcome> {
  const socket = connect({ host, port, ...(from === undefined ? {} : { localPort: from }) });
  streams.set(id, socket);
  if (echoes === true) socket.pipe(socket);
  const outcome = await within(wait, (done) => {
    socket.on('error', (error) => done({ result: codeOf(error) }));
    socket.on('connect', () => done({ result: 'ok', port: socket.localPort ?? 0, peer: `${socket.remoteAddress} ${socket.remotePort}` }));
  });
  // Nobody waits any more; without this it would go on knocking.
  if (outcome.result === 'timeout') socket.destroy();
  return outcome;
}

function exchange(id: string, text: string, wait: number): Promise<Outcome> {
  const socket = streams.get(id);
  if (!socket) return Promise.resolve({ result: 'ENOTCONN' });
  return within(wait, (done) => {
    let read = '';
    socket.on('data', (data) => {
      read += String(data);
      if (read.includes(text)) done({ result: 'ok' });
    });
    socket.once('close', () => done({ result: 'closed' }));
    socket.write(text);
  });
}

function bind(id: string, host: string, port: number): Promise<Outcome> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  datagrams.set(id, socket);
  // An answer that is refused is a matter of the asker, who waits for it in vain.
  socket.on('message', (data, from) => socket.send(data, from.port, from.address, () => {}));
  return within(2000, (done) => {
    socket.on('error', (error) => done({ result: codeOf(error) }));
    socket.bind(port, host, () => done({ result: 'ok', port: portOf(socket.address()) }));
  });
}

function ask({ id, host, port, from, connected, hex, wait }: Extract<Command, { readonly do: 'ask' }>): Promise<Outcome> {
  const known = datagrams.get(id);
  const socket = known ?? createSocket(host.includes(':') ? 'udp6' : 'udp4');
  datagrams.set(id, socket);
  for (const event of ['error', 'message']) socket.removeAllListeners(event);
  const bytes = hex === undefined ? Buffer.from(id) : Buffer.from(hex, 'hex');
  return within(wait, (done) => {
    const sent = (error: Error | null): void => {
      if (error) done({ result: codeOf(error) });
    };
    socket.on('error', (error) => done({ result: codeOf(error) }));
    socket.on('message', (_, from) => done({ result: 'ok', peer: `${from.address} ${from.port}` }));
    if (from !== undefined && !known) socket.bind(from);
    if (!connected) socket.send(bytes, port, host, sent);
    else if (known) socket.send(bytes, sent);
    else {
      socket.once('connect', () => socket.send(bytes, sent));
      socket.connect(port, host);
    }
  });
}

function close(id: string): Outcome {
  servers.get(id)?.close();
  streams.get(id)?.destroy();
  datagrams.get(id)?.close();
  return { result: 'ok' };
}

function run(command: Command): Promise<Outcome> | Outcome {
  switch (command.do) {
    case 'listen':
      return listen(command.id, command.host, command.port);
    case 'connect':
      return open(command);
    case 'exchange':
      return exchange(command.id, command.text, command.wait);
    case 'bind':
      return bind(command.id, command.host, command.port);
    case 'ask':
      return ask(command);
    case 'close':
      return close(command.id);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command; // written by socket-agents.ts
  const begun = performance.now();
  const outcome = await run(command);
  console.log(JSON.stringify({ ...outcome, milliseconds: performance.now() - begun } satisfies Answer));
}
process.exit(0);
