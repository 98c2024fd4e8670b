// `policyc diff DIR1 DIR2` of folders of manifests: what becomes of the connections between their workloads, also where no policy is
// another one but the workloads are.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { policyc, write } from '../harness/policyc.ts';

const deployment = (name: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name}, namespace: shop }\nspec: { template: { metadata: { labels: { app: ${name} } } } }\n`;
const policy = (ports: string, cidr: string): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { app: db } }
  policyTypes: [Ingress, Egress]
  ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [web, cart] }] } }], ports: [${ports}] }]
  egress: [{ to: [{ ipBlock: { cidr: "${cidr}" } }] }]
`;
write('old/all.yaml', [deployment('web'), deployment('db'), policy('{ port: 5432 }', '2001:db8::/32')].join('---\n'));
write('new/all.yaml', [deployment('web'), deployment('db'), policy('{ port: 5432 }, { port: 6432 }', '2001:db8::/33')].join('---\n'));
write('more/all.yaml', [deployment('web'), deployment('db'), deployment('cart'), policy('{ port: 5432 }', '2001:db8::/32')].join('---\n'));

test('connections that are others, with IPv6', () => {
  const { status, out, error } = policyc(['diff', 'old', 'new', '--no-cost']);
  assert.is(status, 0, error);
  assert.match(
    out,
    `connections between the workloads that there are
  - shop/db[Deployment] => 2001:db8:8000::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff : every protocol
  ~ shop/web[Deployment] => shop/db[Deployment] : tcp 5432, now tcp [5432, 6432]
`,
  );
});

test('a workload more, and no policy is another', () => {
  const { out } = policyc(['diff', 'old', 'more', '--no-cost']);
  assert.match(out, 'no change of meaning: proved for all events');
  assert.match(out, '    new workload shop/cart[Deployment]\n');
  assert.match(out, '  + shop/cart[Deployment] => shop/db[Deployment] : tcp 5432\n');
  assert.match(out, '  + ::/0 => shop/cart[Deployment] : every protocol\n');
  const back = policyc(['diff', 'more', 'old', '--format', 'markdown', '--no-cost']).out;
  assert.match(back, 'lost workload shop/cart[Deployment]\n');
  assert.match(back, '- shop/cart[Deployment] => shop/db[Deployment] : tcp 5432\n');
  const json: unknown = JSON.parse(policyc(['diff', 'old', 'more', '--format', 'json', '--no-cost']).out);
  const schema: object = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'schemas', 'diff.schema.json'), 'utf8'));
  const validate = new Ajv({ strict: false }).compile(schema);
  assert.ok(validate(json), JSON.stringify(validate.errors));
  const { connections } = Object(json);
  assert.equal(connections.newWorkloads, ['shop/cart[Deployment]']);
  const [added] = connections.changes.filter((change: object) => Object(change)['destination'] === 'shop/db[Deployment]');
  assert.equal([added.effect, added.source, added.before, added.after], ['added', 'shop/cart[Deployment]', undefined, 'tcp 5432']);
});

test('the same twice', () => {
  assert.is(policyc(['diff', 'old', 'old', '--no-cost']).out.trimEnd(), 'no change of meaning: proved for all events');
});

test.run();
