// The workload of names-world asks over TCP, one connection at a time, and a server answers whatever a test says.
import { type Answer, answerBytes } from './dns-answers.ts';
import { framed, queryBytes } from './dns-messages.ts';
import { atEnd, inCgroup } from './kernel.ts';
import * as socket from './libc-socket.ts';
import { world } from './names-world.ts';
import { patience } from './patience.ts';

let listener: number | undefined;
function listening(): number {
  if (listener !== undefined) return listener;
  const fd = socket.open('tcp');
  socket.bind(fd, { host: '127.0.0.1', port: 0 });
  socket.listen(fd);
  atEnd(() => socket.close(fd));
  listener = fd;
  return fd;
}

const pause = (milliseconds: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/** What `attempt` gives, once it gives something. */
export function until<T>(what: string, attempt: () => T | undefined): T {
  for (const end = Date.now() + 10_000 * patience; Date.now() < end; pause(1)) {
    const found = attempt();
    if (found !== undefined) return found;
  }
  throw new Error(`waited for: ${what}`);
}

export function accepted(server: number): number | undefined {
  try {
    return socket.accept(server);
  } catch {
    return undefined;
  }
}

export const message = (answer: Answer): Uint8Array => framed(answerBytes(answer));

/** Both ends of a connection; `server`: a listening socket on the loopback address. */
export function conversation(server: number = listening()) {
  const client = inCgroup(world().cgroup, () => socket.open('tcp'));
  socket.connect(client, { host: '127.0.0.1', port: socket.portOf(server) });
  const end = until('a connection', () => accepted(server));
  socket.setOption(client, socket.option.noDelay, 1);
  socket.setOption(end, socket.option.noDelay, 1);
  /** A query that the server has. */
  const ask = (name: string, id: number, type = 'A'): void => {
    const query = framed(queryBytes({ name, type, id }));
    socket.sendBytes(client, query);
    let came = 0;
    until('a query', () => {
      came += socket.receiveBytes(end).length;
      return came >= query.length || undefined;
    });
  };
  /** Each part is a packet by itself. */
  const answer = (...parts: readonly Uint8Array[]): void => {
    for (const part of parts) socket.sendBytes(end, part);
  };
  /** What the client can read of so many bytes; less only where no more comes. */
  const read = (bytes: number): Uint8Array => {
    let found = Buffer.alloc(0);
    for (const last = Date.now() + 10_000 * patience; found.length < bytes && Date.now() < last; pause(1))
      found = Buffer.concat([found, socket.receiveBytes(client)]);
    return found;
  };
  /** Nothing has come: what is sent over loopback has been seen by all programs when `send` returns, or is sent again for ever. */
  const isSilent = (): boolean => {
    pause(20 * patience);
    return socket.receiveBytes(client).length === 0;
  };
  const close = (): void => {
    socket.close(client);
    socket.close(end);
  };
  return { client, end, ask, answer, read, isSilent, close };
}
