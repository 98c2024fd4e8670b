// Files that are none of cases, and flows that nobody can be asked about: said, counted as failures, and the rest is judged.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from '../../scripts/conformance/format.ts';
import { readCases } from '../../scripts/conformance/format.ts';
import { runCase } from '../../scripts/conformance/run-case.ts';

const mistakeIn = (text: string): string => {
  try {
    readCases(text);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
};

test('what is no list of cases is refused with what is missing', () => {
  assert.match(mistakeIn('policies'), 'not valid JSON');
  assert.is(mistakeIn('{}'), 'expected a list of cases');
  assert.is(mistakeIn('[null]'), 'case 1: expected an object');
  assert.is(mistakeIn('[{"name":"a"}]'), 'case 1: expected a text `policies`');
  assert.is(mistakeIn('[{"name":"a","policies":"","endpoints":[]}]'), 'case 1: expected objects `endpoints`');
  assert.is(mistakeIn('[{"name":"a","policies":"","endpoints":{}}]'), 'case 1: expected a list `flows`');
  assert.is(mistakeIn('[]') + mistakeIn('[{"name":"a","policies":"","endpoints":{},"flows":[],"new":1}]'), '');
});

test('a flow between strangers fails alone', () => {
  const one: Case = {
    name: 'strangers',
    policies: '',
    endpoints: { web: { namespace: 'prod', labels: { app: 'web' } } },
    flows: [
      { from: 'web', to: 'nobody', proto: 'TCP', port: 80, egress: 'allowed' },
      { from: 'web', to: 'web', proto: 'QUIC', port: 80, egress: 'allowed' },
      { from: 'web', to: 'web', proto: 'TCP', port: 80, egress: 'allowed' },
    ],
  };
  const { passed, mistakes } = runCase(one);
  assert.is(passed, 1);
  assert.equal(
    mistakes.map(({ text }) => text),
    ['cannot be judged: an endpoint that is not known: web or nobody', 'cannot be judged: a protocol that is not known: QUIC'],
  );
});

test.run();
