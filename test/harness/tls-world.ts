// One workload of its own cgroup whose ClientHellos are read, as the one that is called and as the one that calls; at the other end
// this process, by loopback. Bytes are written as they are: no library has its say.
import type { Section } from '../../src/compiler/ir/typed.ts';
import type { VerdictEvent } from '../../src/runtime/events/verdict-event.ts';
import { attachCgroup, attachMachine } from '../../src/runtime/kernel/attach.ts';
import type { Cgroup } from '../../src/runtime/kernel/cgroups.ts';
import type { Loaded } from '../../src/runtime/kernel/load.ts';
import { typedPolicy } from './compile.ts';
import { type Family, localhost } from './dns-world.ts';
import { type Governed, govern } from './governed.ts';
import { expectOk, inCgroup, loadTemplates, privateCgroup, privatePins } from './kernel.ts';
import * as socket from './libc-socket.ts';
import { patience } from './patience.ts';

export type Direction = Exclude<Section, 'process'>;
export const directions = ['ingress', 'egress'] as const satisfies readonly Direction[];
export type TlsWorld = Governed & { readonly cgroup: Cgroup; readonly loaded: Loaded };

/** Loads and attaches the programs; everything is denied until a policy is installed. */
export function tlsWorld(): TlsWorld {
  const cgroup = privateCgroup('tls');
  const loaded = loadTemplates(['net/cgroup_skb', 'net/connect', 'l7/stream', 'l7/tls'], privatePins());
  const governed = govern(loaded, cgroup);
  governed.install(typedPolicy('policy p for { app: "web" } { ingress {} egress {} }'));
  expectOk(attachMachine(loaded));
  expectOk(attachCgroup(loaded, cgroup.path));
  return { ...governed, cgroup, loaded };
}

/** The verdicts on hellos; what ends a connection is none. */
export const hellosOf = (events: readonly VerdictEvent[]): readonly VerdictEvent[] =>
  events.filter(({ domain, reason }) => domain === 'tls' && reason !== 'poisonedConnection');

const pause = (milliseconds: number): Promise<void> => new Promise((done) => void setTimeout(done, milliseconds));
const noDelay = [6, 1] as const;

export type Line = {
  /** Writes the parts; the error's name, or ''. */
  readonly send: (...parts: readonly Uint8Array[]) => string;
  /** All that the server has, once it has so many bytes, or none come any more. */
  readonly arrived: (bytes: number) => Promise<Buffer>;
  /** What the client reads, once it is so many bytes, or none come any more. */
  readonly read: (bytes: number) => Promise<Buffer>;
  /** The server writes. */
  readonly answer: (bytes: Uint8Array) => void;
  readonly close: () => void;
};

/** Reads on from a socket until so many bytes are there; `quiet`: rounds without one that are waited for. */
function reader(fd: number) {
  let found = Buffer.alloc(0);
  return async (bytes: number): Promise<Buffer> => {
    for (let quiet = 0; quiet < (found.length >= bytes ? 4 : 100 * patience); quiet++) {
      const more = socket.receiveBytes(fd);
      if (more.length > 0) quiet = 0;
      found = Buffer.concat([found, more]);
      await pause(found.length >= bytes ? 1 : 3);
    }
    return found;
  };
}

/** A connection of the workload: `ingress`, to a server of it. */
export async function connected({ cgroup }: TlsWorld, direction: Direction, family: Family = 'ipv4'): Promise<Line> {
  const six = family === 'ipv6';
  const open = (): number => socket.open('tcp', six);
  const listener = direction === 'ingress' ? inCgroup(cgroup, open) : open();
  socket.bind(listener, { host: localhost[family], port: 0 });
  socket.listen(listener);
  const client = direction === 'egress' ? inCgroup(cgroup, open) : open();
  socket.setOption(client, noDelay, 1);
  socket.connect(client, { host: localhost[family], port: socket.portOf(listener) });
  const server = await accepted(listener);
  socket.close(listener);
  return {
    send: (...parts) => {
      try {
        for (const part of parts) socket.sendBytes(client, part);
        return '';
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    arrived: reader(server),
    read: reader(client),
    answer: (bytes) => void socket.sendBytes(server, bytes),
    close: () => {
      socket.close(client);
      socket.close(server);
    },
  };
}

async function accepted(listener: number): Promise<number> {
  for (let round = 0; ; round++) {
    try {
      return socket.accept(listener);
    } catch (error) {
      if (round > 200 * patience) throw error;
      await pause(2);
    }
  }
}
