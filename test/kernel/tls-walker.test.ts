// The kernel's reader of ClientHellos against the oracle: random streams of a client under random policies, mutated and split at
// random bytes. What is decided, why what is undecidable is so, and under which rule it is counted.
//
//   HELLOS=1000000 SEED=7 npx tsx test/kernel/tls-walker.test.ts
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictIn } from '../../src/compiler/analysis/oracle.ts';
import { type ClientReading, readClient } from '../../src/compiler/domains/tls/hello.ts';
import type { Cause } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import { typedPolicy } from '../harness/compile.ts';
import { host, workload } from '../harness/governed.ts';
import { kernelTest } from '../harness/kernel.ts';
import { longestPacket } from '../harness/packet-reader.ts';
import { patience } from '../harness/patience.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { extensionKind, type HelloParts, hello, noHellos, record, recordType, secondHellos, tlsEvasions } from '../harness/tls-hellos.ts';
import { tlsWalker, type Walked, type Walker, walkedPort } from '../harness/tls-walker.ts';

/** Under emulation, each costs many times as much. */
const streams = Number(process.env['HELLOS'] ?? 20_000 / patience ** 2);
/** Streams under one policy. */
const each = Math.ceil(streams / 20);

const names = ['ok.example', 'no.example', 'api.ok.example', 'OK.example', 'a-b.c_d.example', '4.example', '10.0.0.1', 'ok.example.', ''];
const protocols = ['h2', 'http/1.1', 'h3', 'acme-tls/1', '\x0a\x0a', '\xda\xda', 'x\x80'];
const lines = [
  ...['sni "ok.example"', '"no.example"', 'sni "*.example"', '"**.ok.example"', 'sni absent', 'sni exists', 'sni not "no.example"'],
  ...['alpn "h2"', 'alpn ["h2", "http/1.1"]', 'alpn not "h3"', 'alpn absent', 'alpn "http/*"', '"ok.example" alpn "h2"'],
];

function randomPolicy(source: Random): TypedPolicy {
  const rule = (): string => {
    const block = source.chance(0.9) ? ` tls { ${Array.from({ length: 1 + source.int(3) }, () => source.pick(lines)).join('; ')} }` : '';
    return `      ${source.pick(['allow', 'allow', 'deny'])} at tcp${block} priority ${source.int(3)}`;
  };
  const rules = Array.from({ length: 1 + source.int(5) }, rule).join('\n');
  return typedPolicy(`
  policy web for { app: "web" } {
    ingress {
      ${source.chance(0.4) ? 'default allow' : ''}
${rules}
    }
  }`);
}

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

function randomStream(source: Random): Uint8Array {
  if (source.chance(0.1)) return source.pick(tricks);
  const most = source.chance(0.3) ? 1 + source.int(60) : 16384;
  const parts = [hello(randomParts(source), most)];
  while (source.chance(0.3)) parts.push(source.chance(0.5) ? randomRecord(source) : hello(randomParts(source), most));
  return new Uint8Array(Buffer.concat(parts));
}

/** The packets of one stream: whole, or cut at random bytes, some of them at every byte. */
function packetsOf(bytes: Uint8Array, source: Random): readonly Uint8Array[] {
  const few = Array.from({ length: source.int(5) }, () => source.int(bytes.length));
  const often = source.chance(0.01) ? bytes.subarray(0, 600).map((_, at) => at) : few;
  const long = Array.from({ length: Math.floor(bytes.length / longestPacket) }, (_, i) => (i + 1) * longestPacket);
  const cuts = [...new Set([0, ...often, ...long, bytes.length])].sort((a, b) => a - b);
  return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
}

type Verdict = { readonly action: 'allowed' | 'denied'; readonly key: string };
type Expected = { readonly stage: Walked['stage']; readonly reason?: string; readonly verdicts: readonly Verdict[] };

/** Counters do not tell whether the rule was decidable. */
const keyOf = (cause: Cause | undefined, action: string): string =>
  `${action} ${cause?.kind === 'rule' ? `rule ${cause.rule}` : JSON.stringify(cause)}`;

/** What the oracle says of the hellos of a client, up to the first that is denied. */
function expectedOf(policy: TypedPolicy, { hellos, end }: ClientReading): Expected {
  const verdicts: Verdict[] = [];
  for (const content of hellos) {
    const request = { domain: 'tls', content } as const;
    const { action, cause } = verdictIn(policy, 'ingress', {
      subject: workload,
      peer: host,
      point: transportPoint('tcp', walkedPort),
      request,
    });
    verdicts.push({ action, key: keyOf(cause, action) });
    if (action === 'denied') return { stage: 'ended', reason: content.kind === 'undecidable' ? content.reason : 'none', verdicts };
  }
  const stage = end === 'open' ? (hellos.length === 0 ? 'reading' : 'walking') : 'passes';
  return { stage, verdicts };
}

/** One cause may have a number for each policy that it was in. */
function countedOf(walker: Walker): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { cause, action, count } of walker.counted()) add(counts, keyOf(cause, action), count);
  return counts;
}

const add = (counts: Map<string, number>, key: string, count: number): void => void counts.set(key, (counts.get(key) ?? 0) + count);

type Tally = { allowed: number; denied: number };

function comparePolicy(walker: Walker, policy: TypedPolicy, source: Random): Tally {
  const before = countedOf(walker);
  const counts = new Map<string, number>();
  const tally: Tally = { allowed: 0, denied: 0 };
  for (let i = 0; i < each; i++) {
    const sent = source.chance(0.3) ? mutated(randomStream(source), source) : randomStream(source);
    const packets = packetsOf(sent, source);
    const walked = walker.walk(packets);
    // Decided as a whole: on a socket nothing of it is read.
    if (!walked.isInspected) return tally;
    const read = readClient(sent);
    const { stage, reason, verdicts } = expectedOf(policy, read);
    const about = `${JSON.stringify(read)} ${Buffer.from(sent).toString('hex')} in ${packets.map(({ length }) => length).join()}`;
    assert.is(walked.stage, stage, about);
    if (reason !== undefined) assert.is(walked.reason, reason, about);
    for (const { action, key } of verdicts) {
      tally[action]++;
      add(counts, key, 1);
    }
  }
  const after = countedOf(walker);
  for (const [key, count] of counts) assert.is((after.get(key) ?? 0) - (before.get(key) ?? 0), count, key);
  return tally;
}

kernelTest('random streams, split at random bytes, are read as the oracle reads them', () => {
  const seed = seedOf('tls walker', 20261122);
  const walker = tlsWalker();
  const tally: Tally = { allowed: 0, denied: 0 };
  const begun = process.cpuUsage();
  let policies = 0;
  while (tally.allowed + tally.denied < streams) {
    const source = random(seed + policies++);
    const policy = randomPolicy(source);
    walker.install(policy);
    const { allowed, denied } = comparePolicy(walker, policy, source);
    tally.allowed += allowed;
    tally.denied += denied;
  }
  const { user, system } = process.cpuUsage(begun);
  console.log(`${JSON.stringify(tally)} under ${policies} policies, ${((user + system) / 1e6).toFixed(0)} s of CPU`);
  assert.ok(tally.allowed > streams / 10 && tally.denied > streams / 10);
});

test.run();
