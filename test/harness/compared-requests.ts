// The kernel's reader of requests against the oracle: random requests under random policies, each split at random bytes. What is
// decided, why what is undecidable is so, where a request ends, and under which rule it is counted. A pair is a policy and a request.
import * as assert from 'uvu/assert';
import type { Cause } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { typedPolicy } from './compile.ts';
import { nextRequest, packetsOf, randomHttpPolicy } from './http-cases.ts';
import { verdictOfRequest } from './http-requests.ts';
import { type Walker, walkedPort } from './http-walker.ts';
import { longestPacket } from './packet-reader.ts';
import type { Random } from './random.ts';

/** Counters do not tell whether the rule was decidable. */
const keyOf = (cause: Cause | undefined, action: string): string =>
  `${action} ${cause?.kind === 'rule' ? `rule ${cause.rule}` : JSON.stringify(cause)}`;
type Tally = Map<string, number>;
const countedOf = (walker: Walker): Tally => new Map(walker.counted().map(({ cause, action, count }) => [keyOf(cause, action), count]));

type Run = { readonly walker: Walker; readonly policy: TypedPolicy; readonly random: Random };

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
  const policy = typedPolicy(randomHttpPolicy(random, 'ingress'));
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
