// policyd with the real kernel: workloads of `policyd exec`, live changes of bundle and inventory, restarts and crashes,
// and that nothing stays behind. All traffic is between cgroups of this test, over loopback.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { attachType } from '../../src/runtime/ffi/constants.ts';
import { programAttach, programDetach } from '../../src/runtime/ffi/libbpf.ts';
import { cgroupMount, moveProcess, processesIn } from '../../src/runtime/kernel/cgroups.ts';
import { openFolder } from '../../src/runtime/kernel/descriptor.ts';
import { kernelTest, loadTemplates, privateCgroup, privatePins, programOf } from '../harness/kernel.ts';
import { endChildren, owned, policyd, program, type Running, until, type World, world } from '../harness/policyd.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Answers every request with 200. */
const serverCode = (port: number) =>
  `require('http').createServer((q, r) => r.end('hello')).listen(${port}, '127.0.0.1', () => console.log('up'))`;
/** Prints the status of an answer, or the name of the error. */
const getCode = (port: number, path = '/') =>
  `require('http').get({ host: '127.0.0.1', port: ${port}, path: '${path}', timeout: 1500 }, (r) => { console.log(r.statusCode); process.exit() })` +
  `.on('timeout', function () { console.log('timeout'); process.exit() }).on('error', (e) => console.log(e.code))`;

/** Command line of `policyd exec` for a workload whose label `app` is its name. */
const execLine = ({ state }: World, name: string, command: readonly string[]) => [
  'exec',
  ...['--name', name, '--labels', `app=${name}`],
  ...state,
  '--',
  ...command,
];
const node = (code: string) => [process.execPath, '-e', code];
const get = (here: World, name: string, port: number, path?: string): string =>
  policyd(execLine(here, name, node(getCode(port, path)))).out.trim();

const started = (command: string, parameters: readonly string[]) =>
  owned(spawn(command, parameters, { stdio: ['ignore', 'pipe', 'inherit'] }));

/** A workload that serves until the end of the test. */
async function serve(here: World, name: string, port: number): Promise<ChildProcess> {
  const child = started(process.execPath, [program, ...execLine(here, name, node(serverCode(port)))]);
  await once(child.stdout, 'data');
  return child;
}

/** Serves from a cgroup of the test's own, for inventories that name it. */
async function serveIn(cgroup: string, port: number): Promise<ChildProcess> {
  const script = ['-c', 'echo $$ > "$0/cgroup.procs"; exec "$@"', cgroup, ...node(serverCode(port))];
  const child = started('/bin/sh', script);
  await once(child.stdout, 'data');
  return child;
}

const shop = (port: number, more = '') => `
workload client = { app: "client" }
workload server = { app: "server" }
policy server-access for server {
  ingress {
    allow from client at tcp ${port} http { GET "/cart/{id}" }
    ${more}
  }
}
policy client-egress for client { egress { allow to server } }
`;
const line = (text: string, start: string): string => text.split('\n').find((each) => each.startsWith(start)) ?? '';
const ruleSeries = (text: string, rule: string): number =>
  Number(
    text
      .split('\n')
      .find((each) => each.startsWith('policyc_rule_verdicts_total') && each.includes(rule))
      ?.split(' ')
      .at(-1),
  );

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

kernelTest('a crash leaves enforcement on; the next start takes it over, counters and all', async () => {
  const [here, port, cgroup] = [world(), await freePort(), privateCgroup('server')];
  here.policy(shop(port));
  here.inventoryText(`workloads: [{ name: server, labels: { app: server }, cgroup: ${cgroup.path} }]\n`);
  await serveIn(cgroup.path, port);
  const first = await here.run();
  assert.is(get(here, 'client', port, '/cart/1'), '200');
  const before = ruleSeries(await first.metrics(), 'rule="allow from client');
  await first.end('SIGKILL');

  assert.is(await reach(port), 'timeout', 'this process is no client');
  const status = policyd(['status', ...here.places]);
  assert.is(status.status, 0);
  assert.match(status.out, /policyd does not run, but enforcement is on: revision \d+ governs 1 cgroup/);
  assert.match(policyd(['observe', ...here.state]).error, /no policyd runs/);

  const second = await here.run();
  const after = ruleSeries(await second.metrics(), 'rule="allow from client');
  assert.is(after, before, 'counted before the crash, attributed after it');
  assert.is(get(here, 'client', port, '/cart/1'), '200');
  assert.is(ruleSeries(await second.metrics(), 'rule="allow from client'), before + 2);
  assert.is(await second.end('SIGINT'), 0);
  assert.match(second.log(), /enforcement stays on/);
  assert.is(await reach(port), 'timeout');
  assert.match(policyd(['unload', ...here.places]).error, /unloaded: \d+ attachments/);
  assert.is(await reach(port), '200');
});

