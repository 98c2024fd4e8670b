// `policyd run --observe-http`: requests are told and counted where no rule speaks of them, and only there.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kernelTest } from '../harness/kernel.ts';
import { endChildren, policyd, until, world } from '../harness/policyd.ts';
import { freePort, get, serve } from '../harness/policyd-traffic.ts';

const requests = (metrics: string): readonly string[] =>
  metrics
    .split('\n')
    .filter((line) => /^hubble_http_requests_total\{/.test(line))
    .sort();

kernelTest('requests of an observed port are told with the rule that allows their connection', async () => {
  const [here, port] = [world(), await freePort()];
  here.policy(`policy open for { app: "server" } { ingress { allow from { app: "client" } at tcp ${port} } }\n`);
  const daemon = await here.run('--observe-http', `1,${port}`);
  await serve(here, 'server', port);
  assert.is(get(here, 'client', port, '/cart/1?x=y'), '200');
  assert.equal(requests(await daemon.metrics()), [
    'hubble_http_requests_total{method="GET",protocol="HTTP/1.1",status="200",reporter="client"} 1',
    'hubble_http_requests_total{method="GET",protocol="HTTP/1.1",status="200",reporter="server"} 1',
  ]);
  const observed = policyd(['observe', '--json', ...here.state])
    .out.trim()
    .split('\n');
  const flows = observed.map((line) => JSON.parse(line).flow).filter((one) => one?.Type === 'L7' && one?.traffic_direction === 'INGRESS');
  const [flow, response] = flows;
  assert.equal([flow?.l7?.type, response?.l7?.type, response?.l7?.http?.code, response?.is_reply], ['REQUEST', 'RESPONSE', 200, true]);
  assert.ok(Number(response?.l7?.latency_ns) > 0);
  assert.equal([flow?.verdict, flow?.l7?.http?.method, flow?.l7?.http?.url], ['FORWARDED', 'GET', '/cart/1'], observed.join('\n'));
  assert.match(flow?.extensions?.rule?.text ?? '', /^allow from/);

  // Another bundle, and then another start that asks for nothing.
  here.policy(`policy open for { app: "server" } { ingress { allow from { app: "client" } at tcp ${port}\n    allow at udp 53 } }\n`);
  const build = here.status().bundle.build;
  await until('the new bundle', () => here.status().bundle.build !== build || daemon.log().includes('taken over'));
  assert.is(get(here, 'client', port, '/'), '200');
  assert.match(requests(await daemon.metrics()).join(), / 2,.* 2$/);
  await daemon.end('SIGTERM');
  const again = await here.run();
  assert.is(get(here, 'client', port, '/'), '200');
  assert.match(requests(await again.metrics()).join(), / 2,.* 2$/);
});

kernelTest('what is no port is refused', () => {
  const here = world();
  here.policy('workload a = { app: "a" }\n');
  for (const option of ['--observe-http', '--observe-dns'])
    for (const ports of ['0', '80,', 'http', '65536'])
      assert.match(
        policyd(['run', '--bundle', here.bundle, '--inventory', here.inventory, option, ports, ...here.places]).error,
        new RegExp(`${option}: expected ports`),
      );
});

test.after(endChildren);
test.run();
