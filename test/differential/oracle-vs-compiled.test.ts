// Policy text through the whole compiler to tables, looked up as the kernel does, against the oracle: random policies,
// and events at the edges of their rules (ports and addresses beside borders, requests and programs near patterns).
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictIn, verdictOfProcess } from '../../src/compiler/analysis/oracle.ts';
import type { FlowEvent, PolicyEvent } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { eventTally, randomEvents, randomPolicy, randomUniverse } from '../harness/arbitrary.ts';
import { typedPolicy } from '../harness/compile.ts';
import { random, seedOf } from '../harness/random.ts';
import { type Tables, type Told, tablesOf, told } from '../harness/tables.ts';
import { varied } from '../harness/varied.ts';

const policies = Number(process.env['POLICIES'] ?? 120);
const eventsPerPolicy = 100;

const shown = (value: unknown): string => JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));

function compareFlow(typed: TypedPolicy, tables: Tables, { source, destination, point, request }: FlowEvent): readonly [Told, Told][] {
  return (['egress', 'ingress'] as const).flatMap((direction) => {
    const [subject, peer] = direction === 'egress' ? [source, destination] : [destination, source];
    if (subject.kind !== 'workload') return [];
    const connection = verdictIn(typed, direction, { subject, peer, point });
    const expected = told(typed, request ? verdictIn(typed, direction, { subject, peer, point, request }) : connection);
    const { inspected: _, ...found } = tables.side(direction, subject, { peer, point, ...(request && { request }) });
    // A request on a connection that is not admitted is no event: its denial is that of the connection.
    const moot = request !== undefined && connection.action === 'denied' && found.action !== 'allowed' && found.action !== 'audited';
    return moot ? [] : [[found, expected] as const].map(([a, b]): [Told, Told] => [a, b]);
  });
}

function compare(typed: TypedPolicy, tables: Tables, event: PolicyEvent): readonly [Told, Told][] {
  if (event.kind === 'flow') return compareFlow(typed, tables, event);
  return [[tables.exec(event.subject, event.content), told(typed, verdictOfProcess(typed, event))]];
}

test('compiled tables say what the oracle says, cause included', () => {
  const source = random(seedOf('oracle-vs-compiled', 20_260_802));
  const tally = eventTally();
  for (let round = 0; round < policies; round++) {
    const text = randomPolicy(source, { native: true });
    const typed = varied(source, typedPolicy(text));
    const events = randomEvents(typed, randomUniverse(source), { random: source, count: eventsPerPolicy, native: true });
    const endpoints = events.flatMap((event) => (event.kind === 'flow' ? [event.source, event.destination] : [event.subject]));
    const tables = tablesOf(typed, [...new Set(endpoints)]);
    for (const event of events) {
      tally.add(typed, event);
      for (const [found, expected] of compare(typed, tables, event)) {
        if (shown(found) === shown(expected)) continue;
        assert.unreachable(
          `policy ${round}: ${shown(event)}\ntables: ${shown(found)}\noracle: ${shown(expected)}\n${text}\n${shown([typed.policies, typed.rules.map(({ action, priority, audit }) => [action, priority, audit])])}`,
        );
      }
    }
  }
  console.log(`oracle-vs-compiled: ${policies} policies, ${tally.line()}`);
  const { contested, allowed, denied } = tally.shares();
  for (const [name, share] of Object.entries({ contested, allowed, denied })) assert.ok(share >= 0.3, `${name}: ${share}`);
});

test.run();