/** A request of this process, which is no workload. */
async function reach(port: number): Promise<string> {
  try {
    return String((await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1000) })).status);
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : String(error);
  }
}

kernelTest('the inventory is followed: workloads come, change and go; a wrong one is refused whole', async () => {
  const [here, port, cgroup] = [world(), await freePort(), privateCgroup('server')];
  here.policy(shop(port, `allow from host at tcp ${port}`));
  await serveIn(cgroup.path, port);
  const daemon = await here.run();
  assert.is(get(here, 'other', port), '200', 'nobody is governed yet');

  const entry = (app: string) => `workloads: [{ name: server, labels: { app: ${app} }, cgroup: ${cgroup.path} }]\n`;
  const change = async (text: string, reply: string) => {
    const before = daemon.log().length;
    here.inventoryText(text);
    await until(reply, () => daemon.log().slice(before).includes(reply));
  };
  await change(entry('server'), 'taken over');
  assert.is(get(here, 'other', port), 'timeout');
  assert.is(await reach(port), '200', 'the host is allowed');

  await change(`${entry('server')}wrong: 1\n`, 'refused, the old one stays in force');
  assert.is(get(here, 'other', port), 'timeout');
  const [refused] = here.status().refused;
  assert.is(refused?.what, 'inventory');
  assert.match(refused?.messages.join() ?? '', /inventory\.yaml:2: wrong: unknown key `wrong`/);
  await change('workloads: [{ name: gone, cgroup: /no/such/cgroup }]\n', 'cgroup `/no/such/cgroup` does not exist');

  await change(entry('unknown'), 'taken over');
  assert.equal(here.status().refused, []);
  assert.is(get(here, 'other', port), '200', 'another label, another policy');
  await change(entry('server'), 'taken over');
  assert.is(get(here, 'other', port), 'timeout');
  await change('workloads: []\n', 'taken over');
  assert.is(get(here, 'other', port), '200');
});

kernelTest('a cgroup that is made anew (a restarted service) is governed again', async () => {
  const [here, port, parent] = [world(), await freePort(), privateCgroup('slice')];
  const cgroup = join(parent.path, 'service');
  mkdirSync(cgroup);
  here.policy(shop(port));
  here.inventoryText(`workloads: [{ name: server, labels: { app: server }, cgroup: ${cgroup} }]\n`);
  await here.run();
  rmdirSync(cgroup);
  await until('the loss', () => here.status().workloads[0]?.attached === false);
  assert.ok(here.status().warnings.some((each) => each.includes('its cgroup is gone')));
  mkdirSync(cgroup);
  await until('its return', () => here.status().workloads[0]?.attached === true);
  await serveIn(cgroup, port);
  assert.is(get(here, 'other', port), 'timeout');
});

kernelTest('the bundle is followed: a new one is in force in one step, a damaged one is refused', async () => {
  const [here, port] = [world(), await freePort()];
  here.policy(shop(port));
  const daemon = await here.run();
  await serve(here, 'server', port);
  assert.is(get(here, 'client', port, '/admin'), '403');
  const build = here.status().bundle.build;

  here.policy(shop(port, `allow from client at tcp ${port} http { GET "/admin" }`));
  await until('the new bundle', () => here.status().bundle.build !== build);
  assert.is(get(here, 'client', port, '/admin'), '200');

  writeFileSync(join(here.bundle, 'program.json'), '{');
  const manifest = join(here.bundle, 'manifest.json');
  writeFileSync(manifest, readFileSync(manifest));
  await until('the refusal', () => daemon.log().includes('changed bundle refused, the old one stays in force'));
  assert.match(here.status().refused[0]?.messages.join() ?? '', /`program\.json` is damaged/);
  assert.is(get(here, 'client', port, '/admin'), '200');

  here.policy(shop(port));
  await until('the repaired bundle', () => here.status().bundle.build === build);
  assert.is(get(here, 'client', port, '/admin'), '403');
  assert.equal(here.status().refused, []);

  // A bundle without policies governs nobody.
  here.policy('workload a = { app: "a" }\n');
  await until('the empty bundle', () => here.status().bundle.rules === 0);
  assert.is(get(here, 'client', port, '/admin'), '200');
  assert.match(
    await daemon.metrics(),
    /hubble_policy_verdicts_total\{direction="ingress",match="l7\/http",action="dropped"\} 2\n/,
    'counters go on',
  );
});

