// `policyd exec` with the real kernel: workloads that talk, what it promises its callers, programs that policy kills, and
// that nothing stays behind.
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cgroupMount } from '../../src/runtime/kernel/cgroups.ts';
import { kernelTest } from '../harness/kernel.ts';
import { endChildren, policyd, program, until, type World, world } from '../harness/policyd.ts';
import { execLine, freePort, get, ruleSeries, serve, shop, started } from '../harness/policyd-traffic.ts';

const line = (text: string, start: string): string => text.split('\n').find((each) => each.startsWith(start)) ?? '';

/** `observe` so far, one line a verdict without its time. */
const observed = (here: World, ...more: readonly string[]): readonly string[] =>
  policyd(['observe', ...here.state, ...more])
    .out.split('\n')
    .filter(Boolean)
    .map((each) => each.replace(/^\S+ /, ''));

kernelTest('two workloads of `policyd exec`: verdicts, observe, metrics, status, and nothing left after unload', async () => {
  const [here, port] = [world(), await freePort()];
  here.policy(shop(port));
  const daemon = await here.run();
  await serve(here, 'server', port);

  assert.is(get(here, 'client', port, '/cart/42'), '200');
  assert.is(get(here, 'client', port, '/admin'), '403');
  assert.is(get(here, 'client', await freePort()), 'EPERM', 'a forbidden connect fails at once');
  assert.is(get(here, 'other', port), 'timeout', 'default deny of the server');

  const lines = observed(here);
  const expect = (pattern: RegExp) =>
    assert.ok(
      lines.some((each) => pattern.test(each)),
      `${pattern} in\n${lines.join('\n')}`,
    );
  expect(/^FORWARDED {2}egress {2}TCP client \(127.*\) -> server \(127.*\) {2}by client-egress test\.policy:\d+ `allow to server`$/);
  expect(/^REDIRECTED ingress TCP client .* -> server .* {2}by server-access test\.policy:6 /);
  expect(/^FORWARDED {2}ingress HTTP client .* -> server .* GET \/cart\/42 {2}by server-access test\.policy:6/);
  expect(/^DROPPED {4}ingress HTTP client .* GET \/admin {2}by default deny of server-access test\.policy:4$/);
  expect(/^DROPPED {4}egress {2}TCP client -> host .* {2}by default deny of client-egress/);
  assert.ok(observed(here, '--verdict', 'dropped').every((each) => each.startsWith('DROPPED')));
  const records = policyd(['observe', '--json', '--last', '1', ...here.state]).out.trim();
  assert.is(JSON.parse(records).flow.traffic_direction, 'INGRESS');

  const metrics = await daemon.metrics();
  assert.is(
    line(metrics, 'hubble_policy_verdicts_total{direction="ingress",match="l7/http",action="dropped"}'),
    'hubble_policy_verdicts_total{direction="ingress",match="l7/http",action="dropped"} 1',
  );
  assert.is(ruleSeries(metrics, 'rule="allow from client'), 3, 'two connections and a request');
  const { workloads, warnings, running } = here.status();
  assert.equal(
    [running, workloads.map(({ name, attached, policies }) => [name, attached, policies])],
    [true, [['server', true, ['server-access']]]],
  );
  assert.ok(warnings.some((each) => each.includes('incoming ICMP is not governed for `server`')));

  const unloaded = policyd(['unload', ...here.places]);
  assert.is(unloaded.status, 0, unloaded.error);
  assert.not.ok(existsSync(here.pins));
  await until('the end of the daemon', () => daemon.child.exitCode !== null);
  assert.match(daemon.log(), /enforcement is off, nothing is left in the kernel/);
  assert.match(policyd(['unload', ...here.places]).error, /nothing was loaded/);
});

/** Letter of a process's state; Z: ended, but nobody has asked yet. */
const stateOf = (pid: string): string =>
  existsSync(`/proc/${pid}`) ? (/\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '') : 'gone';

