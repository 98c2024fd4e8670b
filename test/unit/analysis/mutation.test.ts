// Coverage and mutants against the oracle: what no line decides can be dropped unnoticed, what is called unnoticed is,
// and what is said to change no verdict changes none.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { coverage } from '../../../src/compiler/analysis/coverage.ts';
import { dropped, mutantsOf } from '../../../src/compiler/analysis/mutants.ts';
import { mutate } from '../../../src/compiler/analysis/mutation.ts';
import { verdictOf } from '../../../src/compiler/analysis/oracle.ts';
import { allHold, runTests } from '../../../src/compiler/analysis/run-tests.ts';
import type { Content, WrittenContent } from '../../../src/compiler/domains/domain.ts';
import type { Endpoint, PolicyEvent, ReservedName } from '../../../src/compiler/ir/event.ts';
import type { TestEndpoint } from '../../../src/compiler/ir/test-case.ts';
import type { TestCase, TypedPolicy } from '../../../src/compiler/ir/typed.ts';
import type { Labels, Requirement } from '../../../src/compiler/space/labels.ts';
import { typedPolicy } from '../../harness/compile.ts';
import { type Random, random, seedOf } from '../../harness/random.ts';
import { everyEvent, randomWorld, typedWorld } from '../../harness/small-world.ts';

const seed = seedOf('mutation', 5);
const events = everyEvent();
const span = { source: { path: 'tests.policy', text: '' }, start: 0, end: 0 };

/** A selector of just this label set, of the labels that the small world has. */
function exactly(labels: Labels): TestEndpoint {
  const requirement = (key: string): Requirement => {
    const value = labels[key];
    return value === undefined ? { kind: 'absent', key } : { kind: 'one-of', key, values: [value] };
  };
  return { kind: 'workload', name: 'one', selector: [['app', 'env'].map(requirement)] };
}

/** A line about one event, expecting the verdict that it has. */
function lineOf(typed: TypedPolicy, event: PolicyEvent): TestCase | undefined {
  const { action, audit } = verdictOf(typed, event);
  const expected = { verdict: audit?.action === 'denied' ? ('audited' as const) : action };
  const end = (one: Endpoint): TestEndpoint =>
    one.kind === 'workload' ? exactly(one.labels) : one.kind === 'reserved' ? justNamed(one.entities) : { names: [], ...one };
  const ends = event.kind === 'flow' ? [event.source, event.destination] : [event.subject];
  if (ends.some((one) => one.kind === 'reserved' && one.entities.length > 1)) return undefined;
  if (event.kind === 'process') {
    if (event.subject.kind === 'workload' && event.subject.address !== undefined) return undefined;
    return { test: 't', span, event: { ...event, subject: end(event.subject), content: written(event.content) }, expected };
  }
  const { source, destination, point, request } = event;
  if ([source, destination].some((one) => one.kind !== 'address' && one.address !== undefined)) return undefined;
  if (destination.kind === 'workload' && destination.namedPorts) return undefined;
  const points = [{ low: point, high: point }];
  const asked = request && { request: { domain: request.domain, content: written(request.content) } };
  return { test: 't', span, event: { kind: 'flow', source: end(source), destination: end(destination), points, ...asked }, expected };
}

/** The endpoints of this name and of no other that the rules ask for. */
const justNamed = ([name = 'host']: readonly ReservedName[]): TestEndpoint => {
  const others = (['host', 'kube-apiserver', 'remote-node'] as const).filter((one) => one !== name);
  return { kind: 'reserved', name, except: others };
};

const written = (content: Content): WrittenContent => (content.kind === 'fields' ? { ...content, open: [] } : content);

function tested(pick: Random): TypedPolicy {
  const typed = typedWorld(randomWorld(pick));
  const lines = Array.from({ length: 14 }, () => lineOf(typed, pick.pick(events)) ?? []).flat();
  // A line stands for more than the event: other addresses of its ends, and ports by name.
  const held = runTests({ ...typed, tests: lines }).flatMap(({ test: line, counterexample }) => (counterexample ? [] : [line]));
  return { ...typed, tests: held };
}

test('a rule that no line decides can be dropped unnoticed', () => {
  const pick = random(seed);
  const seen = { covered: 0, uncovered: 0 };
  for (let round = 0; round < 12; round++) {
    const typed = tested(pick);
    const { rules } = coverage(typed);
    for (const { rule, lines } of rules) {
      seen[lines > 0 ? 'covered' : 'uncovered']++;
      const mutant = mutantsOf(typed).find((one) => one.rule === rule && one.what === dropped);
      assert.ok(mutant);
      if (lines === 0) assert.ok(allHold(mutant.make()));
    }
  }
  assert.ok(seen.covered > 10 && seen.uncovered > 10, JSON.stringify(seen));
});

/** What is enforced, and what would be with audit: how it is denied, and by whom, is no other verdict. */
function words(typed: TypedPolicy, event: PolicyEvent): string {
  const { action, audit } = verdictOf(typed, event);
  return `${action} ${audit?.action ?? action}`;
}

