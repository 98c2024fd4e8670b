// `policyc export`: what it prints is read again as the same policy.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { policyc, write } from '../harness/policyc.ts';

write('shells.policy', 'policy shells for { app: "web" } { process { kill exec ["/bin/sh", under "/tmp"] } }\n');
write('users.policy', 'policy users for { app: "web" } { process { deny exec "/bin/su" user 0 } }\n');

test('documents on standard output, the same each time, that check takes', () => {
  const { status, out, error } = policyc(['export', 'shells.policy', '--to', 'tetragon']);
  assert.equal([status, error], [0, '']);
  assert.is(out.match(/^---$/gm)?.length, 1);
  assert.match(out, 'kind: TracingPolicy');
  assert.match(out, 'policyc/source: shells.policy:');
  assert.is(policyc(['export', 'shells.policy', '--to', 'tetragon']).out, out);
  write('shells.yaml', out);
  assert.is(policyc(['check', 'shells.yaml']).status, 0);
});

test('documents of Kubernetes for an agent', () => {
  write(
    'web.policy',
    'policy web for { app: "web" } in namespace "shop" { ingress { allow from { app: "a" } in cluster "east" at tcp 80 } }\n',
  );
  const agent = ['--agent', 'cluster-name=east', '--agent', 'allow-localhost=policy'];
  const { status, out, error } = policyc(['export', 'web.policy', '--to', 'kubernetes', ...agent]);
  assert.equal([status, error], [0, '']);
  assert.match(out, 'policyc/ingress.0: "web.policy:1 allow from');
  write('web.yaml', out);
  assert.match(policyc(['diff', 'web.policy', 'web.yaml', ...agent]).out, 'no verdict');
  assert.match(policyc(['export', 'web.policy', '--to', 'kubernetes']).error, 'allow-localhost=policy');
});

test('json', () => {
  const { ok, documents } = JSON.parse(policyc(['export', 'shells.policy', '--to', 'tetragon', '--format', 'json']).out);
  assert.equal([ok, documents.length, documents[0].metadata.name], [true, 1, 'shells']);
});

test('what cannot be said is an error at the rule, and nothing is written', () => {
  const { status, out, error } = policyc(['export', 'shells.policy', 'users.policy', '--to', 'tetragon']);
  assert.equal([status, out], [1, '']);
  assert.match(error, 'users.policy:1:45: error[export/unsupported]');
});

test('what cannot be said can be left out, and is said', () => {
  const { status, out, error } = policyc(['export', 'shells.policy', 'users.policy', '--to', 'tetragon', '--lossy', 'report']);
  assert.is(status, 0);
  assert.equal([out.match(/^---$/gm)?.length, out.includes('users')], [1, false]);
  assert.match(error, 'users.policy:1:45: warning[export/unsupported]');
});

test('a target has to be named', () => {
  assert.is(policyc(['export', 'shells.policy']).status, 2);
  assert.is(policyc(['export', 'shells.policy', '--to', 'falco']).status, 2);
});

test.run();
