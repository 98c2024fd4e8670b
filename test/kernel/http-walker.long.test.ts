// The kernel's reader of requests against the oracle (test/harness/compared-requests.ts).
//
//   REQUESTS=1000000 SEED=7 npx tsx test/kernel/http-walker.long.test.ts
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareRequests } from '../harness/compared-requests.ts';
import { httpWalker } from '../harness/http-walker.ts';
import { kernelTest } from '../harness/kernel.ts';
import { random, seedOf } from '../harness/random.ts';

const requests = Number(process.env['REQUESTS'] ?? 20_000);
/** Requests under one policy. */
const each = 2_500;

kernelTest('random requests, split at random bytes, are read as the oracle reads them', () => {
  const seed = seedOf('http walker', 20261121);
  const walker = httpWalker();
  const tally = { allowed: 0, denied: 0 };
  const begun = process.cpuUsage();
  for (let done = 0, round = 0; done < requests; done += each, round++) {
    const source = random(seed + round);
    const { allowed, denied } = compareRequests(walker, source, Math.min(each, requests - done));
    tally.allowed += allowed;
    tally.denied += denied;
  }
  const { user, system } = process.cpuUsage(begun);
  console.log(`${requests} requests: ${JSON.stringify(tally)}, ${((user + system) / 1e6).toFixed(0)} s of CPU`);
  assert.ok(tally.allowed > requests / 10 && tally.denied > requests / 10);
});

test.run();