kernelTest('what `policyd exec` promises: status, signals, stragglers, and its cgroup is gone', async () => {
  const here = world();
  here.policy(shop(1));
  await here.run();
  const run = (command: readonly string[]) => policyd(execLine(here, 'job', command));
  assert.is(run(['sh', '-c', 'exit 7']).status, 7);
  assert.is(run(['sh', '-c', 'kill -TERM $$']).status, 128 + 15);
  assert.is(run(['/no/such/program']).status, 127);
  assert.match(run(['cat', '/proc/self/cgroup']).out, /^0::\/policyd\/job-\d+$/m);

  const left = run(['sh', '-c', `sleep 1000 > /dev/null 2>&1 & echo $!`]);
  assert.not.match(stateOf(left.out.trim()), /^[RSD]$/, 'what the command left is ended with it');

  const trap = 'trap "echo got; exit 3" TERM; echo up; while :; do sleep 0.05; done';
  const child = started(process.execPath, [program, ...execLine(here, 'job', ['sh', '-c', trap])]);
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  await until('up', () => out.includes('up'));
  const twice = run(['true']);
  assert.equal([twice.status, twice.error], [1, 'policyd: error: policyd exec: workload `job` is already at policyd exec\n']);
  child.kill('SIGTERM');
  const [status] = await once(child, 'exit');
  assert.equal([status, out.includes('got')], [3, true]);
  assert.equal(here.status().workloads, []);
  const folder = join(cgroupMount() ?? '', 'policyd');
  assert.equal(existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('job-')) : [], []);
});

kernelTest('a killed `policyd exec` leaves its command governed, and is swept when that has ended', async () => {
  const here = world();
  here.policy(shop(1));
  const daemon = await here.run();
  const child = started(process.execPath, [program, ...execLine(here, 'job', ['sh', '-c', 'echo $$; exec sleep 1000'])]);
  const [pid] = await once(child.stdout.setEncoding('utf8'), 'data');
  child.kill('SIGKILL');
  await sleep(1300);
  const [job] = here.status().workloads;
  assert.is(job?.attached, true);
  // A restarted daemon still has it.
  assert.is(await daemon.end(), 0);
  await here.run();
  assert.is(here.status().workloads[0]?.name, 'job');
  process.kill(Number(pid), 'SIGKILL');
  await until('the sweep', () => here.status().workloads.length === 0);
  assert.not.ok(existsSync(job?.cgroup ?? ''));
});

kernelTest('programs: what policy forbids is killed before it begins, and `policyd exec` says who did it', async () => {
  const here = world();
  here.policy(`workload job = { app: "job" }
policy few for job {
  process {
    default deny exec
    allow exec under "/usr/bin"
    deny exec "/usr/bin/id"
  }
}
`);
  const daemon = await here.run();
  const run = (command: readonly string[]) => policyd(execLine(here, 'job', command));
  assert.equal([run(['/usr/bin/true']).status, run(['/usr/bin/false']).status], [0, 1]);
  const killed = run(['/usr/bin/id']);
  assert.equal(
    [killed.status, killed.out, killed.error],
    [137, '', 'policyd: /usr/bin/id was killed before it began, by few test.policy:6 `deny exec "/usr/bin/id"`\n'],
  );
  const tool = join(here.folder, 'tool');
  copyFileSync('/usr/bin/true', tool);
  assert.match(run([tool]).error, /was killed before it began, by default deny of few test\.policy:2/);
  const metrics = await daemon.metrics();
  assert.is(ruleSeries(metrics, 'direction="process"') >= 0, true);
  assert.match(
    metrics,
    /policyc_rule_verdicts_total\{policy="few",rule="deny exec .*",file="test\.policy",line="6",action="deny",direction="process"\} 1\n/,
  );
  assert.not.match(metrics, /hubble_policy_verdicts_total\{/);
  const [last] = policyd(['observe', '--json', '--last', '1', ...here.state]).out.split('\n');
  assert.equal(JSON.parse(last ?? '').process.verdict, 'DROPPED');
});

test.after(endChildren);
test.run();
