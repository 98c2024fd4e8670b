// `policyc explain` as users run it: what it prints for each kind of event, and how it refuses what is none.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { policyc, write } from '../harness/policyc.ts';

write(
  'names.policy',
  'private workload web = { app: "web" }\nworkload twice = { app: "t" }\npolicy web-out for web { egress { default allow } }\n',
);
write(
  'shop.policy',
  `workload cart = { app: "cart" }
workload twice = { app: "u" }
workload shops = { app: one of ["web", "shop"] }
policy cart-access for cart {
  ingress {
    allow from shops at tcp 8080 http { GET "/cart/{id}" }
    allow from { app: "web" } at tcp 8080 http { GET "/cart/42" }
    deny at tcp 8080 http { "/cart/secret" }
    allow from 10.0.0.0/8 at tcp 22
  }
  process { default deny exec
    allow exec "/usr/bin/node" }
}
`,
);
const explain = (event: string, ...more: readonly string[]) =>
  policyc(['explain', 'shop.policy', 'names.policy', '--event', event, ...more]);

test('both sides, every rule that matches in order, and why', () => {
  const { status, out, error } = explain('web -> cart tcp 8080 GET "/cart/42"');
  assert.is(status, 0, error);
  assert.is(
    out,
    `allowed by cart-access, shop.policy:6
  { app: "web" } -> { app: "cart" } tcp 8080 GET "/cart/42"

  egress of { app: "web" }: allowed by default
    policies that select it: web-out (names.policy:3)
    no rule decides, and none of these policies denies egress by default

  ingress of { app: "cart" }: allowed by cart-access
    policies that select it: cart-access (shop.policy:4)
    rules that match, in deciding order:
     => allow from shops at tcp 8080 http { GET "/cart/{id}" }  (cart-access, shop.policy:6)
          decides: the first in order of the rules that match
        allow from { app: "web" } at tcp 8080 http { GET "/cart/42" }  (cart-access, shop.policy:7)
          agrees: says the same, and stands later in its policy
`,
  );
});

test('a deny wins, and a connection passes over it', () => {
  const denied = explain('web -> cart tcp 8080 GET "/cart/secret"').out;
  assert.match(denied, 'denied by cart-access, shop.policy:8');
  assert.match(denied, 'overruled: allow rules are asked after deny rules');
  const connection = explain('web -> cart tcp 8080').out;
  assert.match(
    connection,
    'passed over: refuses only the requests that it matches: the rule below allows another request on the connection',
  );
  assert.match(connection, 'decides: the first in order that allows some request on the connection');
  assert.match(explain('web -> cart tcp 8080 GET "/%2F"').out, 'denied by cart-access, shop.policy:8, because it cannot be read');
});

test('a default deny names what was nearest, and what missed it', () => {
  const misses = (event: string): string => explain(event).out;
  assert.match(misses('web -> cart tcp 8080 PUT "/cart/7"'), 'method: it is PUT; the rule wants GET');
  assert.match(misses('web -> cart tcp 8080 GET "/a"'), 'path: it is "/a"; the rule wants');
  assert.match(misses('web -> cart tcp 81'), 'port: it is tcp 81; the rule is about tcp 8080');
  assert.match(misses('web -> cart udp 8080'), 'protocol: it is udp 8080; the rule is about tcp 8080');
  assert.match(
    misses('{ app: "cat" } in namespace "n" -> cart tcp 8080'),
    `label: the source's label app is "cat"; the rule wants one of ["shop", "web"]`,
  );
  assert.match(
    misses('192.0.2.1 -> cart tcp 22'),
    'address: the source is 192.0.2.1, an address of nothing managed; the rule is about 10.0.0.0/8',
  );
  assert.match(misses('host -> cart tcp 22'), 'peer: the source is host; the rule is about 10.0.0.0/8');
  assert.match(misses('host -> cart tcp 22'), 'egress of host: allowed by default');
  assert.match(misses('cart exec "/bin/sh"'), 'path: it is "/bin/sh"; the rule wants "/usr/bin/node"');
});

test('a selector that stands for several label sets: each verdict, one witness', () => {
  const { out } = explain('{ app: one of ["web", "x"] } -> cart tcp 8080 GET "/cart/1"');
  assert.match(out, /^the verdict depends on what the event leaves open: 2 verdicts over \d classes of events\n/);
  assert.match(out, '1. allowed by cart-access, shop.policy:6');
  assert.match(out, '2. denied by default (cart-access, shop.policy:4)');
});

test('JSON', () => {
  const { ok, classes, verdicts } = JSON.parse(explain('web -> cart tcp 8080 PUT "/cart/7"', '--format', 'json').out);
  assert.equal([ok, classes, verdicts.length], [true, 1, 1]);
  const [, ingress] = verdicts[0].sides;
  assert.equal([verdicts[0].verdict.verdict, ingress.section, ingress.decider.by], ['denied', 'ingress', 'default']);
  assert.equal([ingress.nearest[0].line, ingress.nearest[0].misses[0].part], [6, 'method']);
});

test('what is no event is refused at its place', () => {
  const refused = (event: string, message: string): void => {
    const { status, out, error } = explain(event);
    assert.equal([status, out], [1, ''], event);
    assert.match(error, message);
  };
  refused('wbe -> cart tcp 80', '--event:1:1: error[resolve/unknown-name]: unknown name `wbe`');
  refused('twice -> cart tcp 80', '--event:1:1: error[event/ambiguous-name]: several files declare `twice`: shop.policy, names.policy');
  refused('web -> cart tcp', 'error[check/test-point]');
  refused('web -> world tcp 80', 'error[check/test-endpoint]');
  refused('web -> cart tcp 80 is allowed } policy p for all { ingress { }', 'error[');
  refused('web -> cart tcp 80 is allowed\nweb -> cart tcp 81', 'error[event/form]');
  refused('web -> cart tcp 80 is denied', '--event:1:20: error[event/verdict]: an event is asked about, and states no verdict');
  refused('web -> cart tcp 80 is denied by x "y" ', '--event:1:20: error[event/verdict]');
  refused('', 'error[');
  refused('web ->', 'expected a workload, an entity or an address, found the end of the event');
  refused('web -> cart', '--event:1:12: error[parse/unexpected-token]: expected a port (`tcp 80`), found the end of the event');
  assert.is(explain('web -> cart 80').error.match(/error\[/g)?.length, 1);
  assert.is(policyc(['explain', 'shop.policy']).status, 2);
  const { status, out } = explain('wbe -> cart tcp 80', '--format', 'json');
  assert.equal([status, JSON.parse(out).diagnostics[0].code], [1, 'resolve/unknown-name']);
});

test('help', () => {
  const { status, out } = policyc(['explain', '--help']);
  assert.is(status, 0);
  for (const text of ['--event', 'Examples:', 'Exit codes:']) assert.match(out, text);
});

test.run();
