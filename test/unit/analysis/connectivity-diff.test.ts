// What a change of manifests does to the connections between workloads: each kind of change, ranges that both states tell apart, and
// that nothing changes where only words do.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ConnectivityState, connectivityDiff } from '../../../src/compiler/analysis/connectivity-diff.ts';
import { checkUnit } from '../../../src/compiler/pipeline.ts';

const deployment = (name: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name}, namespace: shop }\nspec: { template: { metadata: { labels: { app: ${name} } }, spec: { containers: [{ name: c }] } } }\n`;
const policy = (subject: string, rules: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${subject}, namespace: shop }\nspec: { podSelector: { matchLabels: { app: ${subject} } }, ${rules} }\n`;
const from = (app: string, ...ports: readonly number[]): string =>
  `{ from: [{ podSelector: { matchLabels: { app: ${app} } } }], ports: [${ports.map((port) => `{ port: ${port} }`).join(', ')}] }`;
const block = (cidr: string): string => `{ from: [{ ipBlock: { cidr: "${cidr}" } }] }`;

function state(...documents: readonly string[]): ConnectivityState {
  const checked = checkUnit([{ path: 'k8s.yaml', text: documents.join('---\n') }]);
  if (!checked.ok) throw new Error(JSON.stringify(checked.diagnostics.map(({ message }) => message)));
  return checked.value;
}

const linesOf = (before: ConnectivityState, after: ConnectivityState): readonly string[] =>
  connectivityDiff(before, after).changes.map(
    ({ effect, source, destination, before: had = 'nothing', after: has = 'nothing' }) =>
      `${effect}: ${source} => ${destination}: ${had} -> ${has}`,
  );
const [a, b] = [deployment('a'), deployment('b')];

test('a connection that is added, one that is removed, and one that is another', () => {
  const closed = state(a, b, policy('a', 'ingress: []'), policy('b', `ingress: [${from('a', 80)}]`));
  const open = state(a, b, policy('a', `ingress: [${from('b', 443)}]`), policy('b', `ingress: [${from('a', 80, 81)}]`));
  const [web, db] = ['shop/a[Deployment]', 'shop/b[Deployment]'];
  assert.equal(linesOf(closed, open), [`changed: ${web} => ${db}: tcp 80 -> tcp 80-81`, `added: ${db} => ${web}: nothing -> tcp 443`]);
  assert.equal(linesOf(open, closed), [`changed: ${web} => ${db}: tcp 80-81 -> tcp 80`, `removed: ${db} => ${web}: tcp 443 -> nothing`]);
  assert.equal(linesOf(open, open), []);
});

test('workloads of one state only', () => {
  const diff = connectivityDiff(
    state(a, policy('a', 'policyTypes: [Ingress, Egress]')),
    state(a, b, policy('a', `policyTypes: [Ingress, Egress], ingress: [${from('b', 80)}]`)),
  );
  assert.equal(diff.newWorkloads, ['shop/b[Deployment]']);
  assert.equal(diff.lostWorkloads, []);
  const inside = diff.changes.filter(({ sourceKind, destinationKind }) => sourceKind === 'workload' && destinationKind === 'workload');
  assert.equal(
    inside.map(({ effect, source, after, newWorkloads }) => [effect, source, after, newWorkloads]),
    [['added', 'shop/b[Deployment]', 'tcp 80', ['shop/b[Deployment]']]],
  );
});

test('ranges of addresses of both families, as far as they differ', () => {
  const before = state(a, policy('a', `ingress: [${block('10.0.0.0/8')}, ${block('2001:db8::/32')}]`));
  const after = state(a, policy('a', `ingress: [${block('10.0.0.0/9')}, ${block('2001:db8::/31')}]`));
  assert.equal(linesOf(before, after), [
    'removed: 10.128.0.0-10.255.255.255 => shop/a[Deployment]: every protocol -> nothing',
    'added: 2001:db9::-2001:db9:ffff:ffff:ffff:ffff:ffff:ffff => shop/a[Deployment]: nothing -> every protocol',
  ]);
});

test('other words, other files and another split of rules are no change', () => {
  const [low, high] = [block('10.0.0.0/9'), block('10.128.0.0/9')];
  assert.equal(
    linesOf(state(a, policy('a', `ingress: [${low}, ${high}]`)), state(policy('a', `ingress: [${block('10.0.0.0/8')}]`), a)),
    [],
  );
});

test.run();
