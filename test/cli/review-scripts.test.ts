// What stands in a review: the script for any CI in a repository of its own, what the GitHub Action and the GitLab job run, the comment
// against a server that keeps comments as theirs do, and the hooks by pre-commit itself.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join, relative } from 'node:path';
import { load } from 'js-yaml';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder, program, write } from '../harness/policyc.ts';

const root = join(import.meta.dirname, '..', '..');
const repository = join(folder, 'repository');
// The scripts split words at blanks, and the checkout may stand below one.
const checkout = join(folder, 'checkout');
symlinkSync(root, checkout);
const policyc = `${process.execPath} ${join(checkout, relative(root, program))}`;
type Run = { readonly status: number | null; readonly out: string };

function run(
  command: readonly [string, ...string[]],
  { cwd = repository, env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Run {
  const [name, ...args] = command;
  const plain = { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1' };
  const { status, stdout, stderr } = spawnSync(name, args, { cwd, encoding: 'utf8', env: { ...plain, ...env }, timeout: 120_000 });
  return { status, out: stdout + stderr };
}

const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false'];
function git(...args: readonly string[]): string {
  const { status, out } = run(['git', ...identity, ...args]);
  assert.is(status, 0, out);
  return out.trim();
}
const isInstalled = (name: string): boolean => spawnSync(name, ['--version']).error === undefined;

const policy = (port: number) => `policy api for { app: "api" } {
  ingress {
    allow from { app: "web" } at tcp ${port}
  }
}

test "api" {
  { app: "web" } -> { app: "api" } tcp ${port} is allowed
}
`;
mkdirSync(repository);
git('init', '-q', '-b', 'main');
write('repository/policies/api.policy', policy(80));
git('add', '-A');
git('commit', '-q', '-m', 'first');
git('checkout', '-q', '-b', 'change');
write('repository/policies/api.policy', policy(443));
git('add', '-A');
git('commit', '-q', '-m', 'second');

const review = (env: Readonly<Record<string, string>>, cwd = repository): Run => {
  rmSync(join(cwd, 'policyc-reports'), { recursive: true, force: true });
  return run(['sh', join(root, 'ci', 'review.sh')], { cwd, env: { POLICYC: policyc, POLICYC_PATHS: 'policies', ...env } });
};
const report = (name: string, cwd = repository): string => readFileSync(join(cwd, 'policyc-reports', name), 'utf8');

test('shellcheck finds nothing', () => {
  if (!isInstalled('shellcheck')) {
    console.log('SKIP shellcheck finds nothing: shellcheck is not installed');
    return;
  }
  const { status, out } = run(['shellcheck', join(root, 'ci', 'review.sh')]);
  assert.equal([status, out], [0, '']);
});

test('review.sh: all steps, with their reports', () => {
  const { status, out } = review({ POLICYC_BASE: 'main', GITHUB_STEP_SUMMARY: join(folder, 'summary.md') });
  assert.is(status, 0, out);
  for (const step of ['check', 'format', 'test', 'diff']) assert.match(out, `== ${step}\n`);
  assert.is(JSON.parse(report('check.sarif')).version, '2.1.0');
  assert.is(JSON.parse(report('diff.sarif')).runs[0].results.length, 2);
  assert.match(report('tests.xml'), '<testsuite');
  assert.match(report('diff.md'), '<!-- policyc diff -->');
  assert.is(JSON.parse(report('diff.json')).summary['newly-allowed'], 1);
  assert.match(report('diff.html'), '<!doctype html>');
  assert.is(readFileSync(join(folder, 'summary.md'), 'utf8'), report('diff.md'));
  assert.is(git('status', '--porcelain', '--', 'policies'), '');
});

test('review.sh: every step runs and each failure is named', () => {
  write(
    'repository/policies/bad.policy',
    'policy bad for { app: "bad" } {   ingress { } }\n\ntest "bad" { { app: "x" } -> { app: "bad" } tcp 1 is allowed }\n',
  );
  const { status, out } = review({ POLICYC_BASE: 'main', POLICYC_FAIL_ON: 'newly-allowed' });
  rmSync(join(repository, 'policies', 'bad.policy'));
  assert.is(status, 1);
  assert.match(out, /\nfailed: format test diff\n/);
  assert.match(out, '--fail-on newly-allowed: one change is');
});

test('review.sh: a shallow clone gets what it needs; without a base nothing is compared', () => {
  const clone = join(folder, 'clone');
  run(['git', 'clone', '-q', '--depth', '1', '--branch', 'change', `file://${repository}`, clone]);
  const { status, out } = review({ POLICYC_BASE: git('rev-parse', 'main') }, clone);
  assert.is(status, 0, out);
  assert.match(report('diff.md', clone), '1 class of events newly allowed');
  assert.not.match(review({}).out, '== diff');
  const missing = review({ POLICYC: 'no-such-program' });
  assert.equal([missing.status, missing.out.includes('policyc does not run')], [2, true]);
});

type Step = { readonly run?: string; readonly env?: Readonly<Record<string, string>> };

test('the GitHub Action: what its steps run, with its inputs', () => {
  const action = load(readFileSync(join(root, 'action.yml'), 'utf8'));
  const { inputs, runs } = JSON.parse(JSON.stringify(action));
  const steps: readonly Step[] = runs.steps;
  const given: Readonly<Record<string, string>> = { paths: 'policies', base: 'main', policyc, 'fail-on': 'high' };
  const text = JSON.stringify(steps);
  for (const name of Object.keys(inputs)) assert.ok(text.includes(`inputs.${name}`), `input ${name} is used`);
  for (const [, name = ''] of text.matchAll(/inputs\.([a-z-]+)/g)) assert.ok(name in inputs, `input ${name} is declared`);
  const step = steps.find((one) => one.run?.includes('review.sh'));
  const env = Object.fromEntries(
    Object.entries(step?.env ?? {}).map(([key, value]) => [
      key,
      value.replace(/\$\{\{ inputs\.([a-z-]+) \}\}/, (_, name: string) => given[name] ?? ''),
    ]),
  );
  rmSync(join(repository, 'policyc-reports'), { recursive: true, force: true });
  const { status, out } = run(['bash', '-euo', 'pipefail', '-c', step?.run ?? 'false'], { env: { ...env, GITHUB_ACTION_PATH: root } });
  assert.is(status, 0, out);
  assert.match(report('diff.md'), '1 class of events newly allowed');
});

test('the GitLab job: what its script runs', () => {
  const template = JSON.parse(JSON.stringify(load(readFileSync(join(root, 'ci', 'policyc.gitlab-ci.yml'), 'utf8'))));
  const job = template['.policyc-review'];
  assert.is(job.artifacts.reports.junit, 'policyc-reports/tests.xml');
  const script: readonly string[] = job.script;
  const line = script.join('\n').replace('node /opt/policyc/dist/policyc.js', policyc).replaceAll('/opt/policyc', checkout);
  rmSync(join(repository, 'policyc-reports'), { recursive: true, force: true });
  const { status, out } = run(['sh', '-c', line], { env: { ...job.variables, POLICYC_PATHS: 'policies', POLICYC_BASE: 'main' } });
  assert.is(status, 0, out);
  assert.ok(existsSync(join(repository, 'policyc-reports', 'tests.xml')));
});

// --- the comment ----------------------------------------------------------------------------------------------------

type Comment = { readonly id: number; body: string };
const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
};

/** Keeps comments as the REST interfaces of GitHub and GitLab do, in pages. */
function startService(comments: Comment[]) {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    asked.push(`${request.method} ${url.pathname} ${request.headers.authorization ?? request.headers['private-token']}`);
    const answer = (status: number, value: unknown): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (url.pathname.includes('forbidden')) return answer(403, { message: 'Resource not accessible by integration' });
    if (request.method === 'GET') {
      const [page, size] = [Number(url.searchParams.get('page')), Number(url.searchParams.get('per_page'))];
      return answer(200, comments.slice((page - 1) * size, page * size));
    }
    const { body } = JSON.parse(await bodyOf(request));
    const known = comments.find(({ id }) => url.pathname.endsWith(`/${id}`));
    if (known) known.body = body;
    else comments.push({ id: 1000 + comments.length, body });
    return answer(known ? 200 : 201, {});
  });
  return new Promise<{ readonly url: string; readonly asked: readonly string[]; readonly end: () => void }>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      resolve({ url: `http://127.0.0.1:${port}`, asked, end: () => server.close() });
    });
  });
}

