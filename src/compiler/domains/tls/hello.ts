// What the bytes that a client sends say about its TLS connection (RFC 8446, 4.1.2 and 5.1; RFC 6066, 3; RFC 7301, 3.1). The kernel's walker,
// bpf/templates/l7/tls-hello.h, must give the same answer for every byte string; the oracle and the tests ask this one.
// Whatever two servers could read differently is undecidable: an allow rule never matches it, a deny rule always does.

/** Why a hello is undecidable: names of the kernel border's undecidable reasons. */
export type HelloFault =
  /** It does not begin as TLS does: another protocol, the hello of SSL 2, something in clear text before it. */
  | 'notTls'
  /** Its lengths do not add up, or its record is followed by another kind of record before it is whole. */
  | 'malformedHello'
  /** Two server names or lists of protocols, a server name that is no name, bytes behind the hello in its record. */
  | 'ambiguousHello'
  /** Encrypted Client Hello: the name that counts may be another one. */
  | 'encryptedHello'
  /** More than `helloLimit` bytes, or more than `namesLimit` of names. */
  | 'helloTooLong';

/** What a hello says: the fields of the domain, by name. */
export type HelloContent =
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, readonly string[]>> }
  | { readonly kind: 'undecidable'; readonly reason: HelloFault };

/** What follows: `open`: perhaps another hello; `passes`: no server reads a hello from here on; `lost`: nothing more can be judged. */
export type ClientReading = { readonly hellos: readonly HelloContent[]; readonly end: 'open' | 'passes' | 'lost' };

/** Bytes of a hello with the headers of its records. Equals POL_TLS_LIMIT in tls-hello.h. */
export const helloLimit = 16384;
/** Bytes of server name and protocols, each with two more. Equals POL_TLS_TEXT. */
export const namesLimit = 512;

const record = { changeCipher: 20, alert: 21, handshake: 22, data: 23, heartbeat: 24 } as const;
const headerBytes = 5;
const longestRecord = 16384;
const extension = { serverName: 0, protocols: 16, earlyData: 42, encrypted: 0xfe0d, encryptedName: 0xffce } as const;

/** `bytes`: of the records that it is in. `early`: data may follow before the server has answered. */
type Hello = { readonly kind: 'hello'; readonly content: HelloContent; readonly bytes: number; readonly early: boolean };
/** `other`: no server takes it for a hello. */
type Read = Hello | Stop | { readonly kind: 'incomplete' };

/** Why a hello ends before it is whole. */
type Stop = { readonly kind: 'lost'; readonly reason: HelloFault } | { readonly kind: 'other' };
type Told = { readonly content: HelloContent; readonly early: boolean };

const malformed: Stop = { kind: 'lost', reason: 'malformedHello' };
const notTls: Stop = { kind: 'lost', reason: 'notTls' };
/** No server takes it for a hello: what is encrypted has begun. */
const other: Stop = { kind: 'other' };

/** Where a record ends, as its header says. */
type RecordEnd = { readonly inHandshake: number; readonly inStream: number };
/** The bytes of the handshake, without the headers of records. `stop`: what stands behind them is none of it. */
type Handshake = { readonly bytes: readonly number[]; readonly records: readonly RecordEnd[]; readonly stop: Stop | undefined };

/** What a record is that is no part of a handshake message that has begun, or that has not. */
type Place = { readonly isFirst: boolean; readonly early: boolean };

function handshakeOf(bytes: Uint8Array, place: Place): Handshake {
  const found: number[] = [];
  const records: RecordEnd[] = [];
  const stopped = (stop: Stop): Handshake => ({ bytes: found, records, stop });
  for (let at = 0; at < bytes.length; ) {
    const [type = 0, major, , high, low] = bytes.subarray(at, at + headerBytes);
    const stop = place.isFirst && found.length === 0 ? notTls : malformed;
    if (type !== record.handshake) return stopped(place.isFirst || isPassedOver(type, place) ? stop : other);
    if (place.isFirst && major !== undefined && major !== 3) return stopped(stop);
    if (high === undefined || low === undefined) break;
    const length = high * 256 + low;
    if (place.isFirst && (length === 0 || length > longestRecord)) return stopped(malformed);
    at += headerBytes;
    found.push(...bytes.subarray(at, at + length));
    at += length;
    records.push({ inHandshake: found.length + Math.max(0, at - bytes.length), inStream: at });
  }
  return { bytes: found, records, stop: undefined };
}

