// `policyc list` as users run it: what it prints in each form, for whom, and how it refuses.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { policyc, write } from '../harness/policyc.ts';

write(
  'k8s/shop.yaml',
  `apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: x } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec: { template: { metadata: { labels: { app: web } }, spec: { containers: [{ name: c, ports: [{ name: http, containerPort: 8080 }] }] } } }
---
apiVersion: v1
kind: Pod
metadata: { name: db-0, namespace: shop, labels: { app: db }, ownerReferences: [{ kind: StatefulSet, name: db, controller: true }] }
spec: { containers: [{ name: c, ports: [{ name: pg, containerPort: 5432 }] }] }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent, namespace: mon }
spec: { template: { metadata: { labels: { app: agent } }, spec: { hostNetwork: true, containers: [{ name: c }] } } }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [{ name: www, port: 80, targetPort: http }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: front, namespace: shop }
spec: { rules: [{ http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { name: www } } } }] } }] }
`,
);
write(
  'k8s/policies.yaml',
  `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { app: db } }
  policyTypes: [Ingress, Egress]
  ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: pg }] }]
  egress:
    - to: [{ ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] } }]
    - to: [{ ipBlock: { cidr: "2001:db8::/32" } }]
      ports: [{ port: 443 }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Ingress, Egress]
  ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 8080 }, { port: 9090 }] }]
  egress: [{ to: [{ podSelector: { matchLabels: { app: db } } }] }]
`,
);

const lines = [
  'shop/db[StatefulSet] => 10.0.0.0-10.0.255.255 : every protocol',
  'shop/db[StatefulSet] => 10.2.0.0-10.255.255.255 : every protocol',
  'shop/db[StatefulSet] => 2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff : tcp 443',
  'shop/web[Deployment] => shop/db[StatefulSet] : tcp 5432',
  '{ingress-controller} => shop/web[Deployment] : tcp 8080',
];

test('a folder of manifests: named ports, both families of addresses, an Ingress', () => {
  const { status, out, error } = policyc(['list', 'k8s']);
  assert.is(status, 0, error);
  const [last, ...shown] = out.trimEnd().split('\n').reverse();
  assert.equal(
    shown.reverse().map((line) => line.replace(/ \(Ingress .*\)$/, '')),
    lines,
  );
  assert.match(out, '(Ingress shop/front)');
  assert.match(last ?? '', /use the network of their node.*: mon\/agent$/);
});

test('csv, Markdown, Graphviz and JSON say the same', () => {
  const connections = lines.map((line) => line.split(/ => | : /));
  const csv = policyc(['list', 'k8s', '--format', 'csv']).out.trimEnd().split('\n');
  assert.equal(csv, ['source,destination,connection', ...connections.map((cells) => cells.join(','))]);
  const markdown = policyc(['list', 'k8s', '--format', 'markdown']).out;
  for (const cells of connections) assert.match(markdown, `| ${cells.join(' | ')} |`);
  const dot = policyc(['list', 'k8s', '--format', 'dot']).out;
  for (const [source, destination, label] of connections) assert.match(dot, `"${source}" -> "${destination}" [label="${label}"]`);
  const json: unknown = JSON.parse(policyc(['list', 'k8s', '--format', 'json']).out);
  const records = Object(json)['connections'].map((one: object) => ['source', 'destination', 'connection'].map((key) => Object(one)[key]));
  assert.equal(records, connections);
});

test('one workload, with the rules that allow', () => {
  const { out } = policyc(['list', 'k8s', '--focus', 'web', '--explain']);
  assert.is(out.includes('10.0.0.0'), false);
  assert.match(
    out,
    /web\[Deployment\] => shop\/db.*\n.*tcp 5432\n\s+egress: allow to .*\(shop-web, k8s\/policies\.yaml:20\)\n\s+ingress: .*\(shop-db, k8s\/policies\.yaml:7\)/,
  );
  const wrong = policyc(['list', 'k8s', '--focus', 'wep']);
  assert.is(wrong.status, 2);
  assert.match(wrong.error, 'no workload is called `wep`');
});

test('policy text with an inventory, requests that are told apart, and names of addresses', () => {
  write(
    'text/a.policy',
    'policy a for { app: "a" } { ingress { allow from { app: "b" } at tcp 80 http { GET "/x" } }\n egress { allow to "*.example.com" at tcp 443 } }\n',
  );
  write(
    'inventory.yaml',
    'workloads:\n  - { name: one, labels: { app: a }, ports: { web: tcp 80 } }\n  - { name: two, namespace: n, labels: { app: b } }\n',
  );
  const { status, out, error } = policyc(['list', 'text', '--inventory', 'inventory.yaml', '--focus', 'one']);
  assert.is(status, 0, error);
  assert.equal(out.trimEnd().split('\n'), ['n/two => one : tcp 80 (http GET /x)', 'one => *.example.com : tcp 443']);
  const none = policyc(['list', 'text']);
  assert.is(none.status, 2);
  assert.match(none.error, 'there are no workloads to ask about');
});

test('what cannot be read is an error at its place', () => {
  write('wrong/a.yaml', 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a }\nspec: { podSelectr: {} }\n');
  const { status, out, error } = policyc(['list', 'wrong', 'k8s']);
  assert.is(status, 1);
  assert.is(out, '');
  assert.match(error, 'wrong/a.yaml:4');
});

test.run();