/** Not spawnSync: the service answers in this process. */
const comment = (file: string, env: Readonly<Record<string, string>>): Promise<Run> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'ci', 'comment.mjs'), file], {
      cwd: repository,
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.on('close', (status) => resolve({ status, out }));
  });

const mark = '<!-- policyc diff -->';

test('the comment: posted once, then written over, wherever it stands', async () => {
  const comments: Comment[] = Array.from({ length: 150 }, (_, id) => ({ id, body: `comment ${id}` }));
  const service = await startService(comments);
  const file = write('review.md', `${mark}\nfirst\n`);
  const github = { GITHUB_API_URL: service.url, GITHUB_REPOSITORY: 'a/b', GITHUB_TOKEN: 't', POLICYC_PULL_REQUEST: '7' };
  assert.equal(await comment(join(folder, file), github), { status: 0, out: 'the review is posted\n' });
  write('review.md', `${mark}\nsecond\n`);
  assert.is((await comment(join(folder, file), github)).status, 0);
  assert.equal(
    comments.filter(({ body }) => body.startsWith(mark)).map(({ body }) => body),
    [`${mark}\nsecond\n`],
  );
  assert.ok(
    service.asked.includes('GET /repos/a/b/issues/7/comments Bearer t') &&
      service.asked.includes('PATCH /repos/a/b/issues/comments/1150 Bearer t'),
  );
  const gitlab = { CI_API_V4_URL: `${service.url}/api/v4`, CI_PROJECT_ID: '3', CI_MERGE_REQUEST_IID: '9', POLICYC_GITLAB_TOKEN: 'g' };
  assert.is((await comment(join(folder, file), gitlab)).status, 0);
  assert.ok(service.asked.includes('PUT /api/v4/projects/3/merge_requests/9/notes/1150 g'));
  const forbidden = await comment(join(folder, file), { ...github, GITHUB_REPOSITORY: 'a/forbidden' });
  assert.equal([forbidden.status, /403 .*not accessible/.test(forbidden.out)], [1, true]);
  assert.match((await comment(join(folder, file), {})).out, 'GITHUB_REPOSITORY is not set');
  assert.match((await comment(join(folder, write('other.md', 'text')), github)).out, 'is no review');
  service.end();
});

