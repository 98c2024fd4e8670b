// Numbers through the automaton of their texts, and through the one of their bytes: the same classes; queries through the tables as
// policyd reads them: what the oracle says.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { numberAutomaton } from '../../src/compiler/4-normalize/number-automaton.ts';
import { verdictIn } from '../../src/compiler/analysis/oracle.ts';
import { typeText } from '../../src/compiler/base/record-types.ts';
import type { Content } from '../../src/compiler/ir/event.ts';
import { classify, textValue } from '../../src/compiler/space/automaton.ts';
import { anyText, either, literal, not, sequence } from '../../src/compiler/space/pattern.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import { typedPolicy } from '../harness/compile.ts';
import { typeNumber } from '../harness/dns-messages.ts';
import { randomDnsPolicy, randomDnsQuery } from '../harness/dns-policies.ts';
import { host, workload } from '../harness/governed.ts';
import { random, seedOf } from '../harness/random.ts';
import { tablesOf, told } from '../harness/tables.ts';

test('every number has the class of its text', () => {
  const patterns = [either(literal('A'), literal('AAAA')), sequence(literal('TYPE6'), anyText), not(literal('TXT')), literal('CAA')];
  const found = classify(patterns, 4096);
  assert.ok(found);
  if (!found) return;
  const automaton = numberAutomaton(found.automaton, typeText);
  for (let number = 0; number < 65_536; number++) {
    const bytes = Uint8Array.of(number >> 8, number & 0xff);
    if (textValue(automaton, bytes) !== textValue(found.automaton, typeText(number))) assert.unreachable(typeText(number));
  }
  assert.is(textValue(automaton, Uint8Array.of(1)), 0, 'half a number is none');
  assert.is(textValue(automaton, Uint8Array.of(0, 1, 0)), 0);
  assert.ok(automaton.states < 32, `${automaton.states} states`);
});

test('random policies and queries: the tables say what the oracle says, cause included', () => {
  const source = random(seedOf('dns tables', 20_261_122));
  const point = transportPoint('udp', 53);
  const tally = { allowed: 0, denied: 0 };
  for (let round = 0; round < 60; round++) {
    const text = randomDnsPolicy(source);
    const policy = typedPolicy(text);
    const tables = tablesOf(policy, [workload, host]);
    for (let i = 0; i < 60; i++) {
      const { name, type } = randomDnsQuery(source);
      const content: Content = source.chance(0.05)
        ? { kind: 'undecidable', reason: 'malformedQuery' }
        : { kind: 'fields', fields: { ...(name !== '' && { name: [name.toLowerCase()] }), type: [typeText(typeNumber(type))] } };
      const question = { peer: host, point, request: { domain: 'dns', content } };
      if (verdictIn(policy, 'egress', { subject: workload, peer: host, point }).action === 'denied') continue;
      const expected = told(policy, verdictIn(policy, 'egress', { subject: workload, ...question }));
      const { inspected: _, ...answer } = tables.side('egress', workload, question);
      assert.equal(answer, expected, `${JSON.stringify({ name, type, content })}\n${text}`);
      tally[expected.action === 'allowed' ? 'allowed' : 'denied']++;
    }
  }
  assert.ok(tally.allowed > 300 && tally.denied > 300, JSON.stringify(tally));
});

test.run();
