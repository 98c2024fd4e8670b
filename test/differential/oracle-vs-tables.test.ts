// Everything after 3-check is an optimisation: normalize, plan, emit and materialize, looked up as the kernel does, say
// what the oracle says, cause included, for every event of a small world under many random policies, tiers, priorities, passes,
// drops and audit mode among them.
import { Ajv } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { partsOf } from '../../src/compiler/7-build/parts.ts';
import { verdictIn, verdictOf, verdictOfProcess } from '../../src/compiler/analysis/oracle.ts';
import { bundleSchemas } from '../../src/compiler/ir/bundle-schema.ts';
import type { Endpoint, FlowEvent, PolicyEvent } from '../../src/compiler/ir/event.ts';
import type { Direction, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { checkUnit } from '../../src/compiler/pipeline.ts';
import { eventTally, randomEvents, randomPolicy, randomUniverse } from '../harness/arbitrary.ts';
import { random, seedOf } from '../harness/random.ts';
import { everyEvent, randomWorld, typedWorld } from '../harness/small-world.ts';
import { emitted, type Tables, type Told, tablesOf, told } from '../harness/tables.ts';
import { reservedEndpoint, workloadEndpoint } from '../harness/universe.ts';
import { varied } from '../harness/varied.ts';

const policies = 40;
const events = everyEvent({ native: true });
const endsOf = (event: PolicyEvent): readonly Endpoint[] => (event.kind === 'flow' ? [event.source, event.destination] : [event.subject]);
const endpoints = [...new Set(events.flatMap(endsOf))];

const shown = (value: unknown): string => JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));

const isRefused = ({ action }: Told): boolean => action === 'denied' || action === 'dropped';

/** What the kernel says of a request on a connection that it does not admit is of no account, as long as it is no. */
function agree(tables: Told, oracle: Told, isMoot: boolean): boolean {
  if (isMoot) return isRefused(tables) && isRefused(oracle);
  return tables.action === oracle.action && shown(tables.cause) === shown(oracle.cause);
}

type Counted = { asked: number; denied: number; dropped: number; audited: number; inspected: number };

function compareSide(
  typed: TypedPolicy,
  tables: Tables,
  { event, direction }: { readonly event: FlowEvent; readonly direction: Direction },
  count: Counted,
): void {
  const [subject, peer] = direction === 'egress' ? [event.source, event.destination] : [event.destination, event.source];
  if (subject.kind !== 'workload') return;
  const { point, request } = event;
  const expected = told(typed, verdictIn(typed, direction, { subject, peer, point, ...(request && { request }) }));
  const { inspected, ...found } = tables.side(direction, subject, { peer, point, ...(request && { request }) });
  const isMoot = request !== undefined && verdictIn(typed, direction, { subject, peer, point }).action === 'denied';
  count.asked++;
  if (isRefused(expected)) count.denied++;
  if (expected.action === 'dropped') count.dropped++;
  if (expected.action === 'audited') count.audited++;
  if (inspected) count.inspected++;
  if (!agree(found, expected, isMoot)) {
    assert.unreachable(`${direction} ${shown(event)}\ntables: ${shown(found)}\noracle: ${shown(expected)}\n${shown(typed)}`);
  }
}

function compare(typed: TypedPolicy, tables: Tables, count: Counted): void {
  for (const event of events) {
    if (event.kind === 'flow') {
      for (const direction of ['ingress', 'egress'] as const) compareSide(typed, tables, { event, direction }, count);
      continue;
    }
    const expected = told(typed, verdictOfProcess(typed, event));
    const found = tables.exec(event.subject, event.content);
    if (!agree(found, expected, false)) {
      assert.unreachable(`${shown(event)}\ntables: ${shown(found)}\noracle: ${shown(expected)}\n${shown(typed)}`);
    }
  }
}

