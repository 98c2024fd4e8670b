// Every place in the kernel that decides packets, calls, what is said and what is started, and everything that rules are made of: the differential test has cases for each pair. No
// kernel is needed to say so: what is asked is made before it is asked.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictIn } from '../../src/compiler/analysis/oracle.ts';
import { kernelFields } from '../../src/compiler/ir/abi.ts';
import { packetCase } from '../harness/compared-packets.ts';
import { contentCase, contentPlaces } from '../harness/content-cases.ts';
import { contentOperators, operatorsOfContent } from '../harness/content-operators.ts';
import { expectedAt, type HookName } from '../harness/packet-hooks.ts';
import { random, seedOf } from '../harness/random.ts';
import { isPossibleAt, operatorsOf, type PlaceName, ruleOperators } from '../harness/rule-operators.ts';
import { socketCase } from '../harness/socket-cases.ts';
import { told } from '../harness/tables.ts';

const policies = 100;
/** As many as oracle-vs-sockets.test.ts asks of by itself. */
const policiesOfSockets = 50;
const places: readonly HookName[] = ['cgroup', 'interface', 'early'];

/** Pairs that are possible, and that nothing is asked of. */
const missing = (names: readonly PlaceName[], met: ReadonlySet<string>): readonly string[] =>
  names
    .flatMap((place) => ruleOperators.filter((one) => isPossibleAt(place, one)).map((one) => `${place}: ${one}`))
    .filter((pair) => !met.has(pair));

test('each pair of a place and an operator has a case', () => {
  // As oracle-vs-kernel.test.ts makes them.
  const source = random(seedOf('differential cases', 20_260_803));
  const met = new Set<string>();
  for (let i = 0; i < policies; i++) {
    const { typed, asked } = packetCase(source);
    for (const question of asked.questions) {
      const operators = operatorsOf(typed, question);
      for (const place of places) if (expectedAt[place](question)?.told) for (const operator of operators) met.add(`${place}: ${operator}`);
    }
  }
  assert.equal(missing(places, met), []);
});

test('so has each operator where calls are decided', () => {
  // As oracle-vs-sockets.test.ts makes them.
  const source = random(seedOf('differential cases of sockets', 20_260_804));
  const met = new Set<string>();
  for (let i = 0; i < policiesOfSockets; i++) {
    const { typed, world, calls } = socketCase(source);
    for (const event of calls) {
      const { source: caller, destination: peer, point } = event;
      const subject = world.subjectId(caller);
      if (subject === undefined || caller.kind !== 'workload') continue;
      const expected = told(typed, verdictIn(typed, 'egress', { subject: caller, peer, point }));
      for (const operator of operatorsOf(typed, { event, direction: 'egress', subject, expected })) met.add(`connect: ${operator}`);
    }
  }
  assert.equal(missing(['connect'], met), []);
});

/** Policies of each place, and events under each. */
const contentPolicies = 60;
const contentEvents = 40;

for (const [name, place] of Object.entries(contentPlaces))
  test(`${name}: so has each operator of what is said or started`, () => {
    const source = random(seedOf(`differential cases of ${name}`, 20_260_805));
    const met = new Set<string>();
    for (let i = 0; i < contentPolicies; i++) {
      const { typed, asked } = contentCase(place, source, contentEvents);
      for (const one of asked) for (const operator of operatorsOfContent(typed, place.domain, one)) met.add(operator);
    }
    assert.equal(
      contentOperators(place.domain).filter((operator) => !met.has(operator)),
      [],
    );
  });

test('each domain that the kernel reads has a place', () => {
  assert.equal([...new Set(Object.values(contentPlaces).map(({ domain }) => domain))].sort(), Object.keys(kernelFields).sort());
});

test.run();
