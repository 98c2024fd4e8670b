// policyd with policies for the host itself, on the root of all cgroups: in a machine that was booted for it, never elsewhere.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { container, said } from '../harness/container.ts';
import { guestTest } from '../harness/guest.ts';
import { endChildren, policyd, until, type World, world } from '../harness/policyd.ts';
import { started } from '../harness/policyd-traffic.ts';

const [open, closed] = [8080, 8081];
const machine = (rules: string): string => `policy machine for host { ${rules} }`;
const onlyOpen = machine(`ingress { allow from world at tcp ${open} } egress { allow to world at tcp 9 }`);
const alsoClosed = machine(`ingress { allow from world at tcp [${open}, ${closed}] } egress { allow to world at tcp 9 }`);

let peer: ReturnType<typeof container> | undefined;
/** Another machine, as this one sees it. */
const other = (): ReturnType<typeof container> => (peer ??= container());

const code = (address: string, port: number): string =>
  `const s = require('net').connect(${port}, '${address}', () => { console.log('ok'); process.exit() });` +
  "s.on('error', (e) => { console.log(e.code); process.exit() }); setTimeout(() => { console.log('timeout'); process.exit() }, 3000);";
/** What a connect of the other machine to this one comes to. */
const comes = (port: number): string => said(other().inside(process.execPath, '-e', code(other().host.v4, port)), 60);
/** And one of this machine to the other. */
const goes = (port: number): string => said([process.execPath, '-e', code(other().own.v4, port)], 60);

const serve = (port: number, inside: readonly string[] = []): void => {
  const [command = '', ...rest] = [
    ...inside,
    process.execPath,
    '-e',
    `require('net').createServer((s) => s.on('error', () => {}).end('hello')).listen(${port}, '0.0.0.0')`,
  ];
  started(command, rest);
};

let serving = false;
async function ready(): Promise<World> {
  const here = world();
  here.inventoryText('workloads: []\n');
  if (!serving) {
    serving = true;
    for (const port of [open, closed]) serve(port);
    serve(22, other().inside());
    await until('servers', () => comes(open) === 'ok' && comes(closed) === 'ok' && goes(22) === 'ok', 60_000);
  }
  return here;
}
const places = (here: World): readonly string[] => ['--confirmations', join(here.folder, 'confirmed')];

guestTest('a policy for the host that nobody asked to try is refused', async () => {
  const here = await ready();
  here.policy(onlyOpen);
  const { status, error } = policyd([
    'run',
    '--bundle',
    here.bundle,
    '--inventory',
    here.inventory,
    '--metrics',
    '127.0.0.1:0',
    ...here.places,
    ...places(here),
  ]);
  assert.is(status, 1);
  assert.match(error, /the bundle governs the host itself, by policies that nobody has confirmed on this machine/);
  assert.match(error, /policyd run --confirm 60s/);
  assert.is(comes(closed), 'ok');
  assert.not(existsSync(here.pins), 'nothing is left');
});

guestTest('unconfirmed, it goes back by itself to nothing', async () => {
  const here = await ready();
  here.policy(onlyOpen);
  const daemon = await here.run('--confirm', '50s', ...places(here));
  assert.match(daemon.log(), /hold until .*`policyd confirm` keeps them/);
  assert.is(comes(open), 'ok');
  assert.is(comes(closed), 'timeout');
  assert.is(goes(22), 'EPERM');
  const text = policyd(['status', ...here.places]).out;
  assert.match(
    text,
    /host: +WAITS FOR `policyd confirm`: goes back in \d+ seconds?, at .*policies machine; exempt: .*loopback of the host with itself/,
  );
  await until('the end', () => daemon.child.exitCode !== null, 60_000);
  assert.is(daemon.child.exitCode, 1);
  assert.match(daemon.log(), /not confirmed in time: going back[\s\S]*nothing is left in the kernel/);
  assert.is(comes(closed), 'ok');
  assert.not(existsSync(here.pins));
});