test('the tables say what the oracle says', () => {
  const source = random(seedOf('oracle-vs-tables', 20260801));
  const total: Counted = { asked: 0, denied: 0, dropped: 0, audited: 0, inspected: 0 };
  for (let i = 0; i < policies; i++) {
    const typed = varied(source, typedWorld(randomWorld(source, { native: true })));
    compare(typed, tablesOf(typed, endpoints), total);
  }
  const percent = (part: number): string => `${Math.round((100 * part) / total.asked)} %`;
  console.log(
    `${policies} policies, ${total.asked} questions: ${percent(total.denied)} denied, ${percent(total.dropped)} dropped, ${percent(total.audited)} audited, ${percent(total.inspected)} inspected`,
  );
  assert.ok(total.denied > 0.2 * total.asked && total.denied < 0.8 * total.asked, 'both verdicts must be common');
  assert.ok(Math.min(total.inspected, total.dropped, total.audited) > 0);
});

/** Both sides of a flow, as the oracle puts them together; of the sides that only audit would deny, the first. */
function verdictByTables(tables: Tables, event: PolicyEvent): Told {
  if (event.kind === 'process') return tables.exec(event.subject, event.content);
  const { source, destination, point, request } = event;
  const asked = { point, ...(request && { request }) };
  const unmanaged: Told = { action: 'allowed', cause: { kind: 'default-allow' } };
  const side = (direction: Direction, subject: Endpoint, peer: Endpoint): Told => {
    if (subject.kind !== 'workload') return unmanaged;
    const { action, cause } = tables.side(direction, subject, { peer, ...asked });
    return { action, cause };
  };
  const sides = [side('egress', source, destination), side('ingress', destination, source)] as const;
  const [egress, ingress] = sides;
  return sides.find(isRefused) ?? sides.find(({ action }) => action === 'audited') ?? (ingress.cause.kind === 'rule' ? ingress : egress);
}

const ajv = new Ajv({ strict: false });
const [isPart, isMetrics] = [bundleSchemas.part, bundleSchemas.metrics].map((schema) => ajv.compile(schema));

/** What a bundle of the policy holds is what policyd reads. */
function assertReadable(typed: TypedPolicy): void {
  const policy = emitted(typed);
  const { metrics } = policy;
  for (const part of partsOf(policy)) assert.ok(isPart?.(part), ajv.errorsText(isPart?.errors));
  assert.ok(isMetrics?.(metrics), ajv.errorsText(isMetrics?.errors));
}

test('policies of text, events at their edges: the tables say what the oracle says', () => {
  const seed = seedOf('oracle-vs-tables (text)', 20260802);
  const source = random(seed);
  const tally = eventTally();
  for (let i = 0; i < 100; i++) {
    const universe = randomUniverse(source);
    const text = randomPolicy(source, { native: true });
    const checked = checkUnit([{ path: 'random.policy', text }]);
    if (!checked.ok) throw new Error(`${checked.diagnostics.map(({ message }) => message).join('\n')}\n${text}`);
    const typed = varied(source, checked.value.typed);
    assertReadable(typed);
    const inventory = [...universe.workloads.map(workloadEndpoint), ...universe.reserved.map(reservedEndpoint)];
    const tables = tablesOf(typed, inventory);
    for (const event of randomEvents(typed, universe, { random: source, count: 100, native: true })) {
      tally.add(typed, event);
      const [found, expected] = [verdictByTables(tables, event), told(typed, verdictOf(typed, event))];
      const isRequest = event.kind === 'flow' && event.request !== undefined;
      const { request: _, ...connection } = event.kind === 'flow' ? event : { ...event, request: undefined };
      const isMoot = isRequest && verdictOf(typed, connection).action === 'denied';
      if (!agree(found, expected, isMoot)) {
        assert.unreachable(`${shown(event)}\ntables: ${shown(found)}\noracle: ${shown(expected)}\n${text}`);
      }
    }
  }
  console.log(tally.line());
});

test.run();
