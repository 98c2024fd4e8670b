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

const pod = { namespace: 'prod', labels: { app: 'web' } };
const connection = { from: 'web', to: 'db', proto: 'TCP', port: 80 };
const policy = (spec: string): string =>
  `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: web, namespace: prod }\nspec: ${spec}\n`;

test('an agent that isolates everybody does so whatever policy it refuses', () => {
  const { mistakes } = runCase({
    name: 'always',
    policies: policy('{ endpointSelector: {}, ingress: [] }'),
    endpoints: { web: pod, db: { namespace: 'prod', labels: { app: 'db' } } },
    config: { policyEnforcement: 'always' },
    errors: [{ policy: 'web', stage: 'parse', message: 'no rule' }],
    flows: [{ ...connection, egress: 'denied', ingress: 'denied' }],
  });
  assert.equal(mistakes, []);
});

test('blocks match workloads where the agent is told so, and not where it is told of nodes', () => {
  for (const [mode, egress] of [
    ['pods', 'allowed'],
    ['nodes', 'denied'],
  ] as const) {
    const { mistakes } = runCase({
      name: mode,
      policies: policy('{ endpointSelector: {}, egress: [{ toCIDR: [10.0.0.0/24] }] }'),
      endpoints: { web: pod, db: { namespace: 'prod', labels: { app: 'db' }, ip: '10.0.0.5' } },
      config: { policyCIDRMatchMode: [mode] },
      flows: [{ ...connection, egress }],
    });
    assert.equal(mistakes, [], mode);
  }
});

test.run();
