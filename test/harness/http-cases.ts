// Random policies about requests, requests near them, and their packets.
import type { Direction } from '../../src/compiler/ir/typed.ts';
import { randomContentPolicy } from './content-policy.ts';
import { cut } from './http-client.ts';
import { evasions } from './http-evasions.ts';
import { randomFieldedRequest, randomRequest, requestAt } from './http-requests.ts';
import { longestPacket } from './packet-reader.ts';
import type { Random } from './random.ts';

const lines = [
  ...[
    'GET "/a"',
    'GET "/b"',
    'POST "/up/**"',
    '"/admin"',
    '"/admin/**"',
    '"/b/**"',
    'DELETE',
    'HEAD',
    '"/{id}"',
    'GET "/a/{id}/b"',
    '"/**/a"',
  ],
  ...[
    '"/b" query "q=*"',
    'query "*debug*"',
    'query absent',
    'POST target "/up/*"',
    'target "/a*"',
    'host "shop.example"',
    'host "*.example"',
  ],
  ...[
    'header "x-role" = "admin"',
    'header "x-tag" = not "good"',
    'header "x-role" absent',
    'header "x-utf" = "é*"',
    'header "x-tag" = "bad"',
  ],
  ...[
    'header "content-type" = ["text/plain", "text/x*"] POST',
    'header "x-role" exists',
    'header "upgrade" = "*"',
    'GET "/a" host "evil.example"',
    'GET regex "/(a|up)(/.*)?"',
    'host regex "(shop|evil)[.]example"',
    'header "x-tag" = glob "g*"',
    'header "x-role" = regex "ad.+"',
  ],
];

/** Of one workload, about its connections over TCP. */
export const randomHttpPolicy = (random: Random, section: Direction): string =>
  randomContentPolicy(random, { section, block: 'http', lines, most: { rules: 6, lines: 4 } });

/** One byte left out, put in or changed. */
function mutated(text: string, random: Random): string {
  const at = random.int(text.length);
  const byte = random.chance(0.5) ? random.pick([...'\r\n \t:/%.;?#\\\0\x7f\x80']) : String.fromCharCode(random.int(256));
  return text.slice(0, at) + (random.chance(0.3) ? '' : byte) + text.slice(at + random.int(2));
}

const tricks = Object.values(evasions);

function randomText(random: Random): string {
  const text = random.chance(0.05) ? random.pick(tricks) : random.chance(0.5) ? randomRequest(random) : randomFieldedRequest(random);
  return random.chance(0.3) ? mutated(text, random) : text;
}

/** The packets of one request: whole, or cut at random bytes, some of them at every byte. */
export function packetsOf(text: string, random: Random): readonly Uint8Array[] {
  const few = Array.from({ length: random.int(5) }, () => random.int(text.length));
  const often = random.chance(0.01) ? [...text].map((_, at) => at) : few;
  const long = Array.from({ length: Math.floor(text.length / longestPacket) }, (_, i) => (i + 1) * longestPacket);
  return cut(text, [...often, ...long]).map((piece) => Buffer.from(piece, 'latin1'));
}

/** The lines of the last request, which many a client sends again with its next one. */
let lastLines = '';

/** A random request; with lines that went before, and perhaps one byte of them changed. */
function nextText(random: Random): string {
  const text = randomText(random);
  const end = text.indexOf('\r\n') + 2;
  if (end > 1 && lastLines !== '' && random.chance(0.3))
    return text.slice(0, end) + (random.chance(0.2) ? mutated(lastLines, random) : lastLines);
  if (end > 1) lastLines = text.slice(end);
  return text;
}

/** The next request that a stream can begin with, and what it is. */
export function nextRequest(source: Random, longest: number) {
  for (;;) {
    const sent = nextText(source);
    const read = sent === '' ? undefined : requestAt(sent, 0);
    if (!read || (read.framed && read.end === undefined)) continue;
    const text = read.framed ? sent.slice(0, read.end) : sent;
    if (text.length <= longest) return { read, text };
  }
}
