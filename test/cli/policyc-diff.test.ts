// `policyc diff`, its words, its exit codes, and each form of a report.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder, policyc, write } from '../harness/policyc.ts';
import { sarifSchema } from '../harness/sarif-schema.ts';

const root = join(import.meta.dirname, '..', '..');
const policy = `workload cart = { app: "cart" }
workload web = { app: one of ["web", "shop"] }
policy cart-access for cart {
  ingress { allow from web at tcp 8080 http { GET "/cart/{id}" } }
  process { default deny exec
    allow exec "/usr/bin/node" }
}
`;
write('old.policy', policy);
write(
  'new.policy',
  policy.replace('GET "/cart/{id}"', 'GET "/cart/{id}"; DELETE "/cart/{id}"').replace('"/usr/bin/node"', '"/usr/bin/deno"'),
);
const holds = (schema: object, value: unknown): void => {
  const validate = new Ajv({ strict: false, formats: { 'uri-reference': true, uri: true } }).compile(schema);
  assert.ok(validate(value), JSON.stringify(validate.errors));
};
const diff = (...args: readonly string[]) => policyc(['diff', ...args]);

test('newly allowed and newly denied: how many, an example, a line to try it, and who decided', () => {
  const { status, out, error } = diff('old.policy', 'new.policy', '--no-cost');
  assert.equal([status, error], [0, '']);
  assert.is(
    out,
    `newly allowed
  processes of { app: "cart" }
  + exec /usr/bin/deno
      medium: programs may do more
      1 identity, 1 class of content
      for example { app: "cart" } exec "/usr/bin/deno"
        $ /usr/bin/deno
    before: denied by default (cart-access, old.policy:3)
    after:  allowed by cart-access, new.policy:6: allow exec "/usr/bin/deno"
  ingress of { app: "cart" }
  + from { app: one of ["shop", "web"] } at tcp 8080, http DELETE /cart/*
      1 identity from 2 identities, 1 port, 1 class of content
      for example { app: "shop" } -> { app: "cart" } tcp 8080 DELETE "/cart/a"
        $ curl -i -m 3 -X DELETE "http://$DESTINATION:8080"/cart/a
    before: denied by default (cart-access, old.policy:3)
    after:  allowed by cart-access, new.policy:4: allow from web at tcp 8080 http { GET "/cart/{id}"; DELETE "/cart/{id}" }

newly denied
  processes of { app: "cart" }
  - exec /usr/bin/node
      1 identity, 1 class of content
      for example { app: "cart" } exec "/usr/bin/node"
        $ /usr/bin/node
    before: allowed by cart-access, old.policy:6: allow exec "/usr/bin/node"
    after:  denied by default (cart-access, new.policy:3)

2 classes of events newly allowed, 1 newly denied (beside them 1 decided by another rule); \`--all\` lists them
`,
  );
});

test('no change is a fact about all events', () => {
  write('reformatted.policy', `// a comment\n${policy.replace('ingress { ', 'ingress {\n\n    ')}`);
  const same = diff('old.policy', 'reformatted.policy', '--exit-code');
  assert.equal([same.status, same.out], [0, 'no change of meaning: proved for all events\n']);
  write('twice.policy', policy.replace('ingress {', 'ingress { allow from web at tcp 8080 http { GET "/cart/1" }\n'));
  const verdicts = diff('old.policy', 'twice.policy', '--fail-on', 'any');
  assert.equal([verdicts.status, verdicts.error], [0, '']);
  assert.match(verdicts.out, 'no verdict changes: proved for all events (beside them 1 decided by another rule); `--all` lists them\n');
});

test('exit codes are what was asked for', () => {
  const status = (...options: readonly string[]) => diff('old.policy', 'new.policy', ...options).status;
  for (const what of ['newly-allowed', 'newly-denied', 'any', 'newly-allowed:process', 'low', 'medium', 'newly-audited,newly-denied'])
    assert.is(status('--fail-on', what), 1, what);
  for (const what of ['newly-audited', 'newly-allowed:world', 'newly-allowed:namespace', 'high'])
    assert.is(status('--fail-on', what), 0, what);
  assert.is(status('--exit-code'), 1);
  assert.is(status('--fail-on', 'high', '--fail-on', 'newly-denied'), 1);
  const wrong = diff('old.policy', 'new.policy', '--fail-on', 'newly-allowed:wrold');
  assert.is(wrong.status, 2);
  assert.match(wrong.error, 'no change is called `newly-allowed:wrold`: did you mean `newly-allowed:world`?');
  assert.match(
    diff('old.policy', 'new.policy', '--fail-on', 'newly-denied,any').out,
    '--fail-on newly-denied: one change is\n--fail-on any: 3 changes are\n',
  );
});

