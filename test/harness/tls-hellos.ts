// ClientHellos as bytes, whole ones and ones that are wrong in one place; and a stream of them for tests that name the trick.
import type { HelloFault } from '../../src/compiler/domains/tls/hello.ts';

/** Kind -> bytes of one extension. */
export type Extension = readonly [kind: number, bytes: Uint8Array];
export type HelloParts = {
  readonly name?: string;
  readonly protocols?: readonly string[];
  /** Behind those of name and protocols. */
  readonly more?: readonly Extension[];
  readonly session?: number;
  /** Bytes of padding (RFC 7685). */
  readonly padding?: number;
  readonly noExtensions?: boolean;
};

export const extensionKind = { name: 0, protocols: 16, padding: 21, early: 42, versions: 43, encrypted: 0xfe0d } as const;

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

/** A number of `width` bytes. */
export const number = (value: number, width: number): Uint8Array =>
  Uint8Array.from({ length: width }, (_, i) => (value / 256 ** (width - 1 - i)) & 0xff);
/** Bytes behind their length. */
export const sized = (width: number, bytes: Uint8Array): Uint8Array => joined(number(bytes.length, width), bytes);

export const nameList = (...names: readonly string[]): Uint8Array =>
  sized(2, joined(...names.map((name) => joined(Uint8Array.of(0), sized(2, bytesOf(name))))));
export const protocolList = (...names: readonly string[]): Uint8Array => sized(2, joined(...names.map((name) => sized(1, bytesOf(name)))));

/** TLS 1.3 and 1.2. */
const versions: Extension = [extensionKind.versions, Uint8Array.of(4, 3, 4, 3, 3)];

export const extensionsOf = ({ name, protocols, more = [], padding }: HelloParts): readonly Extension[] => [
  versions,
  ...(name === undefined ? [] : [[extensionKind.name, nameList(name)] as const]),
  ...(protocols ? [[extensionKind.protocols, protocolList(...protocols)] as const] : []),
  ...more,
  ...(padding === undefined ? [] : [[extensionKind.padding, new Uint8Array(padding)] as const]),
];

/** The message without the header of a record. */
export function helloMessage(parts: HelloParts): Uint8Array {
  const extensions = joined(...extensionsOf(parts).map(([kind, bytes]) => joined(number(kind, 2), sized(2, bytes))));
  const body = joined(
    number(0x0303, 2),
    new Uint8Array(32).fill(7),
    sized(1, new Uint8Array(parts.session ?? 32).fill(9)),
    sized(2, Uint8Array.of(0x13, 0x01, 0xc0, 0x2f)),
    sized(1, Uint8Array.of(0)),
    ...(parts.noExtensions ? [] : [sized(2, extensions)]),
  );
  return joined(Uint8Array.of(1), sized(3, body));
}

export const recordType = { cipher: 20, alert: 21, handshake: 22, data: 23 } as const;
export const record = (bytes: Uint8Array, type: number = recordType.handshake): Uint8Array =>
  joined(Uint8Array.of(type, 3, 1), sized(2, bytes));

/** A hello in records of at most `most` bytes. */
export function hello(parts: HelloParts, most = 16384): Uint8Array {
  const message = helloMessage(parts);
  const count = Math.ceil(message.length / most);
  return joined(...Array.from({ length: count }, (_, i) => record(message.subarray(i * most, (i + 1) * most))));
}

export const alertDenied = Uint8Array.of(recordType.alert, 3, 3, 0, 2, 2, 49);

const good = { name: 'ok.example', protocols: ['h2'] } as const;
const withName = (...names: readonly string[]): Uint8Array => hello({ more: [[extensionKind.name, nameList(...names)]] });
const withProtocols = (...names: readonly string[]): Uint8Array =>
  hello({ name: 'ok.example', more: [[extensionKind.protocols, protocolList(...names)]] });
const bent = (bytes: Uint8Array, at: number, value: number): Uint8Array => bytes.map((byte, i) => (i === at ? value : byte));

