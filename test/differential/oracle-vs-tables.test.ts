// Everything after 3-check is an optimisation: normalize, plan, emit and materialize, looked up as the kernel does, say
// what the oracle says, cause included, for every event of a small world under many random policies, tiers, priorities, passes,
// drops and audit mode among them.
import { Ajv } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { behindUndecided, undecidedNames } from '../../src/compiler/5-plan/named-peers.ts';
import { partsOf } from '../../src/compiler/7-build/parts.ts';
import { verdictIn, verdictOfProcess } from '../../src/compiler/analysis/oracle.ts';
import { bundleSchemas } from '../../src/compiler/ir/bundle-schema.ts';
import type { Endpoint, FlowEvent, PolicyEvent } from '../../src/compiler/ir/event.ts';
import { ruleId } from '../../src/compiler/ir/ids.ts';
import type { Direction, Rule, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { eventTally } from '../harness/arbitrary.ts';
import { agree, compareTables, isRefused, shownEvent } from '../harness/compared-tables.ts';
import { random, seedOf } from '../harness/random.ts';
import { everyEvent, randomWorld, typedWorld } from '../harness/small-world.ts';
import { emitted, type Tables, tablesOf, told } from '../harness/tables.ts';
import { varied } from '../harness/varied.ts';

const policies = 40;
const policiesWithNames = 60;
const native = { native: true } as const;
const withNames = { native: true, names: true } as const;
const [events, namedEvents] = [everyEvent(native), everyEvent(withNames)];
const endsOf = (event: PolicyEvent): readonly Endpoint[] => (event.kind === 'flow' ? [event.source, event.destination] : [event.subject]);
const endpoints = [...new Set(events.flatMap(endsOf))];
const isToNamed = (event: PolicyEvent): boolean => endsOf(event).some((end) => end.kind === 'address' && end.names !== undefined);

/** The policy without what the target refuses of rules about names. */
function withDecidedNames(typed: TypedPolicy): TypedPolicy {
  const behind: ReadonlySet<Rule> = behindUndecided(typed);
  const decided = typed.rules.filter((rule) => !behind.has(rule) && (rule.section === 'process' || undecidedNames(rule) === undefined));
  return { ...typed, rules: decided.map((rule, id) => ({ ...rule, id: ruleId(id) })) };
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
    assert.unreachable(
      `${direction} ${shownEvent(event)}\ntables: ${shownEvent(found)}\noracle: ${shownEvent(expected)}\n${shownEvent(typed)}`,
    );
  }
}

function compare(
  typed: TypedPolicy,
  tables: Tables,
  { asked, count }: { readonly asked: readonly PolicyEvent[]; readonly count: Counted },
): void {
  for (const event of asked) {
    if (event.kind === 'flow') {
      for (const direction of ['ingress', 'egress'] as const) compareSide(typed, tables, { event, direction }, count);
      continue;
    }
    const expected = told(typed, verdictOfProcess(typed, event));
    const found = tables.exec(event.subject, event.content);
    if (!agree(found, expected, false)) {
      assert.unreachable(`${shownEvent(event)}\ntables: ${shownEvent(found)}\noracle: ${shownEvent(expected)}\n${shownEvent(typed)}`);
    }
  }
}

test('the tables say what the oracle says', () => {
  const source = random(seedOf('oracle-vs-tables', 20260801));
  const total: Counted = { asked: 0, denied: 0, dropped: 0, audited: 0, inspected: 0 };
  for (let i = 0; i < policies; i++) {
    const typed = varied(source, typedWorld(randomWorld(source, native)));
    compare(typed, tablesOf(typed, endpoints), { asked: events, count: total });
  }
  const percent = (part: number): string => `${Math.round((100 * part) / total.asked)} %`;
  console.log(
    `${policies} policies, ${total.asked} questions: ${percent(total.denied)} denied, ${percent(total.dropped)} dropped, ${percent(total.audited)} audited, ${percent(total.inspected)} inspected`,
  );
  assert.ok(total.denied > 0.2 * total.asked && total.denied < 0.8 * total.asked, 'both verdicts must be common');
  assert.ok(Math.min(total.inspected, total.dropped, total.audited) > 0);
});

test('addresses with names: the tables say what the oracle says', () => {
  const source = random(seedOf('oracle-vs-tables (names)', 20260803));
  const asked = namedEvents.filter((event) => isToNamed(event));
  const total: Counted = { asked: 0, denied: 0, dropped: 0, audited: 0, inspected: 0 };
  for (let policies = 0; policies < policiesWithNames; ) {
    const typed = withDecidedNames(varied(source, typedWorld(randomWorld(source, withNames))));
    if (typed.rules.every((rule) => rule.section === 'process' || rule.peers.domains.length === 0)) continue;
    compare(typed, tablesOf(typed, endpoints), { asked, count: total });
    policies++;
  }
  console.log(`${policiesWithNames} policies, ${total.asked} questions, ${total.denied} denied, ${total.inspected} inspected`);
  assert.ok(total.denied > 0.1 * total.asked && total.denied < 0.9 * total.asked);
});

const ajv = new Ajv({ strict: false });
const [isPart, isMetrics] = [bundleSchemas.part, bundleSchemas.metrics].map((schema) => ajv.compile(schema));

/** What a bundle of the policy holds is what policyd reads. */
function assertReadable(typed: TypedPolicy): void {
  const policy = emitted(typed);
  const { metrics } = policy;
  for (const { content } of partsOf(policy)) assert.ok(isPart?.(content), ajv.errorsText(isPart?.errors));
  assert.ok(isMetrics?.(metrics), ajv.errorsText(isMetrics?.errors));
}

test('policies of text, events at their edges: the tables say what the oracle says', () => {
  const source = random(seedOf('oracle-vs-tables (text)', 20260802));
  const tally = eventTally();
  for (let i = 0; i < 100; i++) {
    const mismatch = compareTables(
      source,
      (typed, endpoints) => {
        assertReadable(typed);
        return tablesOf(typed, endpoints);
      },
      tally,
    );
    if (mismatch !== undefined) assert.unreachable(mismatch);
  }
  console.log(tally.line());
});

test.run();
