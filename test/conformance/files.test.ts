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

test('an agent that isolates everybody does so without any policy', () => {
  const { mistakes, passed } = runCase({
    name: 'alone',
    policies: '',
    endpoints: { web: pod, db: { namespace: 'prod', labels: { app: 'db' } } },
    config: { policyEnforcement: 'always' },
    flows: [{ ...connection, egress: 'denied', ingress: 'denied' }],
  });
  assert.equal([mistakes, passed], [[], 1]);
});

test('a setting that is not known is an error: it would change what the verdicts mean', () => {
  const settings = (config: object, options: object = {}): string => {
    try {
      runCase({ name: 'settings', policies: '', endpoints: {}, flows: [], config, options });
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
  };
  assert.is(settings({ policyEnforcement: 'sometimes' }), 'a value that is not known: config.policyEnforcement is "sometimes"');
  assert.is(settings({ policyCIDRMatchMode: ['pod'] }), 'a value that is not known: config.policyCIDRMatchMode is ["pod"]');
  assert.is(settings({ toString: true }), 'a setting that is not known: config.toString');
  assert.is(settings({}, { more: true }), 'a setting that is not known: options.more');
  const all = {
    ipv6: false,
    allowLocalhost: 'auto',
    policyEnforcement: 'never',
    policyCIDRMatchMode: 'nodes,pods'.split(','),
    schema: 'off',
  };
  assert.is(settings({ ...all, enableNodeSelectorLabels: true, policyDefaultLocalCluster: false, clusterName: 'a' }), '');
});

test('the same policies are refused, not only as many', () => {
  const named = (name: string, spec: string): string => policy(spec).replace('name: web', `name: ${name}`);
  const policies = `${named('good', '{ endpointSelector: {}, ingress: [{}] }')}---\n${named('bad', '{ endpointSelector: {}, ingress: [] }')}`;
  const mistakesFor = (refused: string): readonly string[] => {
    const errors = [{ policy: `CiliumNetworkPolicy/prod/${refused}`, stage: 'parse', message: 'no rule' }];
    return runCase({ name: 'refusals', policies, endpoints: {}, flows: [], errors }).mistakes.map(({ text }) => text);
  };
  assert.equal(mistakesFor('bad'), []);
  assert.match(mistakesFor('good')[0] ?? '', 'taken, and should be refused: CiliumNetworkPolicy good');
});

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