guestTest('confirmed, it stays; another one goes back to it; the same one needs no word again', async () => {
  const here = await ready();
  here.policy(onlyOpen);
  const daemon = await here.run('--confirm', '60', ...places(here));
  const confirmed = policyd(['confirm', ...here.state]);
  assert.is(confirmed.status, 0, confirmed.error);
  assert.match(policyd(['confirm', ...here.state]).error, /nothing waits for a confirmation/);
  assert.match(policyd(['status', ...here.places]).out, /host: +governed; policies machine/);

  here.policy(alsoClosed);
  await until('the other policy', () => daemon.log().split('hold until').length === 3, 20_000);
  assert.is(comes(closed), 'ok');
  await until('going back', () => daemon.log().includes('what was in force before is in force again'), 60_000);
  assert.is(comes(closed), 'timeout');
  assert.is(comes(open), 'ok');
  assert.match(
    here
      .status()
      .refused.map(({ messages }) => messages.join())
      .join(),
    /not confirmed in time/,
  );
  assert.is(await daemon.end(), 0);
  assert.is(comes(closed), 'timeout', 'enforcement stays on');

  here.policy(onlyOpen);
  const again = await here.run(...places(here));
  assert.not.match(again.log(), /hold until/);
  assert.is(comes(closed), 'timeout');
  rmSync(here.bundle, { recursive: true });
  assert.is(policyd(['unload', ...here.places]).status, 0, 'without a bundle');
  assert.is(comes(closed), 'ok');
});

guestTest('ended by a signal while it waits, it goes back', async () => {
  const here = await ready();
  here.policy(onlyOpen);
  const daemon = await here.run('--confirm', '60s', ...places(here));
  assert.is(comes(closed), 'timeout');
  assert.is(await daemon.end('SIGINT'), 1);
  assert.is(comes(closed), 'ok');
  assert.not(existsSync(here.pins));
});

guestTest('killed while it waits, the kernel ends it by itself', async () => {
  const here = await ready();
  here.policy(onlyOpen);
  const daemon = await here.run('--confirm', '60s', ...places(here));
  assert.is(comes(closed), 'timeout');
  await daemon.end('SIGKILL');
  assert.match(policyd(['status', ...here.places]).out, /the host itself is governed for \d+ seconds? more: nobody has confirmed it/);
  await until('the end', () => comes(closed) === 'ok', 60_000);
  assert.match(policyd(['status', ...here.places]).out, /not governed any more: nobody confirmed its policies in time/);
  assert.is(policyd(['unload', ...here.places]).status, 0);
});

guestTest('killed while another one waits, what was confirmed holds again, and the next policyd goes on from there', async () => {
  const here = await ready();
  here.policy(onlyOpen);
  const daemon = await here.run('--confirm', '30', ...places(here));
  assert.is(policyd(['confirm', ...here.state]).status, 0);
  here.policy(alsoClosed);
  await until('the other policy', () => daemon.log().split('hold until').length === 3, 20_000);
  assert.is(comes(closed), 'ok');
  await daemon.end('SIGKILL');
  await until('the end', () => comes(closed) === 'timeout', 60_000);
  assert.is(comes(open), 'ok');
  assert.is(goes(22), 'EPERM');
  assert.match(policyd(['status', ...here.places]).out, /the host is governed as before: nobody confirmed its new policies in time/);

  here.policy(onlyOpen);
  const again = await here.run(...places(here));
  assert.not.match(again.log(), /hold until/);
  assert.match(policyd(['status', ...here.places]).out, /host: +governed; policies machine/);
  assert.is(comes(closed), 'timeout');
  assert.is(policyd(['unload', ...here.places]).status, 0);
  assert.is(comes(closed), 'ok');
});

guestTest('ICMP to the host is refused by name where nothing sees it', async () => {
  const here = await ready();
  here.policy(machine('ingress { allow from world at icmp echo-request }'));
  const { error } = policyd([
    'run',
    '--confirm',
    '9s',
    '--bundle',
    here.bundle,
    '--inventory',
    here.inventory,
    '--metrics',
    '127.0.0.1:0',
    ...here.places,
    ...places(here),
  ]);
  assert.match(error, /`host` has no interface of its own/, error);
});

test.after(endChildren);
test.run();
