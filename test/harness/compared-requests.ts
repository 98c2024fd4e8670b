// The kernel's reader of requests against the oracle: random requests under random policies, each split at random bytes. What is
// decided, why what is undecidable is so, where a request ends, and under which rule it is counted. A pair is a policy and a request.
import * as assert from 'uvu/assert';
import type { Cause } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { typedPolicy } from './compile.ts';
import { cut } from './http-client.ts';
import { evasions } from './http-evasions.ts';
import { randomFieldedRequest, randomRequest, requestAt, verdictOfRequest } from './http-requests.ts';
import { type Walker, walkedPort } from './http-walker.ts';
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
  ],
];

function randomPolicy(random: Random): TypedPolicy {
  const rule = (): string => {
    const block = random.chance(0.9) ? ` http { ${Array.from({ length: 1 + random.int(4) }, () => random.pick(lines)).join('; ')} }` : '';
    return `      ${random.pick(['allow', 'allow', 'deny'])} at tcp${block} priority ${random.int(3)}`;
  };
  const rules = Array.from({ length: 1 + random.int(6) }, rule).join('\n');
  return typedPolicy(`
  policy web for { app: "web" } {
    ingress {
      ${random.chance(0.4) ? 'default allow' : ''}
${rules}
    }
  }`);
}

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
function packetsOf(text: string, random: Random): readonly Uint8Array[] {
  const few = Array.from({ length: random.int(5) }, () => random.int(text.length));
  const often = random.chance(0.01) ? [...text].map((_, at) => at) : few;
  const long = Array.from({ length: Math.floor(text.length / longestPacket) }, (_, i) => (i + 1) * longestPacket);
  return cut(text, [...often, ...long]).map((piece) => Buffer.from(piece, 'latin1'));
}

/** Counters do not tell whether the rule was decidable. */
const keyOf = (cause: Cause | undefined, action: string): string =>
  `${action} ${cause?.kind === 'rule' ? `rule ${cause.rule}` : JSON.stringify(cause)}`;
type Tally = Map<string, number>;
const countedOf = (walker: Walker): Tally => new Map(walker.counted().map(({ cause, action, count }) => [keyOf(cause, action), count]));

type Run = { readonly walker: Walker; readonly policy: TypedPolicy; readonly random: Random };

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
function nextRequest(source: Random, longest: number) {
  for (;;) {
    const sent = nextText(source);
    const read = sent === '' ? undefined : requestAt(sent, 0);
    if (!read || (read.framed && read.end === undefined)) continue;
    const text = read.framed ? sent.slice(0, read.end) : sent;
    if (text.length <= longest) return { read, text };
  }
}

/** Reads one request; gives what the oracle says of it. */
function compareOne({ walker, policy, random: source }: Run, isWhole: boolean) {
  const { read, text } = nextRequest(source, isWhole ? longestPacket : Number.POSITIVE_INFINITY);
  const packets = isWhole ? [Buffer.from(text, 'latin1')] : packetsOf(text, source);
  const { action, cause } = verdictOfRequest(policy, read.content, walkedPort);
  const walked = walker.walk(packets, read.upgrade);
  const about = `${action} ${JSON.stringify(read)} ${JSON.stringify(packets.map(String))}: ${JSON.stringify(walked)}`;
  assert.is(walked.denied, action === 'denied', about);
  assert.is(walked.passed, action === 'allowed', about);
  // What is denied ends its connection where it cannot be taken out of the stream, or where its client may wait for the end.
  if (action === 'allowed' || !read.framed) assert.is(walked.lost || walked.poisoned, !read.framed, about);
  if (!walked.lost && !walked.poisoned) assert.ok(walked.whole, about);
  // A target alone may say that the connection ends; and a connection that is denied is not read.
  const isRead = walked.isInspected ? walked.isRead || !walked.poisoned : action === 'allowed';
  if (isRead) assert.is(walked.reason, read.content.kind === 'undecidable' ? read.content.reason : 'none', about);
  return { action, key: keyOf(cause, action), isInspected: walked.isInspected };
}

/** So many requests under the next policy, and what became of them. @throws for the first mismatch */
export function compareRequests(walker: Walker, random: Random, count: number): { allowed: number; denied: number } {
  const policy = randomPolicy(random);
  walker.install(policy);
  const run = { walker, policy, random };
  const before = countedOf(run.walker);
  const expected: Tally = new Map();
  const tally = { allowed: 0, denied: 0 };
  // The first of them whole: a packet that ends in a head may be denied by its target alone, and so by another rule.
  for (let i = 0; i < count; i++) {
    const { action, key, isInspected } = compareOne(run, i < count / 5);
    tally[action]++;
    if (i < count / 5 && isInspected) {
      expected.set(key, (expected.get(key) ?? 0) + 1);
    }
    if (i + 1 === Math.ceil(count / 5)) {
      const after = countedOf(run.walker);
      for (const [one, times] of expected) assert.is((after.get(one) ?? 0) - (before.get(one) ?? 0), times, one);
    }
  }
  return tally;
}