// --- hooks ----------------------------------------------------------------------------------------------------------

test('pre-commit runs the hooks', () => {
  if (!isInstalled('pre-commit')) {
    console.log('SKIP pre-commit runs the hooks: pre-commit is not installed');
    return;
  }
  const hooks = join(folder, 'hooks');
  mkdirSync(hooks);
  copyFileSync(join(root, '.pre-commit-hooks.yaml'), join(hooks, '.pre-commit-hooks.yaml'));
  const inHooks = (...args: readonly string[]) => assert.is(run(['git', ...identity, ...args], { cwd: hooks }).status, 0);
  inHooks('init', '-q');
  inHooks('add', '-A');
  inHooks('commit', '-q', '-m', 'hooks');
  const bin = write('bin/policyc', `#!/bin/sh\nexec ${policyc} "$@"\n`);
  chmodSync(join(folder, bin), 0o755);
  const env = { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`, PRE_COMMIT_HOME: join(folder, 'pre-commit') };
  const hook = (id: string): Run => run(['pre-commit', 'try-repo', hooks, id, '--all-files'], { env });
  for (const id of ['policyc-fmt', 'policyc-check', 'policyc-test', 'policyc-diff']) {
    const { status, out } = hook(id);
    assert.is(status, 0, out);
    assert.match(out, 'Passed', id);
  }
  write('repository/policies/api.policy', policy(443).replace('{ app: "web" } at', '   world at'));
  for (const id of ['policyc-fmt', 'policyc-test', 'policyc-diff']) assert.is(hook(id).status, 1, id);
  git('checkout', '-q', '--', 'policies');
});

test.run();
