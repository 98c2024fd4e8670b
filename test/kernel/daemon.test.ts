// policyd with the real kernel: live changes of bundle and inventory, restarts and crashes, two at once, and that a start
// that fails leaves nothing behind.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { attachType } from '../../src/runtime/ffi/constants.ts';
import { programAttach, programDetach } from '../../src/runtime/ffi/libbpf.ts';
import { moveProcess, processesIn } from '../../src/runtime/kernel/cgroups.ts';
import { openFolder } from '../../src/runtime/kernel/descriptor.ts';
import { kernelTest, loadTemplates, privateCgroup, privatePins, programOf } from '../harness/kernel.ts';
import { endChildren, policyd, type Running, until, world } from '../harness/policyd.ts';
import { freePort, get, reach, ruleSeries, serve, serveIn, serverCode, shop, started } from '../harness/policyd-traffic.ts';

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

  const manifest = join(here.bundle, 'manifest.json');
  writeFileSync(manifest, readFileSync(manifest).subarray(0, 100));
  await until('the refusal', () => daemon.log().includes('changed bundle refused, the old one stays in force'));
  assert.match(here.status().refused[0]?.messages.join() ?? '', /`manifest\.json` is damaged/);
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
  const requests = await daemon.metrics();
  assert.match(requests, /hubble_http_requests_total\{method="GET",protocol="HTTP\/1\.1",status="403",reporter="server"\} 2\n/);
  assert.match(requests, /hubble_http_requests_total\{method="GET",protocol="HTTP\/1\.1",status="200",reporter="server"\} 2\n/);
  assert.match(requests, /hubble_http_request_duration_seconds_count\{method="GET",reporter="server"\} 2\n/);
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
