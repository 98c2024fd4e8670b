// Every place in the kernel that decides packets, and everything that rules are made of: the differential test has cases for each pair. No
// kernel is needed to say so: what is asked is made before it is asked.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packetCase } from '../harness/compared-packets.ts';
import { expectedAt, type HookName } from '../harness/packet-hooks.ts';
import { random, seedOf } from '../harness/random.ts';
import { isPossibleAt, operatorsOf, ruleOperators } from '../harness/rule-operators.ts';

const policies = 100;
const places: readonly HookName[] = ['cgroup', 'interface', 'early'];

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
  const wanted = places.flatMap((place) => ruleOperators.filter((one) => isPossibleAt(place, one)).map((one) => `${place}: ${one}`));
  assert.equal(
    wanted.filter((pair) => !met.has(pair)),
    [],
  );
});

test.run();
