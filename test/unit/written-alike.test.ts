// Sets that are written alike are one object, and only where they mean the same.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../src/compiler/1-parse/index.ts';
import { resolve } from '../../src/compiler/2-resolve/index.ts';
import { check } from '../../src/compiler/3-check/index.ts';
import { collector } from '../../src/compiler/diagnostics/diagnostic.ts';
import { domains } from '../../src/compiler/domains/registry.ts';
import type { NetworkRule } from '../../src/compiler/ir/typed.ts';

function checked(...texts: readonly string[]) {
  const log = collector();
  const sources = texts.map((text, i) => ({ path: `${i}.policy`, text }));
  const typed = check(resolve(parse(sources, log.report), domains, log.report), domains, log.report);
  const rules = typed.rules.filter((rule): rule is NetworkRule => rule.section !== 'process');
  return { ...typed, rules, found: log.all() };
}

test('subjects, peers and ports that are written alike are one object', () => {
  const policies = [1, 2].map((n) => `policy p${n} for { a: "b" } { ingress { allow from [{ c: "d" }, 10.0.0.0/8] at tcp [1, 2] } }`);
  const { policies: found, rules } = checked(policies.join('\n'));
  const [one, other] = rules;
  assert.is(found[0]?.subject, found[1]?.subject);
  assert.is(one?.peers, other?.peers);
  assert.is(one?.transport, other?.transport);
});

test('a parameter inside a list is what each use gives', () => {
  const { rules } = checked(`
rules open(who: peer) { ingress { allow from [who, { c: "d" }] } }
policy p for { a: "b" } { use open({ e: "f" }) }
policy q for { a: "b" } { use open({ g: "h" }) }`);
  assert.equal(
    rules.map(({ peers }) => peers.selectors.flat(2).map(({ key }) => key)),
    [
      ['e', 'c'],
      ['g', 'c'],
    ],
  );
});

test('files have namespaces of their own', () => {
  const text = (namespace: string) =>
    `module ${namespace}\nnamespace "${namespace}"\npolicy ${namespace} for { a: "b" } { ingress { allow from { c: "d" } } }`;
  const { rules, policies } = checked(text('x'), text('y'));
  const namespaceOf = (selector: NetworkRule['peers']['selectors'][number] | undefined) =>
    selector?.flat().find(({ key }) => key === '@namespace');
  for (const [i, values] of [['x'], ['y']].entries()) {
    const expected = { kind: 'one-of', key: '@namespace', values };
    assert.equal(namespaceOf(rules[i]?.peers.selectors[0]), expected);
    assert.equal(namespaceOf(policies[i]?.subject.workloads), expected);
  }
});

test('a finding is told at each of its places', () => {
  const rule = 'allow from { a: "b", a: "c" } at tcp 70000';
  const { found } = checked(`policy p for { a: "b" } { ingress {\n${rule}\n${rule}\n} }`);
  const lines = ['check/duplicate-label', 'check/number-range'].map((code) => found.filter((one) => one.code === code).length);
  assert.equal(lines, [2, 2]);
});

test.run();
