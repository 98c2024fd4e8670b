// Services of a real systemd: governed from their first packet, at every start, and not started where nobody governs them.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kernelTest } from '../harness/kernel.ts';
import { endChildren, policyd, type Run, until, type World, world } from '../harness/policyd.ts';
import { closingListener } from '../harness/policyd-traffic.ts';
import { noSystemd, type SystemdMachine, systemdMachine } from '../harness/systemd.ts';

const systemdTest = (name: string, body: () => Promise<void>): void =>
  kernelTest(name, async () => (noSystemd === undefined ? body() : console.log(`SKIP ${name}: ${noSystemd}`)));

const service = (script: string, more = ''): string =>
  `[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/bash "${script}"\n${more}`;

/** A listener of nobody's, and a unit whose first deed is to connect there and to note what came of it. */
async function probing(here: World, machine: SystemdMachine, more = '') {
  const port = await closingListener();
  const [script, outcome] = [join(here.folder, 'probe.sh'), join(here.folder, 'outcome')];
  writeFileSync(script, `if exec 3<>/dev/tcp/127.0.0.1/${port}; then echo connected; else echo refused; fi > "${outcome}" 2> /dev/null\n`);
  machine.units({ 'probe.service': service(script, more) });
  const start = (): string => {
    rmSync(outcome, { force: true });
    const { status } = machine.systemctl('restart', 'probe.service');
    return existsSync(outcome) ? readFileSync(outcome, 'utf8').trim() : status === 0 ? 'nothing' : 'not started';
  };
  return start;
}

const inside = (machine: SystemdMachine, ...parameters: readonly string[]): Run => policyd(['systemd', ...parameters], machine.inside());

systemdTest('a service is governed from its first packet, at every start; without policyd it does not start', async () => {
  const [here, machine] = [world(), await systemdMachine()];
  const start = await probing(here, machine);
  here.policy('workload probe = { app: "probe" }\nworkload other = { app: "other" }\npolicy p for probe { egress { allow to other } }\n');
  here.inventoryText('workloads: [{ name: probe, labels: { app: probe }, unit: probe.service }]\n');
  assert.is(start(), 'connected', 'nothing governs it yet');
  machine.systemctl('stop', 'probe.service');

  const daemon = await here.run();
  const [stopped] = here.status().workloads;
  assert.equal([stopped?.unit, stopped?.cgroup, stopped?.attached], ['probe.service', undefined, undefined]);
  assert.match(policyd(['status', ...here.places]).out, /probe {2}not running, probe\.service/);
  assert.ok(here.status().warnings.some((each) => each.startsWith('unit `probe.service` may start before it is governed')));
  const files = ['--inventory', here.inventory];
  assert.match(inside(machine, 'status', ...files).out, /probe\.service {2}MAY START BEFORE IT IS GOVERNED\n.*nothing holds its start/);
  assert.equal(
    inside(machine, 'install', ...files, ...here.state, '--wait', '1s').error,
    'policyd: the start of 1 service waits for policyd\n',
  );
  assert.equal(inside(machine, 'status', ...files).out, 'probe.service  starts when it is governed\n');

  for (let round = 0; round < 3; round++) {
    assert.is(start(), 'refused', `start ${round}`);
    machine.systemctl('stop', 'probe.service');
  }
  await until('three starts', () => daemon.log().split('unit `probe.service` starts and is governed').length === 4);

  await daemon.end('SIGKILL');
  assert.is(start(), 'not started', 'nobody would govern it');
  assert.is(machine.systemctl('is-failed', 'probe.service').out.trim(), 'failed');
  await here.run();
  assert.is(start(), 'refused');
  await until('its end', () => here.status().workloads[0]?.attached === undefined);

  here.inventoryText('workloads: []\n');
  await until('the change', () => here.status().workloads.length === 0);
  assert.is(start(), 'not started', 'no workload is this unit');
  assert.match(inside(machine, 'remove').error, /services start without policyd again: probe\.service/);
  assert.is(start(), 'connected');
  assert.match(inside(machine, 'remove').error, /no drop-in of policyd in/);
});

systemdTest('a service with a condition of its own is refused, what sockets hand to it is told', async () => {
  const [here, machine] = [world(), await systemdMachine()];
  const script = join(here.folder, 'true.sh');
  writeFileSync(script, 'true\n');
  machine.units({
    'early.service': service(script, 'ExecCondition=/bin/true\n'),
    'served.service': service(script),
    'served.socket': '[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=/run/served\n',
  });
  const unit = (name: string) => `{ name: ${name}, unit: ${name}.service }`;
  here.inventoryText(`workloads: [${['early', 'served', 'missing'].map(unit).join(', ')}]\n`);
  const installed = inside(machine, 'install', '--inventory', here.inventory, ...here.state);
  assert.is(installed.status, 1);
  assert.match(
    installed.error,
    /error: unit `early\.service`: a condition of its own runs before it is governed: make it an ExecStartPre=/,
  );
  assert.match(installed.error, /warning: unit `served\.service`: what `served\.socket` listens on was made by systemd in its own cgroup/);
  assert.match(installed.error, /warning: unit `missing\.service`: systemd does not know it/);

  here.inventoryText(`workloads: [${unit('served')}]\n`);
  const again = inside(machine, 'install', '--inventory', here.inventory, ...here.state);
  assert.is(again.status, 0);
  assert.match(again.error, /the start of 1 service waits for policyd; no more that of early\.service, missing\.service/);
});

test.after(endChildren);
test.run();
