// `policyc import`, and documents where policies are given.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder, policyc, program, write } from '../harness/policyc.ts';

const policy = (name: string, rule = '- from: [{ podSelector: { matchLabels: { app: proxy } } }]'): string =>
  `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop }
spec:
  podSelector: { matchLabels: { app: ${name} } }
  ingress:
    ${rule}
`;
write('k8s/web.yaml', policy('web'));
write('k8s/deep/cart.yml', policy('cart'));
write('k8s/deep/cart.json', '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}');
write('k8s/values.yaml', 'image: web\nreplicas: 3\n');
write('k8s/lock.json', '{"version": 3}');
write('k8s/own.policy', 'policy  own for { app: "own" } { ingress { allow from host } }\n');

test('check takes the YAML of a folder that says what it is, and policy text beside it', () => {
  const { status, out, error } = policyc(['check', 'k8s']);
  assert.equal([status, out, error], [0, 'ok: 3 files, 4 policies, 4 rules, 0 test lines\n', '']);
});

test('standard input is documents where it says of what kind it is, else policy text', () => {
  const run = (input: string, ...args: readonly string[]): readonly [number | null, string, string] => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { input, encoding: 'utf8', cwd: folder });
    return [status, stdout, stderr];
  };
  assert.equal(run(policy('web'), 'check', '-'), [0, 'ok: 1 file, 2 policies, 2 rules, 0 test lines\n', '']);
  assert.equal(run('policy p for all { ingress { } }\n', 'check', '-'), [0, 'ok: 1 file, 1 policy, 0 rules, 0 test lines\n', '']);
  const [status, , error] = run('policy p for all { ingress {', 'check', '-');
  assert.is(status, 1);
  assert.match(error, /^standard-input\.policy:1:28: error\[parse\/unclosed]/);
  assert.match(run(policy('web'), 'import', '-')[1], /^\/\/ from standard-input\.yaml\n@origin/);
});

test('a file that is named has to hold objects', () => {
  const { status, error } = policyc(['check', 'k8s/values.yaml']);
  assert.is(status, 1);
  assert.match(error, 'k8s/values.yaml:1:1: error[import/no-object]');
});

test('test, explain, diff and build take documents', () => {
  write(
    'shop.policy',
    'test "t" { { app: "proxy" } in namespace "shop" in cluster "default" -> { app: "web" } in namespace "shop" tcp 80 is allowed by shop-web }\n',
  );
  assert.match(policyc(['test', 'shop.policy', 'k8s']).out, '1 hold, 0 fail');
  const event = '{ app: "x" } -> { app: "web" } in namespace "shop" tcp 80';
  const explained = policyc(['explain', 'k8s/web.yaml', '--event', event]);
  assert.is(explained.status, 0);
  assert.match(explained.out, 'k8s/web.yaml:3');
  write('after.yaml', policy('web', '- from: [{ podSelector: {} }]'));
  const diff = policyc(['diff', 'k8s/web.yaml', 'after.yaml']);
  assert.equal([diff.status, diff.error], [0, '']);
  assert.match(diff.out, 'newly allowed');
  assert.is(policyc(['check', 'k8s', '--target', 'native']).status, 0);
});

test('import prints policy text in canonical form, which means the same', () => {
  const { status, out, error } = policyc(['import', 'k8s']);
  assert.equal([status, error], [0, '']);
  write('printed.policy', out);
  assert.is(policyc(['fmt', '--check', 'printed.policy']).status, 0);
  assert.match(policyc(['check', 'printed.policy']).out, 'ok: 1 file, 3 policies');
  write('only/web.yaml', policy('web'));
  write('only/cart.yaml', policy('cart'));
  assert.match(policyc(['diff', 'only', 'printed.policy', '--exit-code']).out, 'no change of meaning');
  assert.match(out, '// from k8s/web.yaml\n@origin("networking.k8s.io/NetworkPolicy shop/web")\npolicy shop-web for');
});

test('import -o writes a file for each file, below their common folder, and never over one', () => {
  const { status, out } = policyc(['import', 'k8s', '-o', 'out']);
  assert.equal([status, out], [0, 'out/deep/cart.policy\nout/web.policy\n']);
  assert.match(readFileSync(join(folder, 'out/web.policy'), 'utf8'), 'policy shop-web for');
  const again = policyc(['import', 'k8s/web.yaml', '-o', 'out']);
  assert.equal([again.status, again.error], [2, 'policyc: `out/web.policy` is there already: remove it, or give another folder\n']);
  write('same/web.yaml', policy('a'));
  write('same/web.json', JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'b' }, spec: {} }));
  assert.is(policyc(['import', 'same', '-o', 'out/same']).out, 'out/same/web.policy\nout/same/web-2.policy\n');
});

test('import --format json; nothing is written when something is wrong', () => {
  const good = JSON.parse(policyc(['import', 'k8s/web.yaml', '--format', 'json']).out);
  assert.equal([good.ok, good.files.length, good.files[0].from, good.files[0].path], [true, 1, 'k8s/web.yaml', 'web.policy']);
  write('bad/web.yaml', policy('web'));
  write('bad/wrong.yaml', policy('wrong').replace('podSelector: {', 'podSelectr: {'));
  const bad = policyc(['import', 'bad', '-o', 'none', '--format', 'json']);
  assert.is(bad.status, 1);
  assert.equal(
    JSON.parse(bad.out).diagnostics.map(({ code }: { readonly code: string }) => code),
    ['import/unknown-field'],
  );
  assert.is(policyc(['check', 'none']).status, 1);
});

test('--schema, --baseline and --agent', () => {
  assert.is(policyc(['import', 'bad', '--schema', 'prune']).status, 0);
  const isolated = policyc(['import', 'k8s/web.yaml', '--agent', 'enable-policy=always', '--agent', '--allow-localhost=policy']).out;
  assert.match(isolated, 'policy always-enforced for all');
  assert.not.match(isolated, 'allow-localhost');
  assert.match(policyc(['import', 'k8s/web.yaml', '--agent', 'cluster-name=east']).out, 'in cluster "east"');
  assert.not.match(policyc(['import', 'k8s/web.yaml', '--agent', 'policy-default-local-cluster=false']).out, 'in cluster');
  assert.match(policyc(['import', 'k8s/web.yaml', '--baseline', 'kubernetes']).out, 'deny from all except host priority 1000000');
  const unknown = policyc(['import', 'k8s/web.yaml', '--agent', 'enable-polcy=always']);
  assert.equal([unknown.status, unknown.error.includes('did you mean `enable-policy`?')], [2, true]);
  assert.match(policyc(['check', 'k8s', '--agent', 'enable-policy=sometimes']).error, '`sometimes` is no value of `enable-policy`');
});

test('documents without a policy are told, and write nothing', () => {
  write('none/service.yaml', 'apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { selector: { app: web } }\n');
  const { status, out, error } = policyc(['import', 'none', '-o', 'out/none']);
  assert.equal([status, out, error], [0, '', 'no policy is among the documents: nothing is written\n']);
});

test('fmt leaves documents alone', () => {
  assert.is(policyc(['fmt', '--check', 'k8s']).out, 'k8s/own.policy\n');
  const named = policyc(['fmt', 'k8s/web.yaml']);
  assert.is(named.status, 2);
  assert.match(named.error, '`policyc import` writes it as such');
});

test('names of documents complete and are explained', () => {
  assert.match(policyc(['completion', 'bash']).out, 'import');
  assert.match(policyc(['help', 'import/baseline']).out, 'tier Baseline');
  assert.match(policyc(['help', 'import']).out, 'policyc import');
});

test.run();
