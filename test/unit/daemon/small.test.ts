// Small decisions of the daemon: which rules are still shown, what ss(8) says, labels on a command line.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { UsageError } from '../../../src/runtime/cli/common.ts';
import { labelsOf } from '../../../src/runtime/cli/exec.ts';
import { isOver, startOf } from '../../../src/runtime/daemon/dynamic.ts';
import { savedWorkloads } from '../../../src/runtime/daemon/saved.ts';
import { ShownRules } from '../../../src/runtime/daemon/shown-rules.ts';
import { parseSockets } from '../../../src/runtime/daemon/sockets.ts';

test('a removed rule is shown for a while; one that comes back for good', () => {
  const shown = new ShownRules<number>();
  const causesOf = (part: number) => [part];
  shown.change([16, 17, 18], causesOf, 0);
  shown.change([16], causesOf, 1000);
  const at = (now: number) => [16, 17, 18, 99].map((cause) => shown.isShown(cause, now));
  assert.equal(at(1000 + 14 * 60_000), [true, true, true, false]);
  shown.change([16, 17], causesOf, 2000);
  assert.equal(at(60 * 60_000), [true, true, false, false]);
});

test('a rule of two parts is shown until both are gone', () => {
  const shown = new ShownRules<readonly number[]>();
  const [a, b] = [[16], [16, 17]];
  shown.change([a, b], (part) => part, 0);
  shown.change([a], (part) => part, 0);
  assert.equal([shown.isShown(16, 60 * 60_000), shown.isShown(17, 60 * 60_000)], [true, false]);
  shown.change([], (part) => part, 0);
  assert.is(shown.isShown(16, 60 * 60_000), false);
});

test('sockets of ss, with their cgroups', () => {
  const text = [
    'tcp   LISTEN 0      511          0.0.0.0:80         0.0.0.0:*    ino:123 sk:1 cgroup:/web.slice <->',
    'udp   UNCONN 0      0         [::1]:323           [::]:*    ino:124 sk:2 cgroup:unreachable:1f <->',
    'tcp   ESTAB  0      0         127.0.0.1:1 127.0.0.1:2 timer:(keepalive,1sec,0) ino:125 sk:3 cgroup:/ <->',
    'nonsense',
  ].join('\n');
  assert.equal(
    [...parseSockets(text)],
    [
      ['123', { shown: 'tcp LISTEN 0.0.0.0:80 0.0.0.0:*', cgroup: '/web.slice' }],
      ['124', { shown: 'udp UNCONN [::1]:323 [::]:*', cgroup: 'unreachable:1f' }],
      ['125', { shown: 'tcp ESTAB 127.0.0.1:1 127.0.0.1:2', cgroup: '/' }],
    ],
  );
});

test('labels of a command line', () => {
  assert.equal(labelsOf(['app=web,env=prod', 'x=a=b', 'empty=']), { app: 'web', env: 'prod', x: 'a=b', empty: '' });
  for (const text of ['app', '=x'])
    assert.throws(
      () => labelsOf([text]),
      (error: unknown) => error instanceof UsageError,
    );
});

test('a workload of `policyd exec` is over when its command is gone and its cgroup is empty', () => {
  const ownerStart = startOf(process.pid) ?? '';
  const workload = { name: 'a', labels: {}, cgroup: '/nowhere', owner: process.pid, ownerStart };
  assert.is(isOver(workload), false);
  assert.is(isOver({ ...workload, ownerStart: '1' }), true, 'the number was taken over by another process');
  assert.equal(savedWorkloads([workload]), [workload]);
  assert.equal(savedWorkloads([{ name: 'a' }]), []);
  assert.equal(savedWorkloads(undefined), []);
});

test.run();
