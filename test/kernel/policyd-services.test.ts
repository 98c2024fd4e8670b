// Services from policy text and inventory, through policyd: reached by name of an address that nobody has, decided as the
// backend, and gone when nobody is ready.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kernelTest, privateCgroup } from '../harness/kernel.ts';
import { endChildren, policyd, until, type World, world } from '../harness/policyd.ts';
import { execLine, freePort, node, serveIn, shop } from '../harness/policyd-traffic.ts';

const service = (port: number): string => `
service front for server at 10.96.0.10 {
  tcp 80 to ${port}
}
`;
const call = (path: string): string =>
  `require('http').get({ host: '10.96.0.10', port: 80, path: '${path}' }, (r) => { console.log(r.statusCode, r.socket.remoteAddress, r.socket.remotePort); process.exit() })` +
  `.on('error', (e) => console.log(e.code))`;
const reached = (here: World, path: string): string => policyd(execLine(here, 'client', node(call(path)))).out.trim();

kernelTest('a service of the policy, its backends of the inventory', async () => {
  const [here, port, cgroup] = [world(), await freePort(), privateCgroup('server')];
  const inventory = (more: string): string => `workloads: [{ name: server, labels: { app: server }, cgroup: ${cgroup.path}${more} }]\n`;
  here.policy(shop(port) + service(port));
  here.inventoryText(inventory(''));
  await serveIn(cgroup.path, port);
  const daemon = await here.run();
  assert.is(reached(here, '/cart/1'), '200 10.96.0.10 80');
  assert.is(reached(here, '/admin'), '403 10.96.0.10 80', 'rules of the backend decide, requests too');

  const before = daemon.log().length;
  here.inventoryText(inventory(', ready: false'));
  await until('taken over', () => daemon.log().slice(before).includes('taken over'));
  assert.is(reached(here, '/cart/1'), 'ECONNREFUSED');
});

test.after(endChildren);
test.run();
