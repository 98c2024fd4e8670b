// Random policies about the hellos of TLS, streams of clients near them, and their packets.

import { randomContentPolicy } from './content-policy.ts';
import { longestPacket } from './packet-reader.ts';
import type { Random } from './random.ts';
import { extensionKind, type HelloParts, hello, noHellos, record, recordType, secondHellos, tlsEvasions } from './tls-hellos.ts';

const names = ['ok.example', 'no.example', 'api.ok.example', 'OK.example', 'a-b.c_d.example', '4.example', '10.0.0.1', 'ok.example.', ''];
const protocols = ['h2', 'http/1.1', 'h3', 'acme-tls/1', '\x0a\x0a', '\xda\xda', 'x\x80'];
const lines = [
  ...['sni "ok.example"', '"no.example"', 'sni "*.example"', '"**.ok.example"', 'sni absent', 'sni exists', 'sni not "no.example"'],
  ...['alpn "h2"', 'alpn ["h2", "http/1.1"]', 'alpn not "h3"', 'alpn absent', 'alpn "http/*"', '"ok.example" alpn "h2"'],
  ...['sni regex "(ok|no)[.]example"', 'alpn regex "h[23]"', 'alpn glob "http/*"'],
];

/** Of one workload, about connections to it. */
export const randomTlsPolicy = (source: Random): string =>
  randomContentPolicy(source, { section: 'ingress', block: 'tls', lines, most: { rules: 5, lines: 3 } });

const tricks = [
  ...Object.values(tlsEvasions).map(([bytes]) => bytes),
  ...Object.values(secondHellos({ name: 'no.example', protocols: ['h2'] })),
  ...Object.values(noHellos).map((bytes) => new Uint8Array(Buffer.concat([hello({ name: 'ok.example' }), bytes]))),
].filter(({ length }) => length < 8_000);

function randomParts(source: Random): HelloParts {
  const offered = Array.from({ length: 1 + source.int(3) }, () => source.pick(protocols));
  return {
    ...(source.chance(0.8) && { name: source.pick(names) }),
    ...(source.chance(0.6) && { protocols: offered }),
    ...(source.chance(0.3) && { padding: source.int(source.chance(0.1) ? 4_000 : 200) }),
    ...(source.chance(0.2) && { more: [[extensionKind.early, new Uint8Array()]] as const }),
    session: source.pick([0, 32, 16]),
  };
}

function randomRecord(source: Random): Uint8Array {
  const type = source.pick(Object.values(recordType));
  return record(
    new Uint8Array(source.int(80)).map(() => source.int(256)),
    type,
  );
}

/** One byte left out, put in or changed. */
function mutated(bytes: Uint8Array, source: Random): Uint8Array {
  const at = source.int(Math.min(bytes.length, 400));
  const put = source.chance(0.3) ? [] : [source.chance(0.5) ? source.int(4) : source.int(256)];
  return new Uint8Array([...bytes.subarray(0, at), ...put, ...bytes.subarray(at + source.int(2))]);
}

function wellMadeStream(source: Random): Uint8Array {
  if (source.chance(0.1)) return source.pick(tricks);
  const most = source.chance(0.3) ? 1 + source.int(60) : 16384;
  const parts = [hello(randomParts(source), most)];
  while (source.chance(0.3)) parts.push(source.chance(0.5) ? randomRecord(source) : hello(randomParts(source), most));
  return new Uint8Array(Buffer.concat(parts));
}

/** What a client sends. */
export const randomStream = (source: Random): Uint8Array =>
  source.chance(0.3) ? mutated(wellMadeStream(source), source) : wellMadeStream(source);

/** The packets of one stream: whole, or cut at random bytes, some of them at every byte. */
export function packetsOf(bytes: Uint8Array, source: Random): readonly Uint8Array[] {
  const few = Array.from({ length: source.int(5) }, () => source.int(bytes.length));
  const often = source.chance(0.01) ? bytes.subarray(0, 600).map((_, at) => at) : few;
  const long = Array.from({ length: Math.floor(bytes.length / longestPacket) }, (_, i) => (i + 1) * longestPacket);
  const cuts = [...new Set([0, ...often, ...long, bytes.length])].sort((a, b) => a - b);
  return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
}