test('what survives is unnoticed and turns its witness; what is equivalent turns nothing', () => {
  const pick = random(seed + 1);
  let survivors = 0;
  let equivalent = 0;
  for (let round = 0; round < 4; round++) {
    const typed = tested(pick);
    const result = mutate(typed);
    assert.is(result.tried, result.total);
    assert.is(result.noticed + result.equivalent + result.survivors.length, result.tried);
    for (const { mutant, witness } of result.survivors) {
      const changed = mutant.make();
      assert.ok(allHold(changed), mutant.what);
      assert.ok(witness);
      assert.not(words(typed, witness.event) === words(changed, witness.event), mutant.what);
      survivors++;
    }
    const surviving = new Set(result.survivors.map(({ mutant }) => mutant.what + (mutant.rule?.id ?? mutant.policy.name) + mutant.section));
    for (const mutant of mutantsOf(typed)) {
      const changed = mutant.make();
      if (surviving.has(mutant.what + (mutant.rule?.id ?? mutant.policy.name) + mutant.section) || !allHold(changed)) continue;
      equivalent++;
      for (const event of events.filter(() => pick.chance(0.01))) assert.is(words(typed, event), words(changed, event), mutant.what);
    }
  }
  assert.ok(survivors > 30 && equivalent > 10, `${survivors} survivors, ${equivalent} equivalent`);
});

const text = (lines: string) => `workload web = { app: one of ["web", "shop"] }
workload cart = { app: "cart" }
policy cart-access for cart {
  ingress {
    allow from [web, 10.0.0.0/8] at tcp [80, 8000-8010] http { GET "/a"; "/b" }
  }
}
test "cart" { ${lines} }
`;
const whats = (typed: TypedPolicy) => mutantsOf(typed).map(({ what }) => what);

test('each part of a rule is changed', () => {
  assert.equal(whats(typedPolicy(text(''))), [
    'without the default deny of ingress',
    'the rule dropped',
    'deny instead of allow',
    'with every peer',
    'without { app: one of ["shop", "web"] }',
    'without 10.0.0.0/8',
    'without the test `app: one of ["shop", "web"]` of the peer',
    'without `app: "shop"` of the peer',
    'without `app: "web"` of the peer',
    'at every tcp port',
    'without tcp 80',
    'without tcp 8000-8010',
    'without tcp 8006-8010',
    'for every request',
    'without GET /a',
    'without /b',
    'without the test `GET`',
    'without the test `/a`',
  ]);
});

test('order, mode, names and fields are changed', () => {
  const typed = typedPolicy(`
workload a = { app: "a" }
domain shops = ["a.test", "b.test"]
policy guard for a tier admin priority 3 mode audit { egress { deny to shops priority -1 } }
policy p for a {
  egress { pass to 192.0.2.1 including workloads }
  process { default deny read\n kill exec ["/bin/sh", "/bin/bash"] user 0 }
}`);
  assert.equal(whats(typed), [
    ...['in tier normal instead of admin', 'without its priority 3', 'enforced instead of in audit mode'],
    ...['the rule dropped', 'allow instead of deny', 'without its priority -1', 'enforced instead of in audit mode', 'with every peer'],
    ...['without "a.test"', 'without "b.test"'],
    ...['without the default deny of egress', 'without the default deny of read'],
    ...['the rule dropped', 'deny instead of pass', 'with every peer', 'not including workloads'],
    ...['the rule dropped', 'allow instead of kill', 'in audit mode', 'for every exec'],
    ...['without the test `(/bin/sh|/bin/bash)`', 'without the test `user 0`'],
    ...['with `/bin/bash` instead of `(/bin/sh|/bin/bash)`', 'with `/bin/sh` instead of `(/bin/sh|/bin/bash)`'],
  ]);
});

test('lines that look closely leave nothing unnoticed', () => {
  const lines = [
    ...['web -> cart tcp 80 GET "/a" is allowed', 'web -> cart tcp 80 PUT "/b" is allowed', 'web -> cart tcp 80 PUT "/a" is denied'],
    'web -> cart tcp 80 GET "/c" is denied',
    ...['web -> cart tcp 8010 GET "/a" is allowed', 'web -> cart tcp 81 GET "/a" is denied', 'cart -> cart tcp 80 GET "/a" is denied'],
    ...['10.0.0.1 -> cart tcp 80 GET "/a" is allowed', '{ app: not one of ["web", "shop"] } -> cart tcp 80 GET "/a" is denied'],
  ];
  const { survivors, noticed, total } = mutate(typedPolicy(text(lines.join('\n'))));
  assert.equal(
    survivors.map(({ mutant }) => mutant.what),
    [],
  );
  assert.is(noticed, total);
});

test('changes of what governs the host by labels, or other entities, turn verdicts', () => {
  const { survivors, equivalent } = mutate(
    typedPolicy(`policy p for [health, { role: "edge" } in entity "host"] { ingress { allow from cluster at tcp 4240 } }`),
  );
  assert.is(equivalent, 0);
  assert.ok(survivors.every(({ witness }) => witness));
});

test('another tier of a policy whose rules stay: who passed it by is compared anew', () => {
  const { survivors, equivalent } = mutate(
    typedPolicy(`
      policy never for all tier admin { ingress { deny at tcp 23 } }
      policy some for all tier admin priority 1 { ingress { pass from { app: "a" } } }
      policy own for { app: "b" } { ingress { allow from { app: "c" } } }
      policy floor for all except { app: "b" } tier baseline { ingress { allow from cluster } }`),
  );
  assert.not.ok(survivors.some(({ mutant }) => mutant.policy.name === 'never' && mutant.what.startsWith('in tier normal')));
  assert.ok(equivalent > 0);
});

test('it ends when it is told to', () => {
  const typed = typedPolicy(text(''));
  const { tried, total, survivors } = mutate(typed, { goOn: (done) => done < 3 });
  assert.equal([tried, total, survivors.length], [3, 18, 3]);
});

test.run();
