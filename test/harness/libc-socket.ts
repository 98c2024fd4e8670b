// Sockets by the calls of libc themselves, for what node's do not offer: options, sources, namespaces. All calls return
// at once (non-blocking) but `awaited`; one that fails throws the name of its errno.
import koffi from 'koffi';
import { errnoName } from '../../src/runtime/ffi/errno.ts';
import { patience } from './patience.ts';

const libc = koffi.load('libc.so.6');
const call = {
  socket: libc.func('int socket(int, int, int)'),
  bind: libc.func('int bind(int, void *, uint32)'),
  connect: libc.func('int connect(int, void *, uint32)'),
  listen: libc.func('int listen(int, int)'),
  accept: libc.func('int accept4(int, void *, void *, int)'),
  setsockopt: libc.func('int setsockopt(int, int, int, void *, uint32)'),
  getsockname: libc.func('int getsockname(int, _Out_ void *, void *)'),
  send: libc.func('long send(int, void *, size_t, int)'),
  sendmsg: libc.func('long sendmsg(int, void *, int)'),
  sendto: libc.func('long sendto(int, void *, size_t, int, void *, uint32)'),
  recv: libc.func('long recv(int, void *, size_t, int)'),
  splice: libc.func('long splice(int, void *, int, void *, size_t, uint32)'),
  pipe: libc.func('int pipe2(void *, int)'),
  unshare: libc.func('int unshare(int)'),
  setns: libc.func('int setns(int, int)'),
  close: libc.func('int close(int)'),
} as const;

const checked = (result: unknown): number => {
  if (typeof result !== 'number') throw new Error('no number');
  if (result < 0) throw new Error(errnoName(koffi.errno()));
  return result;
};

const nonBlocking = 0o4000;
const newNetwork = 0x40000000;
export type Kind = 'tcp' | 'udp';
export type Place = { readonly host: string; readonly port: number };
/** Level and name of options, by the kernel's numbers. */
export const option = {
  freebind4: [0, 15],
  transparent4: [0, 19],
  freebind6: [41, 78],
  transparent6: [41, 75],
  receiveLow: [1, 18],
  reuseAddress: [1, 2],
  bindToDevice: [1, 25],
  filter: [1, 26],
  noDelay: [6, 1],
  reusePort: [1, 15],
  steering: [1, 51],
} as const;

/** struct sockaddr_in or sockaddr_in6; IPv6 addresses are written out: eight groups. */
function encoded({ host, port }: Place): Uint8Array {
  const six = host.includes(':');
  const bytes = new Uint8Array(six ? 28 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, six ? 10 : 2, true);
  view.setUint16(2, port);
  if (six) host.split(':').forEach((group, index) => view.setUint16(8 + 2 * index, Number.parseInt(group, 16)));
  else bytes.set(host.split('.').map(Number), 4);
  return bytes;
}

export const open = (kind: Kind, six = false): number => checked(call.socket(six ? 10 : 2, (kind === 'tcp' ? 1 : 2) | nonBlocking, 0));
/** A one-to-one SCTP socket of IPv4; throws where the kernel has none. */
export const openSctp = (): number => checked(call.socket(2, 1 | nonBlocking, 132));
/** A packet socket that sends whole frames on an interface. */
export function openPacket(interfaceNumber: number): number {
  const fd = checked(call.socket(17, 3 | nonBlocking, 0));
  const address = new DataView(new ArrayBuffer(20)); // struct sockaddr_ll
  address.setUint16(0, 17, true);
  address.setUint16(2, 3); // ETH_P_ALL
  address.setInt32(4, interfaceNumber, true);
  checked(call.bind(fd, new Uint8Array(address.buffer), 20));
  return fd;
}
/** `flags`: of send(2). */
export const sendBytes = (fd: number, bytes: Uint8Array, flags = 0): number => checked(call.send(fd, bytes, bytes.length, flags));
export const close = (fd: number): void => void call.close(fd);
export const bind = (fd: number, to: Place): void => void checked(call.bind(fd, encoded(to), encoded(to).length));
export const listen = (fd: number): void => void checked(call.listen(fd, 8));
export const accept = (fd: number): number => checked(call.accept(fd, null, null, nonBlocking));
export const send = (fd: number, text: string): number => checked(call.send(fd, Buffer.from(text), Buffer.byteLength(text), 0));
export const sendBytesTo = (fd: number, bytes: Uint8Array, to: Place): number =>
  checked(call.sendto(fd, bytes, bytes.length, 0, encoded(to), encoded(to).length));
