// policyd with workloads whose traffic this machine forwards, and that it has nothing of but an interface that it goes through: a network
// namespace behind one veth pair, the world behind another.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Container, container, said } from '../harness/container.ts';
import { atEnd, kernelTest } from '../harness/kernel.ts';
import { patience } from '../harness/patience.ts';
import { endChildren, policyd, type Running, until, type World, world } from '../harness/policyd.ts';
import { ruleSeries } from '../harness/policyd-traffic.ts';

const [openPort, shutPort] = [4001, 4002];
const policyOf = (outside: Container): string => `
workload box = { app: "box" }
policy box-access for box {
  ingress { allow from ${outside.own.v4}/32 at [tcp ${openPort}, icmp echo-request] }
  egress { allow to ${outside.own.v4}/32 at tcp ${openPort} }
}
`;
const wait = 700 * patience;
const node = (code: string): readonly [string, ...string[]] => [process.execPath, '-e', code];

async function serve(inside: Container, port: number): Promise<void> {
  const code = `require('net').createServer(s=>s.on('error',()=>{}).end()).listen(${port},'${inside.own.v4}',()=>console.log('up'))`;
  const [command, ...words] = inside.inside(...node(code));
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  child.stdout.destroy();
  child.unref();
}

/** `ok`, an error, or `timeout`. */
const dial = (from: Container, to: Container, port: number): string =>
  said(
    from.inside(
      ...node(
        `const s=require('net').connect({host:'${to.own.v4}',port:${port}});s.setTimeout(${wait});` +
          `s.on('connect',()=>{console.log('ok');process.exit()}).on('timeout',()=>{console.log('timeout');process.exit()}).on('error',e=>console.log(e.code==='ETIMEDOUT'?'timeout':e.code))`,
      ),
    ),
  );

type Scene = { readonly here: World; readonly box: Container; readonly outside: Container; readonly uplink: string };

/** Forwards between the two interfaces that it makes, and no others. */
async function scene(): Promise<Scene> {
  const [here, box, outside] = [world(), container(), container()];
  for (const { place } of [box, outside]) writeFileSync(`/proc/sys/net/ipv4/conf/${place.name}/forwarding`, '1');
  for (const inside of [box, outside]) for (const port of [openPort, shutPort]) await serve(inside, port);
  assert.is(dial(box, outside, shutPort), 'ok', 'without a policy');
  here.policy(policyOf(outside));
  return { here, box, outside, uplink: outside.place.name };
}

const entry = (box: Container, line: string): string =>
  `workloads: [{ name: box, labels: { app: box }, addresses: [${box.own.v4}], ${line} }]\n`;

async function change(here: World, daemon: Running, text: string): Promise<void> {
  const before = daemon.log().length;
  here.inventoryText(text);
  await until('taken over', () => daemon.log().slice(before).includes('taken over'));
}

/** Folders of links of the interface. */
const linksOf = ({ here, outside }: Scene): readonly string[] => {
  const folder = join(here.pins, 'links');
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(String(outside.place.index))) : [];
};

kernelTest('forwarded traffic is decided at an uplink, both ways, and with policyd gone', async () => {
  const it = await scene();
  const { here, box, outside, uplink } = it;
  here.inventoryText(entry(box, `uplink: ${uplink}`));
  const daemon = await here.run();
  const decided = (when: string): void => {
    assert.is(dial(box, outside, openPort), 'ok', when);
    assert.is(dial(box, outside, shutPort), 'timeout', when);
    assert.is(dial(outside, box, openPort), 'ok', when);
    assert.is(dial(outside, box, shutPort), 'timeout', when);
  };
  decided('at first');
  assert.ok(ruleSeries(await daemon.metrics(), 'direction="egress"') >= 1);
  const [workload] = here.status().workloads;
  assert.equal([workload?.interface, workload?.attached], [uplink, true]);
  assert.not.ok(said(['ping', '-c1', '-W1', outside.own.v4]).includes('100% packet loss'), 'the host itself is not asked about');
  await daemon.end('SIGKILL');
  decided('without policyd');
  const again = await here.run();
  decided('taken over');

  // The same interface, now of who is at its other end.
  assert.equal(linksOf(it), [`up${outside.place.index}`]);
  await change(
    here,
    again,
    `workloads: [{ name: outside, labels: { app: outside }, addresses: [${outside.own.v4}], interface: ${uplink} }]\n`,
  );
  assert.equal(linksOf(it), [`if${outside.place.index}`]);
  assert.is(dial(box, outside, shutPort), 'ok', 'no policy governs who is outside');
  await change(here, again, entry(box, `uplink: ${uplink}`));
  assert.equal(linksOf(it), [`up${outside.place.index}`]);
  decided('an uplink again');
  await again.end();
  policyd(['unload', ...here.places]);
  assert.is(dial(box, outside, shutPort), 'ok', 'unloaded');
});

kernelTest('what an uplink cannot be is refused by name', () => {
  const [here, box] = [world(), container()];
  here.policy(policyOf(box));
  const refused = (text: string): string => {
    here.inventoryText(text);
    return policyd(['run', '--bundle', here.bundle, '--inventory', here.inventory, '--metrics', '127.0.0.1:0', ...here.places]).error;
  };
  const { name } = box.place;
  assert.match(refused(`workloads: [{ name: a, uplink: ${name} }]\n`), /workload `a` has `uplink` but no `addresses`/);
  assert.match(
    refused(`workloads: [{ name: a, addresses: [10.0.0.1], uplink: ${name}, interface: ${name} }]\n`),
    /workload `a` has `interface` and `uplink`: it is governed in one place/,
  );
  assert.match(
    refused(`workloads: [{ name: a, addresses: [10.0.0.1], uplink: ${name} }, { name: b, addresses: [10.0.0.2], interface: ${name} }]\n`),
    /workload `b`: interface `?\S+ is also the uplink of others: it cannot be both/,
  );
});

test.after(endChildren);
test.run();
