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
import { patience } from '../harness/patience.ts';
import { type Random, random, seedOf } from '../harness/random.ts';
import { packetsOf, randomStream, randomTlsPolicy } from '../harness/tls-cases.ts';
import { tlsWalker, type Walked, type Walker, walkedPort } from '../harness/tls-walker.ts';

/** Under emulation, each costs many times as much. */
const streams = Number(process.env['HELLOS'] ?? 20_000 / patience ** 2);
/** Streams under one policy. */
const each = Math.ceil(streams / 20);

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
    const sent = randomStream(source);
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
    const policy = typedPolicy(randomTlsPolicy(source));
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