export const sendTo = (fd: number, text: string, to: Place): number => sendBytesTo(fd, Buffer.from(text), to);

/** A connect that is under way is no error. */
export function connect(fd: number, to: Place): void {
  const result: unknown = call.connect(fd, encoded(to), encoded(to).length);
  if (result !== 0 && errnoName(koffi.errno()) !== 'EINPROGRESS') checked(result);
}

export function setOption(fd: number, [level, name]: readonly [number, number], value: number | Uint8Array): void {
  const bytes = typeof value === 'number' ? new Uint8Array(Int32Array.of(value).buffer) : value;
  checked(call.setsockopt(fd, level, name, bytes, bytes.length));
}

export function portOf(fd: number): number {
  const address = new Uint8Array(28);
  checked(call.getsockname(fd, address, Uint32Array.of(address.length)));
  return new DataView(address.buffer).getUint16(2);
}

/** What is there to read; undefined if nothing is. */
export function receive(fd: number): string | undefined {
  const bytes = new Uint8Array(2048);
  const read: unknown = call.recv(fd, bytes, bytes.length, 0);
  return typeof read === 'number' && read >= 0 ? Buffer.from(bytes.subarray(0, read)).toString() : undefined;
}

/** What comes to be read. Also between two sockets of one machine a kernel may deliver later than the sender goes on (ksoftirqd). */
export function awaited(fd: number): string | undefined {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let left = 400 * patience; left > 0; left--) {
    const text = receive(fd);
    if (text !== undefined) return text;
    Atomics.wait(clock, 0, 0, 5);
  }
  return undefined;
}

/** Bytes that are there to read; none if nothing is. */
export function receiveBytes(fd: number): Uint8Array {
  const bytes = new Uint8Array(65536);
  const read: unknown = call.recv(fd, bytes, bytes.length, 0);
  return bytes.subarray(0, typeof read === 'number' && read > 0 ? read : 0);
}

/** Bytes that splice(2) moves out of a socket without waiting; 0 where there is nothing. */
export function spliced(fd: number): number {
  const ends = new Int32Array(2);
  checked(call.pipe(ends, nonBlocking));
  const [from = -1, to = -1] = ends;
  const moved: unknown = call.splice(fd, null, to, null, 2048, 2);
  close(from);
  close(to);
  return typeof moved === 'number' && moved > 0 ? moved : 0;
}

/** Sends with a source of one's choice (IP_PKTINFO). 64-bit, little endian. */
export function sendFrom(fd: number, text: string, { source, to }: { readonly source: string; readonly to: Place }): number {
  const name = encoded(to);
  const data = Buffer.from(text);
  const part = new BigUint64Array([koffi.address(data), BigInt(data.length)]);
  const control = new Uint8Array(32);
  const view = new DataView(control.buffer);
  view.setBigUint64(0, 28n, true); // cmsg_len: header and struct in_pktinfo
  view.setInt32(12, 8, true); // SOL_IP, IP_PKTINFO
  control.set(source.split('.').map(Number), 20); // ipi_spec_dst
  const message = new BigUint64Array([koffi.address(name), BigInt(name.length), koffi.address(part), 1n, koffi.address(control), 32n, 0n]);
  return checked(call.sendmsg(fd, message, 0));
}

/** What comes for the group of sockets that share this one's port goes to the member at `index` (SO_ATTACH_REUSEPORT_CBPF): `return index`. */
export function steer(fd: number, index: number): void {
  const code = new Uint8Array(8); // struct sock_filter
  new DataView(code.buffer).setUint16(0, 0x06, true); // BPF_RET | BPF_K
  new DataView(code.buffer).setUint32(4, index, true);
  setOption(fd, option.steering, new Uint8Array(new BigUint64Array([1n, koffi.address(code)]).buffer)); // struct sock_fprog
}

/** Runs `action` in another network namespace; sockets made there stay there. Both are descriptors. */
export function inNetwork<T>({ home, other }: { readonly home: number; readonly other: number }, action: () => T): T {
  checked(call.setns(other, newNetwork));
  try {
    return action();
  } finally {
    checked(call.setns(home, newNetwork));
  }
}

/** Runs `action` in a network namespace of its own; sockets made there stay there. `home`: descriptor of the present one. */
export function inNewNetwork(home: number, action: () => void): void {
  checked(call.unshare(newNetwork));
  try {
    action();
  } finally {
    checked(call.setns(home, newNetwork));
  }
}
