// What `policyc diff` compares: files, bundles, and revisions of a repository, of which nothing is changed by looking.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bundleFormat } from '../../src/compiler/ir/bundle.ts';
import { folder, policyc, program, write } from '../harness/policyc.ts';

const root = join(import.meta.dirname, '..', '..');
const repository = join(folder, 'repository');

function git(...args: readonly string[]): string {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'init.defaultBranch=main', '-c', 'commit.gpgsign=false'];
  const { status, stdout, stderr } = spawnSync('git', [...identity, ...args], {
    cwd: repository,
    encoding: 'utf8',
    env: { ...process.env, GIT_OPTIONAL_LOCKS: '0' },
  });
  assert.is(status, 0, stderr);
  return stdout.trim();
}

function diffIn(place: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'diff', ...args], {
    cwd: join(repository, place),
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', HOME: folder },
  });
  return { status, out: stdout, error: stderr };
}

const rule = (port: number) => `import web from "../lib/web.policy"
policy cart for { app: "cart" } { ingress { allow from web at tcp ${port} } }
`;
const manifest = (port: number) => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: api, namespace: shop }
spec:
  podSelector: { matchLabels: { app: api } }
  ingress: [{ ports: [{ port: ${port} }] }]
`;

mkdirSync(repository);
git('init', '-q');
const put = (path: string, text: string) => write(`repository/${path}`, text);
const commit = (message: string) => {
  git('add', '-A');
  git('commit', '-q', '-m', message);
};
put('policies/cart.policy', rule(80));
put('policies/api.yaml', manifest(80));
put('policies/values.yaml', 'replicas: 3\n');
put('lib/web.policy', 'workload web = { app: "web" }\n');
symlinkSync('../lib/web.policy', join(repository, 'policies', 'web-link.policy'));
commit('first');
git('tag', 'first');
git('checkout', '-q', '-b', 'change');
put('policies/cart.policy', rule(443));
put('lib/web.policy', 'workload web = { app: "shop" }\n');
commit('second');
put('policies/api.yaml', manifest(8080));

test('two revisions: policy text, and imports as they were', () => {
  const { status, out, error } = diffIn('.', 'main..change', '--', 'policies');
  assert.equal([status, error], [0, '']);
  assert.match(out, 'from { app: "shop" } at tcp 443');
  assert.match(out, 'from { app: "web" } at tcp 80');
  assert.match(out, 'policies/cart.policy:2');
  assert.not.match(out, '8080');
  for (const args of [
    ['main', 'change', 'policies'],
    ['first...change', 'policies'],
    ['main..', '--', 'policies'],
    ['main:policies', 'change:policies'],
  ])
    assert.is(diffIn('.', ...args).out, out, args.join(' '));
  assert.is(diffIn('policies', 'main..change').out.replaceAll('cart.policy', 'policies/cart.policy'), out);
  assert.is(diffIn('policies', 'main:policies', 'change:policies').out.replaceAll('cart.policy', 'policies/cart.policy'), out);
});

test('a revision and the files as they are: YAML too', () => {
  const { status, out, error } = diffIn('.', 'HEAD');
  assert.equal([status, error], [0, '']);
  assert.match(out, 'at tcp 8080');
  assert.match(out, 'policies/api.yaml:');
  assert.not.match(out, 'cart');
  assert.is(diffIn('.', 'HEAD', 'policies').out, out);
  assert.is(diffIn('.', 'HEAD:policies', 'policies').out, out);
});

test('nothing of the repository is touched', () => {
  const state = () => [statSync(join(repository, '.git', 'index')).mtimeMs, git('status', '--porcelain'), git('for-each-ref')];
  const before = state();
  diffIn('.', 'main');
  assert.equal(state(), before);
});

test('what stands in one revision alone is a change, what stands in none is a mistake', () => {
  renameSync(join(repository, 'policies', 'cart.policy'), join(repository, 'policies', 'moved.policy'));
  assert.match(diffIn('.', 'HEAD', '--', 'policies/cart.policy').out, 'allowed: no policy speaks of it');
  assert.is(
    diffIn('.', 'change', '--', 'policies/cart.policy', 'policies/moved.policy').out,
    'no change of meaning: proved for all events\n',
  );
  const { status, error } = diffIn('.', 'main..change', '--', 'nothing');
  assert.is(status, 2);
  assert.match(error, /^policyc: there is no policy at `nothing`, neither in main \([0-9a-f]{10}\) nor in change \([0-9a-f]{10}\)\n$/);
});

test('links: read as what they lead to, within the revision', () => {
  symlinkSync('/etc/passwd', join(repository, 'policies', 'out.policy'));
  symlinkSync('loop.policy', join(repository, 'policies', 'loop.policy'));
  commit('links');
  const { status, error } = diffIn('.', 'HEAD', 'HEAD', '--', 'policies');
  assert.is(status, 1);
  assert.match(error, 'policies/loop.policy: error[source/not-found]');
  assert.match(error, 'policies/out.policy: error[source/not-found]');
  assert.not.match(error, 'web-link.policy');
  for (const name of ['out', 'loop']) rmSync(join(repository, 'policies', `${name}.policy`));
  commit('no links');
});

test('a submodule among the paths is refused, and not passed over', () => {
  const head = git('rev-parse', 'HEAD');
  git('update-index', '--add', '--cacheinfo', `160000,${head},policies/vendor`);
  git('commit', '-q', '-m', 'submodule');
  for (const paths of [['policies'], ['policies/vendor/deep'], ['.']]) {
    const { status, error } = diffIn('.', 'HEAD~1..HEAD', '--', ...paths);
    assert.is(status, 2);
    assert.match(error, '`policies/vendor` is a submodule, whose files no commit of this repository has');
  }
  assert.is(diffIn('.', 'HEAD~1..HEAD', '--', 'lib').status, 0);
  git('reset', '-q', '--hard', 'HEAD~1');
});

test('a shallow clone says what it lacks', () => {
  git('clone', '-q', '--depth', '1', `file://${repository}`, join(repository, '..', 'shallow'));
  for (const range of ['HEAD~1', 'main...HEAD~2'])
    assert.match(diffIn('../shallow', range).error, 'the clone is shallow: `git fetch --unshallow` brings the rest of it');
});