test('what a change opens, and of whom, is its severity', () => {
  const base = '@severity(LEVEL) @owner("team-a")\npolicy p for { app: "a" } in namespace "x" { ingress { RULE } }\n';
  const severityOf = (rule: string, level = 'low') => {
    write('severity-old.policy', base.replace('RULE', '').replace('LEVEL', level));
    write('severity-new.policy', base.replace('RULE', rule).replace('LEVEL', level));
    const [change] = JSON.parse(diff('severity-old.policy', 'severity-new.policy', '--format', 'json').out).changes;
    assert.equal([change.owners, change.namespaces], [['team-a'], ['x']]);
    return [change.severity, ...change.scopes];
  };
  assert.equal(severityOf('allow from world at tcp 80'), ['high', 'world']);
  assert.equal(severityOf('allow from 203.0.113.0/24 at tcp 80'), ['medium', 'world']);
  assert.equal(severityOf('allow from 203.0.113.0/24 at tcp 80', 'critical'), ['high', 'world']);
  assert.equal(severityOf('allow from { app: "b" } in namespace "y" at tcp 80'), ['medium', 'namespace']);
  assert.equal(severityOf('allow from { app: "b" } in namespace "x" at tcp 80'), ['low']);
  assert.equal(severityOf('allow from { app: "b" } in namespace "x" in cluster "c" at tcp 80'), ['low']);
  assert.equal(severityOf('allow from host at tcp 80'), ['medium', 'host']);
  assert.equal(severityOf('allow from { app: "b" } in namespace "x" at tcp 80', 'medium'), ['medium']);
});

test('what the other side of a flow denies has no effect, and is listed when asked', () => {
  const sides =
    'workload a = { app: "a" }\nworkload b = { app: "b" }\npolicy pa for a { egress { } }\npolicy pb for b { ingress { RULE } }\n';
  write('masked-old.policy', sides.replace('RULE', ''));
  write('masked-new.policy', sides.replace('RULE', 'allow from a at tcp 5432'));
  const { out } = diff('masked-old.policy', 'masked-new.policy', '--all', '--exit-code');
  assert.match(out, 'no effect: the other side of the flow denies it\n  ingress of { app: "b" }\n    from { app: "a" } at tcp 5432');
  assert.match(out, '(denied by default (pa, masked-new.policy:3))');
  assert.match(out, 'no verdict changes: proved for all events (beside them 1 without effect');
});

