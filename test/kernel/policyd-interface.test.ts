// policyd with a workload that has an interface of its own: a network namespace behind a veth pair.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Container, container, said } from '../harness/container.ts';
import { kernelTest } from '../harness/kernel.ts';
import { endChildren, policyd, type Running, until, type World, world } from '../harness/policyd.ts';
import { ruleSeries } from '../harness/policyd-traffic.ts';

const policy = `
workload box = { app: "box" }
policy box-access for box {
  ingress { allow from host at icmp echo-request }
  egress { allow to host at tcp 4001 }
}
`;
const entry = (box: Container, line = `interface: ${box.place.name}`): string =>
  `workloads: [{ name: box, labels: { app: box }, addresses: [${box.own.v4}], ${line} }]\n`;
const answers = (box: Container): boolean => / 0% packet loss/.test(said(['ping', '-c1', '-W2', box.own.v4]));
const hasPing = (): boolean => said(['sh', '-c', 'command -v ping']) !== '';

async function change(here: World, daemon: Running, text: string): Promise<void> {
  const before = daemon.log().length;
  here.inventoryText(text);
  await until('taken over', () => daemon.log().slice(before).includes('taken over'));
}

kernelTest('a rule about ICMP holds for a workload with an interface, and is refused for one without', async () => {
  if (!hasPing()) return console.log('SKIP a rule about ICMP: there is no ping');
  const [here, box] = [world(), container()];
  here.policy(policy);
  here.inventoryText(entry(box));
  const daemon = await here.run();
  assert.ok(answers(box));
  assert.ok(ruleSeries(await daemon.metrics(), 'rule="allow from host at icmp echo-request"') >= 1);
  assert.not.ok(/ 0% packet loss/.test(said(box.inside('ping', '-c1', '-W1', box.host.v4))), 'nothing lets it ask');
  const [workload] = here.status().workloads;
  assert.is(workload?.interface, box.place.name);
  assert.is(workload?.attached, true);
  assert.equal(
    here.status().warnings.filter((text) => text.includes('ICMP')),
    [],
  );

  const before = daemon.log().length;
  here.inventoryText(entry(box, 'cgroup: /no-such-cgroup'));
  await until('refused', () => daemon.log().slice(before).includes('refused'));
  assert.ok(answers(box), 'what was in force still is');
  await change(here, daemon, '');
  assert.ok(/ 0% packet loss/.test(said(box.inside('ping', '-c1', '-W2', box.host.v4))), 'governed by nobody');
  await daemon.end();
});

kernelTest('without an interface the same rule is refused by name', () => {
  const here = world();
  here.policy(policy);
  here.inventoryText('workloads: [{ name: box, labels: { app: box }, interface: no-such-if }]\n');
  const run = ['run', '--bundle', here.bundle, '--inventory', here.inventory, '--metrics', '127.0.0.1:0', ...here.places];
  assert.match(policyd(run).error, /workload `box`: interface `no-such-if` does not exist/);
  here.inventoryText('workloads: [{ name: box, labels: { app: box }, interface: lo }]\n');
  assert.match(policyd(run).error, /interface `lo` is loopback/);
});

kernelTest('enforcement at an interface goes on without policyd, and follows one that is made anew', async () => {
  if (!hasPing()) return console.log('SKIP enforcement at an interface: there is no ping');
  const [here, box] = [world(), container()];
  here.policy(policy.replace('allow from host at icmp echo-request', 'allow from host at tcp 4001'));
  here.inventoryText(entry(box));
  const daemon = await here.run();
  assert.not.ok(answers(box));
  await daemon.end('SIGKILL');
  assert.not.ok(answers(box));
  assert.match(policyd(['status', ...here.places]).out, /enforcement is on: revision \d+ governs 1 interface/);
  const second = await here.run();
  box.remake();
  await until('governed again', () => !answers(box), 8000);
  await second.end();
  assert.match(policyd(['unload', ...here.places]).error, /unloaded/);
  assert.ok(answers(box));
});

test.after(endChildren);
test.run();