test('line ends, comments and names of files mean nothing', () => {
  const text = `// how\n${rule(80)}`.replaceAll('../lib', './lib');
  write('ends/old/lib/web.policy', 'workload web = { app: "web" }\n');
  write('ends/old/cart.policy', text);
  write('ends/new/lib/web.policy', 'workload web = { app: "web" }\n');
  write('ends/new/renamed.policy', text.replace('// how', '/// another').replaceAll('\n', '\r\n'));
  const found = policyc(['diff', 'ends/old', 'ends/new']);
  assert.equal([found.status, found.out], [0, 'no change of meaning: proved for all events\n'], found.error);
});

test('mistakes on the command line', () => {
  const message = (...args: readonly string[]) => diffIn('.', ...args).error;
  assert.is(message('mian'), 'policyc: `mian` is neither a file or folder nor a revision of this repository; did you mean `main`?\n');
  assert.match(message('policies', 'nowhere'), 'there is no file or folder `nowhere`');
  assert.match(message('policies'), '`policies` is compared with what?');
  assert.match(message('main', 'change', 'first', '--', 'policies'), 'expected one or two revisions');
  assert.match(message('main', 'chnge'), '`chnge` is neither');
  assert.match(message('--upload-pack=x'), "unknown option '--upload-pack=x'");
  assert.match(policyc(['diff', 'main..HEAD']).error, '`main` is no file or folder, and this folder is in no git repository');
});

const objects = existsSync(join(root, 'dist', 'objects', 'cgroup_skb.o'));

test('a bundle: by the text that it was built from, YAML and how it was meant too', () => {
  if (!objects) {
    console.log('SKIP bundles: dist/objects is not built (npm run build)');
    return;
  }
  write('old/shop.policy', 'import web from "lib/web.policy"\npolicy cart for { app: "cart" } { ingress { allow from web at tcp 80 } }\n');
  write('old/lib/web.policy', 'workload web = { app: "web" }\n');
  write('old/api.yaml', manifest(80));
  const built = policyc(['build', 'old', '-o', 'old.bundle', '--no-tests', '--agent', 'cluster-name=east']);
  assert.is(built.status, 0, built.error);
  const same = policyc(['diff', 'old.bundle', 'old', '--agent', 'cluster-name=east']);
  assert.equal([same.status, same.out, same.error], [0, 'no change of meaning: proved for all events\n', '']);
  assert.match(policyc(['diff', 'old.bundle', 'old', '--agent', 'enable-policy=never']).out, 'allowed: no policy speaks of it');
  write('old/shop.policy', 'import web from "lib/web.policy"\npolicy cart for { app: "cart" } { ingress { allow from web at tcp 81 } }\n');
  const { out } = policyc(['diff', 'old.bundle', 'old', '--agent', 'cluster-name=east']);
  assert.match(out, 'before: allowed by cart, old/shop.policy:2: allow from web at tcp 80');
  const text = join(folder, 'old.bundle', 'text.json');
  write('old.bundle/text.json', readFileSync(text, 'utf8').replace('tcp 80', 'tcp 90'));
  const damaged = policyc(['diff', 'old.bundle', 'old']);
  assert.equal([damaged.status, damaged.error], [2, 'policyc: `old.bundle` cannot be compared: its `text.json` is damaged\n']);
  write('old.bundle/manifest.json', '{ "format": 2 }');
  assert.match(
    policyc(['diff', 'old.bundle', 'old']).error,
    `it is a bundle of format 2, and this version reads format ${bundleFormat}: build it again`,
  );
});

test.run();