test('workloads of an inventory, and of manifests, are named; the line to try goes to one of them', () => {
  write(
    'inventory.yaml',
    `workloads:
  - { name: cart-1, namespace: shop, labels: { app: cart }, addresses: [10.0.2.1] }
  - { name: web-1, labels: { app: web } }
  - { name: other, labels: { app: other } }
`,
  );
  const { out } = diff('old.policy', 'new.policy', '--inventory', 'inventory.yaml');
  assert.match(out, 'today: shop/cart-1 (from web-1)');
  assert.match(out, '$ curl -i -m 3 -X DELETE http://10.0.2.1:8080/cart/a');
  const manifest = (port: number) => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: api, namespace: shop }
spec: { podSelector: { matchLabels: { app: api } }, ingress: [{ ports: [{ port: ${port} }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: api-0, namespace: shop, labels: { app: api } }
spec: { containers: [{ name: api, image: api }] }
`;
  write('k8s-old/api.yaml', manifest(80));
  write('k8s-new/api.yaml', manifest(81));
  assert.match(diff('k8s-old', 'k8s-new').out, 'today: shop/api-0[Pod]');
});

test('recorded flows: how many a change would have hit', () => {
  const rule = (port: number) => `policy p for { app: "a" } { ingress { allow from { app: "b" } at tcp ${port} } }\n`;
  write('flows-old.policy', rule(80));
  write('flows-new.policy', rule(81));
  const end = (app: string) => ({
    identity: 20_000,
    ID: 7,
    namespace: 'x',
    labels: [`k8s:app=${app}`, 'k8s:io.kubernetes.pod.namespace=x'],
    pod_name: app,
  });
  const flow = (second: number, port: number) =>
    JSON.stringify({
      flow: {
        time: `2026-03-05T10:00:0${second}.5Z`,
        verdict: 'FORWARDED',
        IP: { source: '10.0.0.1', destination: '10.0.0.2', ipVersion: 'IPv4' },
        l4: { TCP: { source_port: 40_000, destination_port: port, flags: { SYN: true } } },
        source: end('b'),
        destination: end('a'),
        Type: 'L3_L4',
        event_type: { type: 4 },
        traffic_direction: 'INGRESS',
        is_reply: false,
      },
    });
  write('flows.jsonl', `${[flow(1, 80), flow(2, 80), flow(3, 22)].join('\n')}\n`);
  const { status, out, error } = diff('flows-old.policy', 'flows-new.policy', '--flows', 'flows.jsonl', '--fail-on', 'newly-denied:flows');
  assert.equal([status, error], [1, '']);
  assert.match(out, '2 recorded flows, 2026-03-05T10:00:01.500000Z to 2026-03-05T10:00:02.500000Z');
  assert.match(out, 'medium: 2 recorded flows would break');
  assert.match(out, 'none of the recorded flows');
  assert.match(out, 'asked of 3 recorded flows');
  assert.is(diff('flows-old.policy', 'flows-new.policy', '--flows', 'flows.jsonl', '--fail-on', 'newly-allowed:flows').status, 0);
  const schema = JSON.parse(readFileSync(join(root, 'docs', 'schemas', 'diff.schema.json'), 'utf8'));
  holds(schema, JSON.parse(diff('flows-old.policy', 'flows-new.policy', '--flows', 'flows.jsonl', '--format', 'json').out));
});

test('JSON, as its schema says', () => {
  const schema = JSON.parse(readFileSync(join(root, 'docs', 'schemas', 'diff.schema.json'), 'utf8'));
  const document = JSON.parse(
    diff('old.policy', 'new.policy', '--format', 'json', '--inventory', 'inventory.yaml', '--fail-on', 'any').out,
  );
  holds(schema, document);
  const { ok, conclusion, summary, changes, failed } = document;
  assert.equal([ok, conclusion, failed], [true, 'changed', [{ gate: 'any', changes: 3 }]]);
  assert.equal(summary, {
    'newly-allowed': 2,
    'newly-denied': 1,
    'newly-audited': 0,
    'no-longer-audited': 0,
    masked: 0,
    'another-rule': 1,
  });
  const request = changes[1];
  assert.equal(
    [request.effect, request.section, request.at, request.content],
    ['newly-allowed', 'ingress', 'tcp 8080', 'http DELETE /cart/*'],
  );
  assert.equal([request.before.verdict, request.after.rule.file, request.after.rule.line], ['denied', 'new.policy', 4]);
  holds(schema, JSON.parse(diff('old.policy', 'old.policy', '--format', 'json').out));
  holds(schema, JSON.parse(diff('old.policy', write('bad.policy', 'policy'), '--format', 'json').out));
});

test('SARIF: a result for each changed class, with the same fingerprint wherever its rule stands', () => {
  const sarif = (now: string) => JSON.parse(diff('old.policy', now, '--format', 'sarif').out);
  const document = sarif('new.policy');
  holds(sarifSchema, document);
  const [run] = document.runs;
  assert.equal(
    run.results.map(({ ruleId, level }: { ruleId: string; level: string }) => `${ruleId} ${level}`),
    ['diff/newly-allowed warning', 'diff/newly-allowed note', 'diff/newly-denied note'],
  );
  const { artifactLocation, region } = run.results[1].locations[0].physicalLocation;
  assert.equal([artifactLocation.uri, region.startLine], ['new.policy', 4]);
  write('moved.policy', `\n\n${readFileSync(join(folder, 'new.policy'), 'utf8')}`);
  const prints = (one: { runs: readonly { results: readonly { partialFingerprints: unknown }[] }[] }) =>
    one.runs.flatMap(({ results }) => results.map(({ partialFingerprints }) => partialFingerprints));
  assert.equal(prints(sarif('moved.policy')), prints(document));
});

test('Markdown: short first, what changed folded, text of policies never read as Markdown', () => {
  const { out } = diff('old.policy', 'new.policy', '--format', 'markdown', '--fail-on', 'newly-allowed');
  assert.match(out, /^<!-- policyc diff -->\n### policyc: 2 classes of events newly allowed, 1 newly denied/);
  assert.match(out, '- ❌ <code>--fail-on newly-allowed</code>: 2 changes');
  assert.match(out, '| 🔴&nbsp;allowed | medium&#58; programs may do more | <code>processes of { app&#58; "cart" }</code> |');
  assert.match(out, '<details><summary>newly denied: <code>');
  write('odd-old.policy', 'policy p for { app: "a" } { ingress { } }\n');
  write('odd-new.policy', 'policy p for { app: "a" } { ingress { allow from { "x|y": "```<b>@team" } at tcp 1 } }\n');
  const odd = diff('odd-old.policy', 'odd-new.policy', '--format', 'markdown').out;
  assert.match(odd, '````text');
  assert.not.match(odd.split('<details>')[0] ?? '', /<b>|@team|x\|y/);
});

test('Markdown: never longer than a comment may be, and what was cut is said', () => {
  const many = (port: number) =>
    Array.from(
      { length: 400 },
      (_, i) => `policy p${i} for { app: "a${i}" } { ingress { allow from { app: "b${i}" } at tcp ${port + i} } }`,
    ).join('\n');
  write('many-old.policy', many(1));
  write('many-new.policy', many(1001));
  const { out } = diff('many-old.policy', 'many-new.policy', '--format', 'markdown');
  assert.ok(out.length <= 65_000 && out.length > 50_000, String(out.length));
  assert.match(out, /_\d+ groups of changes more would make this comment longer than it may be/);
  assert.match(out, '_and 775 more_');
});

test('reports are written beside what is printed', () => {
  const { status, out } = diff('old.policy', 'new.policy', '-o', 'r.md', '-o', 'r.json', '-o', 'r.sarif', '-o', 'r.html', '-o', 'r.txt');
  assert.is(status, 0);
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');
  assert.is(text('r.txt'), out);
  assert.match(text('r.md'), '### policyc');
  assert.is(JSON.parse(text('r.json')).ok, true);
  assert.is(JSON.parse(text('r.sarif')).version, '2.1.0');
  assert.match(text('r.html'), '<!doctype html>');
  const wrong = diff('old.policy', 'new.policy', '-o', 'r.pdf');
  assert.equal([wrong.status, wrong.out], [2, '']);
  assert.match(wrong.error, '`r.pdf`: expected a name that ends in .txt, .md, .json, .sarif, .sarif.json, .html');
  assert.match(diff('old.policy', 'new.policy', '-o', 'none/r.md').error, '`none/r.md` cannot be written: ENOENT');
});

test('a wrong side is reported in every form', () => {
  const bad = write('bad.policy', 'policy');
  for (const format of ['text', 'markdown', 'json', 'sarif', 'html']) {
    const { status, out, error } = diff('old.policy', bad, '--format', format);
    assert.is(status, 1, format);
    assert.match(out + error, 'bad.policy', format);
  }
});

test('a comparison past its limit names what is not decided, in every form', () => {
  const cases = join(root, 'test', 'golden', 'commands', 'diff-undecided');
  const deep = `${'a_folder_that_stands_deep/'.repeat(8)}`;
  const side = (name: string) => write(`${deep}${name}`, readFileSync(join(cases, name)));
  const [before, after] = [side('before.policy'), side('after.policy')];
  const run = (format: string) => diff(before, after, '--format', format);
  const named =
    /egress: what `allow to "[*][*].t19.[*][*]" at tcp 99` changes \(.*before.policy:24\): an exact answer needs more than 100,000 pattern states/;
  for (const format of ['text', 'markdown', 'html', 'sarif']) {
    const { status, out } = run(format);
    assert.is(status, 3, format);
    const words = out
      .replaceAll('&#96;', '`')
      .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
      .replaceAll('&quot;', '"')
      .replaceAll('\\"', '"');
    assert.match(words, named, format);
  }
  const document = JSON.parse(run('json').out);
  assert.equal([document.ok, document.conclusion, document.undecided.length], [true, 'undecided', 1]);
  holds(JSON.parse(readFileSync(join(root, 'docs', 'schemas', 'diff.schema.json'), 'utf8')), document);
  assert.is(diff(before, after, '--fail-on', 'newly-denied').status, 3);
});

test('the cost in the kernel, before and after', () => {
  if (!existsSync(join(root, 'dist', 'objects', 'exec.o'))) {
    console.log('SKIP the cost in the kernel: dist/objects is not built (npm run build)');
    return;
  }
  write('http.policy', 'policy p for { app: "a" } { ingress { allow from all at tcp 80 http { GET "/a" } } }\n');
  write('port.policy', 'policy p for { app: "a" } { ingress { allow from all at tcp 80 } }\n');
  assert.match(diff('http.policy', 'port.policy').out, /in the kernel: instructions of programs [\d,]+ -> [\d,]+ \(-[\d,]+\)/);
  write('networks.policy', 'policy p for { app: "a" } { ingress { allow from [10.0.0.0/9, 192.0.2.0/24] at tcp 80 } }\n');
  assert.match(diff('networks.policy', 'port.policy').out, /in the kernel: bytes of tables [\d,]+ -> [\d,]+ \(-[\d,]+\)/);
  assert.not.match(diff('http.policy', 'port.policy', '--no-cost').out, 'in the kernel');
  write('named.policy', 'policy p for { app: "a" } { egress { allow to "a.example" at tcp 80 mode audit } }\n');
  assert.match(diff('port.policy', 'named.policy').out, 'in the kernel: cost not known: the native target cannot hold it yet (');
});

test.run();