/** Each begins with `ok.example` and `h2` where it has a name: a reader that looks there alone lets it pass. */
export const tlsEvasions: Readonly<Record<string, readonly [bytes: Uint8Array, reason: HelloFault]>> = {
  'plain text before the hello': [joined(bytesOf('EHLO there\r\nSTARTTLS\r\n'), hello(good)), 'notTls'],
  'a proxy header before the hello': [joined(bytesOf('PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n'), hello(good)), 'notTls'],
  'an HTTP request': [bytesOf('GET / HTTP/1.1\r\nHost: ok.example\r\n\r\n'), 'notTls'],
  'the hello of SSL 2': [Uint8Array.of(0x80, 0x2e, 1, 3, 1, 0, 21, 0, 0, 0, 16, ...new Array<number>(40).fill(0)), 'notTls'],
  'another message first': [record(bent(helloMessage(good), 0, 2)), 'notTls'],
  'an alert before the hello': [joined(record(Uint8Array.of(1, 90), recordType.alert), hello(good)), 'notTls'],
  'a record of another version': [bent(hello(good), 1, 2), 'notTls'],
  'an empty record before the hello': [joined(record(new Uint8Array()), hello(good)), 'malformedHello'],
  'another record inside of the hello': [
    joined(
      record(helloMessage(good).subarray(0, 60)),
      record(Uint8Array.of(1), recordType.cipher),
      record(helloMessage(good).subarray(60)),
    ),
    'malformedHello',
  ],
  'an extension longer than the hello': [bent(hello(good), hello(good).length - 6, 0xff), 'malformedHello'],
  'a list longer than its extension': [bent(hello(good), hello(good).length - 4, 0xff), 'ambiguousHello'],
  'bytes behind the extensions': [
    record(joined(bent(helloMessage(good), 3, (helloMessage(good)[3] ?? 0) + 2), number(0, 2))),
    'malformedHello',
  ],
  'another message behind the hello in its record': [
    record(joined(helloMessage(good), helloMessage({ name: 'no.example' }))),
    'ambiguousHello',
  ],
  'a session of 33 bytes': [hello({ ...good, session: 33 }), 'malformedHello'],
  'two server names in one list': [withName('ok.example', 'no.example'), 'ambiguousHello'],
  'two lists of names': [hello({ ...good, more: [[extensionKind.name, nameList('no.example')]] }), 'ambiguousHello'],
  'two lists of protocols': [hello({ ...good, more: [[extensionKind.protocols, protocolList('h3')]] }), 'ambiguousHello'],
  'a name of another kind': [
    hello({ more: [[extensionKind.name, sized(2, joined(Uint8Array.of(1), sized(2, bytesOf('ok.example'))))]] }),
    'ambiguousHello',
  ],
  'an empty list of names': [hello({ more: [[extensionKind.name, number(0, 2)]] }), 'ambiguousHello'],
  'an empty name': [withName(''), 'ambiguousHello'],
  'bytes behind the name': [hello({ more: [[extensionKind.name, joined(nameList('ok.example'), bytesOf('x'))]] }), 'ambiguousHello'],
  'a dot at the end of the name': [withName('ok.example.'), 'ambiguousHello'],
  'NUL in the name': [withName('ok.example\0.no.example'), 'ambiguousHello'],
  'a line feed in the name': [withName('ok.example\n'), 'ambiguousHello'],
  'an IPv4 address as name': [withName('192.0.2.1'), 'ambiguousHello'],
  'an IPv6 address as name': [withName('2001:db8::1'), 'ambiguousHello'],
  'an empty label in the name': [withName('ok..example'), 'ambiguousHello'],
  'UTF-8 in the name': [withName('\xc3\xb6k.example'), 'ambiguousHello'],
  'a name of 254 bytes': [withName(`${'a.'.repeat(122)}ok.example`), 'ambiguousHello'],
  'an empty list of protocols': [withProtocols(), 'ambiguousHello'],
  'an empty protocol': [withProtocols('h2', ''), 'ambiguousHello'],
  'a protocol with a NUL': [withProtocols('h2', 'h\0'), 'ambiguousHello'],
  'protocols of more than 512 bytes': [withProtocols(...new Array<string>(60).fill('http/1.1')), 'helloTooLong'],
  'Encrypted Client Hello': [hello({ ...good, more: [[extensionKind.encrypted, new Uint8Array(200)]] }), 'encryptedHello'],
  'the server name encrypted, as drafts had it': [hello({ ...good, more: [[0xffce, new Uint8Array(20)]] }), 'encryptedHello'],
  'a hello of more than 16 KiB': [hello({ ...good, padding: 17_000 }), 'helloTooLong'],
  'a hello in records of one byte, longer than 16 KiB with their headers': [hello({ ...good, padding: 3_000 }, 1), 'helloTooLong'],
};

/** What a client sends after HelloRetryRequest: the first hello allowed, the second one not. `early`: data before the server answered. */
export const secondHellos = (denied: HelloParts): Readonly<Record<string, Uint8Array>> => {
  const cipher = record(Uint8Array.of(1), recordType.cipher);
  const message = helloMessage(denied);
  const early = hello({ ...good, more: [[extensionKind.early, new Uint8Array()]] });
  return {
    'right behind': joined(hello(good), hello(denied)),
    'behind a change of cipher': joined(hello(good), cipher, hello(denied)),
    'behind early data': joined(early, record(new Uint8Array(300).fill(5), recordType.data), hello(denied)),
    'behind a warning': joined(hello(good), record(Uint8Array.of(1, 90), recordType.alert), hello(denied)),
    'behind an empty record': joined(hello(good), record(new Uint8Array()), hello(denied)),
    'in records of ten bytes': joined(hello(good), cipher, hello(denied, 10)),
    'with an empty record in it': joined(
      hello(good),
      record(message.subarray(0, 50)),
      record(new Uint8Array()),
      record(message.subarray(50)),
    ),
    'with a change of cipher in it': joined(hello(good), record(message.subarray(0, 50)), cipher, record(message.subarray(50))),
    third: joined(hello(good), hello(good), hello(denied)),
  };
};

/** What follows an allowed hello and is none: the stream passes. */
export const noHellos: Readonly<Record<string, Uint8Array>> = {
  'a key exchange of TLS 1.2': record(joined(Uint8Array.of(16), sized(3, new Uint8Array(66).fill(1)))),
  'a change of cipher and an encrypted message that looks like a hello': joined(
    record(Uint8Array.of(1), recordType.cipher),
    record(Uint8Array.of(1, ...new Array<number>(39).fill(0x55))),
    record(new Uint8Array(40).fill(1), recordType.data),
  ),
  'data of TLS 1.3': joined(record(Uint8Array.of(1), recordType.cipher), record(new Uint8Array(60).fill(1), recordType.data)),
  'bytes of nothing known': new Uint8Array(50).fill(0xee),
};