kernelTest('two at once, a port in use, and a failed start leave what they found', async () => {
  const here = world();
  here.policy(shop(1));
  const daemon = await here.run();
  const again = (...more: readonly string[]) =>
    policyd(['run', '--bundle', here.bundle, '--inventory', here.inventory, '--metrics', '127.0.0.1:0', ...more]);
  assert.match(again(...here.places).error, new RegExp(`error: another policyd \\(process ${daemon.child.pid}\\) runs with state folder`));
  const other = world();
  assert.match(again(...other.state, '--pins', here.pins).error, /error: another policyd keeps its programs under/);
  assert.match(policyd(['unload', ...other.state, '--pins', here.pins]).error, /error: another policyd keeps its programs under/);
  assert.is(here.status().running, true);

  const address = /metrics at http:\/\/(\S+)\/metrics/.exec(daemon.log())?.[1] ?? '';
  const taken = again(...other.places, '--metrics', address);
  assert.equal(
    [taken.status, taken.error.split('\n')[0]],
    [1, `policyd: error: cannot serve metrics at ${address}: another program uses that port; choose one with --metrics`],
  );
  assert.not.ok(existsSync(other.pins));

  writeFileSync(other.inventory, 'workloads: [{ name: a, cgroup: /no/such }]\n');
  const missing = policyd(['run', '--bundle', here.bundle, '--inventory', other.inventory, '--metrics', '127.0.0.1:0', ...other.places]);
  assert.equal([missing.status, missing.error.includes('inventory.yaml:1: workload `a`: cgroup `/no/such` does not exist')], [1, true]);
  assert.not.ok(existsSync(other.pins), 'nothing is left of a start that failed');
  assert.is(await daemon.end(), 0);
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

kernelTest('an exclusive attachment above ours is named, and the change refused whole', async () => {
  const [here, parent, free] = [world(), privateCgroup('parent'), privateCgroup('free')];
  const holder = loadTemplates(['net/cgroup_skb'], privatePins());
  const attached = { program: programOf(holder, 'pol_cgroup_egress'), target: openFolder(parent.path), type: attachType.cgroupEgress };
  programAttach(attached);
  mkdirSync(join(parent.path, 'child'));
  here.policy(shop(1));
  here.inventoryText(`workloads: [{ name: free, cgroup: ${free.path} }]\n`);
  const daemon = await here.run();
  here.inventoryText(`workloads: [{ name: free, cgroup: ${free.path} }, { name: child, cgroup: ${parent.path}/child }]\n`);
  const message = /cannot attach `pol_cgroup_egress` to .*child: program \d+ \(`pol_cgroup_egre`\) is attached to .*parent exclusively/;
  await until('the refusal', () => message.test(daemon.log()));
  assert.equal(
    here.status().workloads.map(({ name, attached: governed }) => [name, governed]),
    [['free', true]],
  );
  await daemon.end();
  assert.match(policyd(['unload', ...here.places]).error, /unloaded/);
  const fresh = policyd(['run', '--bundle', here.bundle, '--inventory', here.inventory, '--metrics', '127.0.0.1:0', ...here.places]);
  assert.equal([fresh.status, message.test(fresh.error)], [1, true]);
  assert.not.ok(existsSync(here.pins));
  programDetach(attached);
  rmdirSync(join(parent.path, 'child'));
});

kernelTest('sockets that are older than their enforcement are listed', async () => {
  const [here, port, cgroup] = [world(), await freePort(), privateCgroup('old')];
  if (spawnSync('ss', ['--version']).status !== 0) return void console.log('SKIP sockets that are older: ss is not installed');
  here.policy(shop(port));
  here.inventoryText(`workloads: [{ name: server, labels: { app: server }, cgroup: ${cgroup.path} }]\n`);
  await here.run();
  const server = started(process.execPath, ['-e', serverCode(port)]);
  await once(server.stdout, 'data');
  assert.match(policyd(['status', ...here.places]).out, /^ {2}server {2}governed/m);
  moveProcess(cgroup.path, server.pid);
  const { out } = policyd(['status', ...here.places]);
  assert.match(
    out,
    new RegExp(`sockets older than their enforcement:\n  server: process ${server.pid} has tcp LISTEN 127\\.0\\.0\\.1:${port}`),
  );
  await serveIn(cgroup.path, await freePort());
  const sockets = JSON.parse(policyd(['status', '--json', ...here.places]).out).oldSockets;
  assert.equal(
    sockets.found.map(({ pid }: { readonly pid: number }) => pid),
    [server.pid],
    'sockets made inside are governed',
  );
  server.kill();
});

kernelTest('--unload-on-exit ends enforcement with the command', async () => {
  const [here, cgroup] = [world(), privateCgroup('server')];
  here.policy(shop(1));
  here.inventoryText(`workloads: [{ name: server, labels: { app: server }, cgroup: ${cgroup.path} }]\n`);
  const daemon: Running = await here.run('--unload-on-exit');
  assert.is(await daemon.end('SIGINT'), 0);
  assert.not.ok(existsSync(here.pins));
  assert.equal(processesIn(cgroup.path), []);
});

test.after(endChildren);
test.run();
