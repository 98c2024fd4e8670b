// A test line over workloads stands for every label set: its outcome is compared with asking the oracle about each
// label set of a small world, and its counterexamples are asked again.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { policiesOf, verdictOf } from '../../../src/compiler/analysis/oracle.ts';
import { runTests } from '../../../src/compiler/analysis/run-tests.ts';
import type { FlowEvent, PolicyEvent, Verdict } from '../../../src/compiler/ir/event.ts';
import type { TestEndpoint } from '../../../src/compiler/ir/test-case.ts';
import type { TestCase, TypedPolicy } from '../../../src/compiler/ir/typed.ts';
import { type Selector, selects } from '../../../src/compiler/space/labels.ts';
import { transportPoint } from '../../../src/compiler/space/transport.ts';
import { typedPolicy } from '../../harness/compile.ts';
import { type Random, random, seedOf } from '../../harness/random.ts';
import { randomWorld, typedWorld } from '../../harness/small-world.ts';

const seed = seedOf('run-tests', 31);
const apps = [undefined, 'a', 'b', 'x'];
const environments = [undefined, 'p', 'x'];
const labelSets = apps.flatMap((app) => environments.map((env) => ({ ...(app && { app }), ...(env && { env }) })));

const selectors: readonly Selector[] = [
  [[]],
  [[{ kind: 'one-of', key: 'app', values: ['a', 'b'] }]],
  [[{ kind: 'exists', key: 'env' }]],
  [[{ kind: 'not-one-of', key: 'app', values: ['a'] }], [{ kind: 'one-of', key: 'env', values: ['p'] }]],
];
const span = { source: { path: 'tests.policy', text: '' }, start: 0, end: 0 };
const workloadOf = (selector: Selector): TestEndpoint => ({ kind: 'workload', name: 'some', selector });

function randomCase(pick: Random): TestCase {
  const [source, destination] = [pick.pick(selectors), pick.pick(selectors)];
  const point = transportPoint('tcp', pick.pick([80, 81]));
  const by = pick.pick([{}, {}, { byDefault: true } as const, { by: pick.pick(['p', 'q', 'r']) }]);
  const expected = { verdict: pick.pick(['allowed', 'denied'] as const), ...by };
  if (pick.chance(0.3)) {
    return { test: 't', span, event: { kind: 'exec', subject: workloadOf(source), content: { kind: 'text', text: '/bin/a' } }, expected };
  }
  const request: FlowEvent['request'] = pick.chance(0.5) ? { domain: 'http', content: { kind: 'text', text: 'GET /a' } } : undefined;
  const event = {
    kind: 'flow',
    source: workloadOf(source),
    destination: workloadOf(destination),
    point,
    ...(request && { request }),
  } as const;
  return { test: 't', span, event, expected };
}

const endsOf = (endpoint: TestEndpoint, id: string) =>
  labelSets
    .filter((labels) => endpoint.kind === 'workload' && selects(endpoint.selector, labels))
    .map((labels) => ({ kind: 'workload', id, labels }) as const);

/** Every event of the small world that the line stands for. */
function eventsOf({ event }: TestCase): readonly PolicyEvent[] {
  if (event.kind === 'exec') return endsOf(event.subject, 's').map((subject) => ({ ...event, subject }));
  return endsOf(event.source, 's').flatMap((source) =>
    endsOf(event.destination, 'd').map((destination) => ({ ...event, source, destination })),
  );
}

function isAsExpected(typed: TypedPolicy, { verdict, by, byDefault }: TestCase['expected'], found: Verdict): boolean {
  if (found.action !== verdict || (byDefault && found.cause.kind === 'rule')) return false;
  return by === undefined || policiesOf(typed, found.cause).includes(by);
}

test('a line holds exactly when it holds for every label set', () => {
  const pick = random(seed);
  const count = { holds: 0, fails: 0 };
  for (let round = 0; round < 150; round++) {
    const world = typedWorld(randomWorld(pick));
    const typed = { ...world, tests: Array.from({ length: 6 }, () => randomCase(pick)) };
    for (const { test: line, counterexample } of runTests(typed)) {
      const holds = eventsOf(line).every((event) => isAsExpected(typed, line.expected, verdictOf(typed, event)));
      assert.is(counterexample === undefined, holds, JSON.stringify(line));
      count[holds ? 'holds' : 'fails']++;
      if (!counterexample) continue;
      assert.equal(counterexample.verdict, verdictOf(typed, counterexample.event));
      assert.not(isAsExpected(typed, line.expected, counterexample.verdict));
    }
  }
  assert.ok(count.holds > 50 && count.fails > 50, JSON.stringify(count));
});

test('all of the policies that bring a default deny are told apart when one is named', () => {
  const text = (by: string): string => `
workload a = { app: "a" }
policy p for a { ingress { } }
policy q for { app: "a", env: "prod" } { ingress { } }
test "t" { 1.2.3.4 -> a tcp 80 is denied by ${by} }`;
  assert.equal(
    runTests(typedPolicy(text('p'))).map(({ counterexample }) => counterexample),
    [undefined],
  );
  const [outcome] = runTests(typedPolicy(text('q')));
  assert.equal(outcome?.counterexample?.verdict.cause, { kind: 'default-deny', policies: [0] });
});

test('ends outside: addresses and reserved endpoints', () => {
  const typed = typedPolicy(`
workload a = { app: "a" }
policy p for a { ingress { allow from [world-ipv4, host] at tcp 80 } egress { allow to world-ipv6 } }
test "t" {
  192.0.2.1 -> a tcp 80 is allowed by p
  2001:db8::1 -> a tcp 80 is denied by default
  host -> a tcp 80 is allowed
  remote-node -> a tcp 80 is denied
  a -> 2001:db8::1 tcp 443 is allowed by p
  a -> host udp 53 is denied by default
}`);
  assert.equal(
    runTests(typed).filter(({ counterexample }) => counterexample),
    [],
  );
});

test.run();
