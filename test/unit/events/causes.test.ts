// Numbers of deciders: one per written rule, for good, over bundles, restarts and lost files.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedCause } from '../../../src/compiler/ir/abi.ts';
import type { RuleSource } from '../../../src/compiler/ir/bundle.ts';
import { CauseTable } from '../../../src/runtime/events/causes.ts';
import { policySource, ruleSource, writtenIn } from '../../harness/sample-policy.ts';

const rule = (line: number, text = `allow ${line}`) => ruleSource({ file: 'a.policy', line, action: 'allow', section: 'ingress', text });
const policies = [policySource('a', 'a.policy', 1), policySource('b', 'b.policy', 9)];
const sources = (...rules: readonly RuleSource[]) => writtenIn({ policies, rules });

test('the same rule has the same number in every bundle; another one never has it', () => {
  const table = new CauseTable();
  const first = table.numbersOf(sources(rule(2), rule(3)));
  assert.equal([first.rule(0), first.rule(1), first.rule(0)], [16, 17, 16]);
  const second = table.numbersOf(sources(rule(3), rule(4)));
  assert.equal([second.rule(0), second.rule(1)], [17, 18]);
  assert.equal(table.recordOf(17), {
    kind: 'rule',
    policy: 'a',
    file: 'a.policy',
    line: 3,
    action: 'allow',
    section: 'ingress',
    text: 'allow 3',
  });
});

test('what is written beside a rule is known of its cause: its own annotations, and its policy’s', () => {
  const table = new CauseTable();
  const owner = { name: 'owner', values: ['team-a'] };
  const annotatedPolicies = [{ ...policySource('a', 'a.policy', 1), annotations: [owner, { name: 'ticket', values: ['A-1'] }] }];
  const annotated = { ...rule(2), audit: true, name: 'ssh', log: 'ssh from outside', annotations: [{ name: 'ticket', values: ['A-2'] }] };
  const found = table.recordOf(table.numbersOf(writtenIn({ policies: annotatedPolicies, rules: [annotated] })).rule(0));
  assert.equal(found.kind === 'rule' && { audit: found.audit, name: found.name, log: found.log, annotations: found.annotations }, {
    ...{ audit: true, name: 'ssh', log: 'ssh from outside' },
    annotations: [{ name: 'ticket', values: ['A-2'] }, owner],
  });
});

test('a default deny is named by its policies', () => {
  const table = new CauseTable();
  const numbers = table.numbersOf(sources());
  assert.equal([numbers.defaultDeny([0, 1]), numbers.defaultDeny([0]), numbers.defaultDeny([0, 1])], [16, 17, 16]);
  assert.equal(table.recordOf(16), {
    kind: 'default-deny',
    policies: policies.map(({ name, file, line }) => ({ name, file, line })),
  });
});

test('numbers survive a restart, and are not handed out again when the table was lost', () => {
  const before = new CauseTable();
  before.numbersOf(sources(rule(2), rule(3))).rule(1);
  before.numbersOf(sources(rule(2))).rule(0);
  const after = new CauseTable(before.saved());
  assert.equal(after.numbersOf(sources(rule(2), rule(5))).rule(0), 17);
  assert.equal(after.numbersOf(sources(rule(2), rule(5))).rule(1), 18);
  const lost = new CauseTable([], [3, 40]);
  assert.is(lost.numbersOf(sources(rule(2))).rule(0), 41);
  assert.equal(lost.recordOf(40), { kind: 'unknown' });
});

test('fixed causes have names', () => {
  assert.equal(new CauseTable().recordOf(fixedCause.fragment), { kind: 'fixed', name: 'fragment' });
});

test.run();
