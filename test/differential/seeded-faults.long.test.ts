// Would the differential tests find a mistake? Each fault of test/harness/faults.ts, put into the compiler or into the templates, is
// found within 10,000 pairs of a policy and an event. One that is not found makes the generator of events better.
// FAULT=part of a name for some of them.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventTally } from '../harness/arbitrary.ts';
import { comparePackets, emptyTally, packetCase } from '../harness/compared-packets.ts';
import { compareRequests } from '../harness/compared-requests.ts';
import { compareTables } from '../harness/compared-tables.ts';
import { faultyTablesOf, faultyTemplates } from '../harness/faulted.ts';
import { type FoundBy, type SeededFault, seededFaults } from '../harness/faults.ts';
import { httpWalker } from '../harness/http-walker.ts';
import { kernelTest, templateObject } from '../harness/kernel.ts';
import { type HookName, packetHooks } from '../harness/packet-hooks.ts';
import { random, seedOf } from '../harness/random.ts';

const mostPairs = 10_000;
const seed = seedOf('seeded-faults', 20_261_122);
const wanted = process.env['FAULT'] ?? '';

/** After how many pairs it was found; undefined: not. */
type Search = (fault: SeededFault) => Promise<number | undefined>;

const byTables: Search = async (fault) => {
  const tablesOf = await faultyTablesOf(fault);
  const [source, tally] = [random(seed), eventTally()];
  while (tally.shares().events < mostPairs) if (compareTables(source, tablesOf, tally) !== undefined) return tally.shares().events;
  return undefined;
};

const byPackets =
  (place: HookName): Search =>
  async (fault) => {
    const root = faultyTemplates(fault);
    const kernel = packetHooks([place], (template) => templateObject(template, root));
    const [source, tally] = [random(seed), emptyTally()];
    while (tally.pairs < mostPairs) if (comparePackets(kernel, packetCase(source).asked, tally) !== undefined) return tally.pairs;
    return undefined;
  };

const requestsPerPolicy = 200;
const byRequests: Search = async (fault) => {
  const walker = httpWalker(faultyTemplates(fault));
  const source = random(seed);
  for (let pairs = 0; pairs < mostPairs; pairs += requestsPerPolicy) {
    try {
      compareRequests(walker, source, requestsPerPolicy);
    } catch (error) {
      if (error instanceof assert.Assertion) return pairs + requestsPerPolicy;
      throw error;
    }
  }
  return undefined;
};

const searches: Readonly<Record<FoundBy, Search>> = {
  tables: byTables,
  cgroup: byPackets('cgroup'),
  interface: byPackets('interface'),
  early: byPackets('early'),
  requests: byRequests,
};

test('there are 25 of them at least', () => assert.ok(seededFaults.length >= 25, `${seededFaults.length}`));

for (const fault of seededFaults.filter(({ name }) => name.includes(wanted))) {
  const inKernel = fault.foundBy !== 'tables';
  (inKernel ? kernelTest : test)(`${fault.foundBy}: ${fault.name}`, async () => {
    const pairs = await searches[fault.foundBy](fault);
    if (pairs === undefined) assert.unreachable(`not found within ${mostPairs} pairs`);
    console.log(`${fault.foundBy}: ${fault.name}: found after ${pairs} pairs`);
  });
}

test.run();
