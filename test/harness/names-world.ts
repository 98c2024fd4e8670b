// A workload that asks for names, and servers of this machine that answer whatever a test says.
import { readFileSync } from 'node:fs';
import { layouts } from '../../src/compiler/ir/abi.ts';
import { addressBytes, parseAddress } from '../../src/compiler/space/address.ts';
import { mapLookup, mapNextKey, mapUpdate } from '../../src/runtime/ffi/libbpf.ts';
import { typedPolicy } from './compile.ts';
import { type Answer, type Answered, answerBytes, asked } from './dns-answers.ts';
import { queryBytes } from './dns-messages.ts';
import { type DnsWorld, dnsWorld } from './dns-world.ts';
import { atEnd, inCgroup, mapOf } from './kernel.ts';
import * as socket from './libc-socket.ts';
import { patience } from './patience.ts';

/** `server`, `other`: sockets of the host; `next`: a number that no question had. */
type World = DnsWorld & { readonly server: number; readonly other: number; next: number };
let made: World | undefined;

export function world(): World {
  if (made) return made;
  const opened = (): number => {
    const fd = socket.open('udp');
    socket.bind(fd, { host: '127.0.0.1', port: 0 });
    atEnd(() => socket.close(fd));
    return fd;
  };
  made = { ...dnsWorld(), server: opened(), other: opened(), next: 1 };
  return made;
}

export const rules = (...lines: readonly string[]) =>
  typedPolicy(
    `policy p for { app: "web" } { egress {\n  allow to host at [udp 1024-65535, tcp 1024-65535] dns { type [A, AAAA, TXT] }\n${lines.join('\n')}\n} }`,
  );
export const allowing = rules('allow to ["*.ok.example", "ok.example"] at udp 443');

/** Socket of the workload, of whom it asks. */
export function client(server: number = world().server): number {
  const fd = inCgroup(world().cgroup, () => socket.open('udp'));
  socket.connect(fd, { host: '127.0.0.1', port: socket.portOf(server) });
  return fd;
}

type Exchange = { readonly asks: string; readonly type?: string; readonly answer: Partial<Answer>; readonly from?: number };
/** Asks, is answered, and says whether the answer arrived. */
export function exchanged({ asks, type = 'A', answer, from }: Exchange): boolean {
  const { server, next } = world();
  const fd = client();
  try {
    const id = next;
    world().next = (next + 1) % 0x10000;
    socket.sendBytes(fd, queryBytes({ name: asks, type, id }));
    return replied(from ?? server, fd, { id, name: asks, type, ...answer });
  } finally {
    socket.close(fd);
  }
}

/** Of no query; behind an answer it says that all programs have seen that. */
const marker = Uint8Array.of(0xff, 0xff, 0xff);
/** Answers, and says whether that arrived. */
export function replied(server: number, to: number, answer: Answer): boolean {
  const place = { host: '127.0.0.1', port: socket.portOf(to) };
  socket.sendBytesTo(server, answerBytes(answer), place);
  socket.sendBytesTo(world().server, marker, place);
  let arrived = false;
  for (const end = Date.now() + 5000 * patience; Date.now() < end; ) {
    const { length } = socket.receiveBytes(to);
    if (length === marker.length) return arrived;
    arrived ||= length > 0;
  }
  throw new Error('nothing arrives any more');
}

/** May a workload reach the address? Told by `connect`, before any packet. */
export function reachesFrom(cgroup: DnsWorld['cgroup'], host: string, port = 443): boolean {
  const fd = inCgroup(cgroup, () => socket.open('udp', host.includes(':')));
  try {
    socket.connect(fd, { host, port });
    return true;
  } catch (error) {
    return !(error instanceof Error && error.message === 'EPERM');
  } finally {
    socket.close(fd);
  }
}

export const reaches = (host: string): boolean => reachesFrom(world().cgroup, host);

/** Is a packet let out? Errors of packets before it (nobody has these addresses) are none of its own. */
export function leaves(fd: number): boolean {
  try {
    socket.sendBytes(fd, Buffer.from('packet'));
    return true;
  } catch (error) {
    return !(error instanceof Error && error.message === 'EPERM');
  }
}

let last = 0;
/** An address that no test had. */
export const fresh = (): string => `198.18.${++last >> 8}.${last & 0xff}`;
export const record = (address: string, name: string | number = asked): Answered => ({ name, address });

/** What is known of addresses: key, and until when each name holds. */
function knownAddresses(): readonly { readonly key: Uint8Array; readonly names: DataView<ArrayBuffer> }[] {
  const fd = mapOf(world().loaded, 'named_addresses');
  const key = new Uint8Array(layouts.namedKey.size);
  const keys: Uint8Array[] = [];
  for (let more = mapNextKey(fd, null, key); more; more = mapNextKey(fd, key.slice(), key)) keys.push(key.slice());
  return keys.map((each) => {
    const value = new Uint8Array(layouts.namesOf.size);
    mapLookup(fd, each, value);
    return { key: each, names: new DataView(value.buffer) };
  });
}

/** What is known of addresses holds no more. */
export function age(): void {
  const fd = mapOf(world().loaded, 'named_addresses');
  for (const { key, names } of knownAddresses()) {
    for (let at = 0; at < names.byteLength; at += 8) if (names.getUint32(at + 4, true) > 0) names.setUint32(at, 1, true);
    mapUpdate(fd, key, new Uint8Array(names.buffer));
  }
}

/** For how many seconds the only name of an address holds. */
export function secondsOf(address: string): number {
  const wanted = [...addressBytes(parseAddress(address) ?? 0n)];
  const found = knownAddresses().find(({ key }) => wanted.every((byte, i) => key[i] === byte));
  if (!found) throw new Error(`nobody knows ${address}`);
  return found.names.getUint32(0, true) - Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
}
