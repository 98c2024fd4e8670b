// `policyc query` as users run it: who can reach what, who may do what, in each form, and mistakes at their place in the options.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { policyc, write } from '../harness/policyc.ts';

write(
  'shop.policy',
  `workload cart = { app: "cart" }
workload db = { app: "db" }
policy db-access for db {
  ingress { allow from cart at tcp 5432 }
  process { default deny exec
    allow exec "/usr/bin/postgres" }
}
policy cart-access for cart {
  ingress { allow from world at tcp 8080 http { GET "/cart/{id}" } }
  egress { allow to db at tcp [5432, 6543] }
}
`,
);
const query = (...args: readonly string[]) => policyc(['query', 'shop.policy', ...args]);
const rowsOf = (...args: readonly string[]): readonly string[] => {
  const { status, out, error } = query(...args, '--format', 'csv');
  assert.is(status, 0, error);
  return out.trimEnd().split('\n').slice(1);
};

test('who can reach this: braces may be left out, a number is a port of tcp', () => {
  const row = '"{ app: ""cart"" }","{ app: ""db"" }",tcp 5432,"egress cart-access, shop.policy:10; ingress db-access, shop.policy:4"';
  assert.equal(rowsOf('--to', 'app: "db"'), [row]);
  assert.equal(rowsOf('--to', 'db', '--port', '5000-6000'), [row]);
  assert.equal(rowsOf('--to', '{ app: "db" }', '--port', '5432/tcp'), [row]);
  assert.equal(rowsOf('--to', 'db', '--port', '6543'), []);
});

test('what can this reach, and requests', () => {
  assert.equal(rowsOf('--from', 'cart', '--to', 'world'), []);
  assert.equal(rowsOf('--from', 'world', '--to', 'cart'), [
    'world,"{ app: ""cart"" }",tcp 8080 (http GET /cart/*),"ingress cart-access, shop.policy:9"',
  ]);
  const asked = ['--from', '192.0.2.0/24', '--to', 'cart', '--port', '8080', '--request'];
  assert.is(rowsOf(...asked, 'http { GET "/cart/7" }').length, 1);
  assert.equal(rowsOf(...asked, 'http { POST "/cart/7" }'), []);
});

test('who may do that', () => {
  assert.equal(
    rowsOf('--may', 'exec "/bin/sh"', '--from', 'workload except db').map((row) => row.split(',')[0]),
    ['"{ app: not ""db"" }"'],
  );
  assert.equal(rowsOf('--may', 'exec under "/usr/bin"', '--from', 'db'), [
    '"{ app: ""db"" }",exec /usr/bin/postgres,"db-access, shop.policy:6"',
  ]);
});

test('table, explained, with the workloads that there are; JSON and Graphviz', () => {
  write('inventory.yaml', 'workloads:\n  - { name: one, labels: { app: cart } }\n  - { name: two, labels: { app: other } }\n');
  const { out } = query('--to', 'db', '--explain', '--inventory', 'inventory.yaml');
  assert.match(out, /^source +destination +connection +allowed by\n/);
  assert.match(out, 'ingress: allow from cart at tcp 5432  (db-access, shop.policy:4)');
  assert.match(out, 'for example: { app: "cart" } -> { app: "db" } tcp 5432');
  assert.match(out, 'sources: one\n    destinations: no workload that there is');
  const json: unknown = JSON.parse(query('--to', 'db', '--format', 'json').out);
  const [record] = Object(json)['allowed'];
  assert.equal([record.source, record.at, record.ingress.line, record.ingress.policy], ['{ app: "cart" }', 'tcp 5432', 4, 'db-access']);
  assert.match(query('--to', 'db', '--format', 'dot').out, '"{ app: \\"cart\\" }" -> "{ app: \\"db\\" }" [label="tcp 5432"]');
  assert.is(query('--to', 'db', '--port', 'udp').out.trimEnd(), 'nothing: no such event is allowed');
});

test('mistakes have a place in the option that they are in', () => {
  const unknown = query('--to', 'cart except dbb');
  assert.is(unknown.status, 1);
  assert.match(unknown.error, /--to:1:13: error\[resolve\/unknown-name\].*`dbb`/);
  assert.match(query('--to', 'db', '--port', 'tcp 99999').error, /--port:1:5: error/);
  assert.match(query('--to', 'app; "db"').error, /--to:1:4: error\[parse/);
  assert.match(query('--may', 'exek "/bin/sh"').error, /--may:1:1: error/);
});

test('what is no question', () => {
  for (const args of [[], ['--may', 'exec "/bin/sh"', '--port', '80'], ['--to', 'db\nno db can reach cart']]) {
    const { status, error } = query(...args);
    assert.is(status, 2, error);
    assert.match(error, /nothing is asked|asks about what processes do|expected one end/);
  }
});

write(
  'k8s.yaml',
  `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec: { template: { metadata: { labels: { app: web } } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: db }
spec: { template: { metadata: { labels: { app: db } } } }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db }
spec:
  podSelector: { matchLabels: { app: db } }
  ingress:
    - { from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 80, endPort: 90 }] }
    - { from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 85 }] }
    - { from: [{ podSelector: { matchLabels: { app: wep } } }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: isolated }
spec: { podSelector: { matchLabels: { app: db } }, policyTypes: [Ingress] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: nobody }
spec: { podSelector: { matchLabels: { app: dbb } } }
`,
);

test('what policies come to among the workloads that there are', () => {
  const found = (kind: string): readonly string[] => {
    const { status, out, error } = policyc(['query', 'k8s.yaml', '--kind', kind]);
    assert.is(status, 0, error);
    return out.trimEnd().split('\n');
  };
  const rule = (place: number, words: string, line: number): string =>
    `ingress rule ${place} of default-db (\`allow from { app: ${words}  (k8s.yaml:${line})`;
  assert.equal(found('ungoverned'), [
    'no policy governs ingress of default/web[Deployment]',
    'no policy governs egress of default/db[Deployment]',
    'no policy governs egress of default/web[Deployment]',
  ]);
  assert.equal(found('empty'), [
    'default-nobody governs no workload that there is  (k8s.yaml:28)',
    rule(3, '"wep" } in namespace "default" in cluster "default"`): its peers are nobody that there is', 19),
  ]);
  assert.equal(found('overlapping'), [
    'default-db and default-isolated govern the same: default/db[Deployment]  (k8s.yaml:13, k8s.yaml:23)',
  ]);
  assert.equal(found('redundant'), [
    'without default-isolated no connection is another  (k8s.yaml:23)',
    'without default-nobody no connection is another  (k8s.yaml:28)',
    `without ${rule(2, '"web" } in namespace "default" in cluster "default" at tcp 85`) no connection is another', 18)}`,
    `without ${rule(3, '"wep" } in namespace "default" in cluster "default"`) no connection is another', 19)}`,
  ]);
  assert.equal(found('vacuous'), ['nothing was found']);
  assert.is(query('--kind', 'redundant', '--to', 'db').status, 2);
});

test.run();