/** Kinds of records that servers are known to pass over while they wait for a hello. */
const isPassedOver = (type: number, { early }: Pick<Place, 'early'>): boolean =>
  type === record.changeCipher || type === record.alert || type === record.heartbeat || (type === record.data && early);

/** A hello, each `yield` the bytes of a part of so many; `told` is what it says once it is whole. */
class HelloParts {
  readonly #isFirst: boolean;
  #left = 0;
  #fault: HelloFault | undefined;
  #names = 0;
  #serverName: string | undefined;
  #protocols: readonly string[] | undefined;
  #early = false;

  constructor(isFirst: boolean) {
    this.#isFirst = isFirst;
  }

  get told(): Told {
    const fields = {
      ...(this.#serverName !== undefined && { sni: [this.#serverName] }),
      ...(this.#protocols && this.#protocols.length > 0 && { alpn: this.#protocols }),
    };
    const fault = this.#fault;
    return { content: fault ? { kind: 'undecidable', reason: fault } : { kind: 'fields', fields }, early: this.#early };
  }

  /** Bytes behind the hello in its record: another message, which no server expects there. */
  unclear(fault: HelloFault): void {
    this.#fault ??= fault;
  }

  *whole(): Generator<number, Stop | undefined, Uint8Array> {
    const [type] = yield 1;
    if (type !== 1) return this.#isFirst ? notTls : other;
    const [high = 0, middle = 0, low = 0] = yield 3;
    this.#left = high * 65536 + middle * 256 + low;
    if (!(yield* this.#skip(34))) return malformed;
    const session = yield* this.#number(1);
    if (session !== undefined && session > 32) return this.#isFirst ? malformed : other;
    if (session === undefined || !(yield* this.#skip(session))) return malformed;
    const ciphers = yield* this.#number(2);
    if (!ciphers || ciphers % 2 === 1 || !(yield* this.#skip(ciphers))) return malformed;
    const methods = yield* this.#number(1);
    if (!methods || !(yield* this.#skip(methods))) return malformed;
    if (this.#left === 0) return undefined;
    const block = yield* this.#number(2);
    if (block !== this.#left) return malformed;
    while (this.#left > 0) {
      const kind = yield* this.#number(2);
      const length = kind === undefined ? undefined : yield* this.#number(2);
      if (kind === undefined || length === undefined || length > this.#left) return malformed;
      yield* this.#extension(kind, length);
    }
    return undefined;
  }

  *#skip(bytes: number): Generator<number, boolean, Uint8Array> {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    if (bytes > 0) yield bytes;
    return true;
  }

  *#number(bytes: number): Generator<number, number | undefined, Uint8Array> {
    if (bytes > this.#left) return undefined;
    this.#left -= bytes;
    return (yield bytes).reduce((number, byte) => number * 256 + byte, 0);
  }

  *#extension(kind: number, length: number): Generator<number, void, Uint8Array> {
    const end = this.#left - length;
    if (kind === extension.earlyData) this.#early = true;
    if (kind === extension.encrypted || kind === extension.encryptedName) this.#fault ??= 'encryptedHello';
    const fault =
      kind === extension.serverName ? yield* this.#name(end) : kind === extension.protocols ? yield* this.#list(end) : undefined;
    if (fault) this.#fault ??= fault;
    yield* this.#skip(this.#left - end);
  }

  /** A number inside of an extension that ends at `end`, of bytes that are left. */
  *#inside(bytes: number, end: number): Generator<number, number | undefined, Uint8Array> {
    return this.#left - bytes < end ? undefined : yield* this.#number(bytes);
  }

  *#name(end: number): Generator<number, HelloFault | undefined, Uint8Array> {
    if (this.#serverName !== undefined) return 'ambiguousHello';
    this.#serverName = '';
    if ((yield* this.#inside(2, end)) !== this.#left - end) return 'ambiguousHello';
    if ((yield* this.#inside(1, end)) !== 0) return 'ambiguousHello';
    const length = yield* this.#inside(2, end);
    if (!length || length !== this.#left - end || length > 253) return 'ambiguousHello';
    if (this.#names + 2 + length > namesLimit) return 'helloTooLong';
    this.#names += 2 + length;
    this.#left -= length;
    const name = String.fromCharCode(...(yield length)).toLowerCase();
    this.#serverName = name;
    return isServerName(name) ? undefined : 'ambiguousHello';
  }

  *#list(end: number): Generator<number, HelloFault | undefined, Uint8Array> {
    if (this.#protocols) return 'ambiguousHello';
    const protocols: string[] = [];
    this.#protocols = protocols;
    const length = yield* this.#inside(2, end);
    if (!length || length !== this.#left - end) return 'ambiguousHello';
    let fault: HelloFault | undefined;
    while (this.#left > end) {
      const bytes = yield* this.#inside(1, end);
      if (!bytes || bytes > this.#left - end) return fault ?? 'ambiguousHello';
      if (this.#names + 2 + bytes > namesLimit) return fault ?? 'helloTooLong';
      this.#left -= bytes;
      const name = String.fromCharCode(...(yield bytes));
      if (isGrease(name)) continue;
      this.#names += 2 + bytes;
      protocols.push(name);
      if (!/^[\x21-\x7e]+$/.test(name)) fault ??= 'ambiguousHello';
    }
    return fault;
  }
}

/** As it stands in a certificate: no dot at the end, and no address. */
const isServerName = (name: string): boolean => /^[-0-9_a-z]+(?:\.[-0-9_a-z]+)*$/.test(name) && !/(?:^|\.)[0-9]+$/.test(name);

/** RFC 8701: offered to keep servers from minding what they do not know; nobody speaks it. */
const isGrease = (name: string): boolean => name.length === 2 && name[0] === name[1] && (name.charCodeAt(0) & 0x0f) === 0x0a;

function readHello(bytes: Uint8Array, place: Place): Read {
  const handshake = handshakeOf(bytes.subarray(0, helloLimit), place);
  const parts = new HelloParts(place.isFirst);
  const reading = parts.whole();
  let at = 0;
  let next = reading.next();
  while (next.done !== true) {
    const end = at + next.value;
    if (end > handshake.bytes.length)
      return handshake.stop ?? (bytes.length > helloLimit ? { kind: 'lost', reason: 'helloTooLong' } : { kind: 'incomplete' });
    next = reading.next(Uint8Array.from(handshake.bytes.slice(at, end)));
    at = end;
  }
  if (next.value) return next.value;
  const last = handshake.records.find(({ inHandshake }) => inHandshake >= at);
  if (last?.inHandshake !== at) parts.unclear('ambiguousHello');
  return { kind: 'hello', ...parts.told, bytes: last?.inStream ?? 0 };
}

type Behind = { readonly kind: 'over'; readonly bytes: number } | { readonly kind: 'hello' | 'passes' | 'open' };

/** A record behind a hello: it is passed over, it begins another hello, or nothing from it on does. */
function behindHello([type, , , high, low]: Uint8Array, early: boolean): Behind {
  if (type === undefined || high === undefined || low === undefined) return { kind: 'open' };
  const length = high * 256 + low;
  if (type === record.handshake && length > 0) return { kind: 'hello' };
  if (type !== record.handshake && !isPassedOver(type, { early })) return { kind: 'passes' };
  return { kind: 'over', bytes: headerBytes + length };
}

/**
 * All hellos that a client sends where a server could take them for such: the first bytes, and what it sends after a server asked for
 * another one (HelloRetryRequest), before or behind early data. What is encrypted begins where no hello follows.
 */
export function readClient(bytes: Uint8Array): ClientReading {
  const hellos: HelloContent[] = [];
  let early = false;
  for (let at = 0; at <= bytes.length; ) {
    const rest = bytes.subarray(at);
    const behind = hellos.length === 0 ? undefined : behindHello(rest, early);
    if (behind?.kind === 'open' || behind?.kind === 'passes') return { hellos, end: behind.kind };
    if (behind?.kind === 'over') {
      at += behind.bytes;
      continue;
    }
    const read = readHello(rest, { isFirst: hellos.length === 0, early });
    if (read.kind === 'incomplete') break;
    if (read.kind === 'other') return { hellos, end: 'passes' };
    if (read.kind === 'lost') return { hellos: [...hellos, { kind: 'undecidable', reason: read.reason }], end: 'lost' };
    hellos.push(read.content);
    early = read.early;
    at += read.bytes;
  }
  return { hellos, end: 'open' };
}
