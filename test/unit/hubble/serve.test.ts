// The HTTP side: where it listens, what it answers, and what it says when it cannot.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseListenAddress, serveMetrics } from '../../../src/runtime/hubble/serve.ts';

test('listen addresses', () => {
  assert.equal(parseListenAddress('127.0.0.1:9965'), { host: '127.0.0.1', port: 9965 });
  assert.equal(parseListenAddress('[::1]:9965'), { host: '::1', port: 9965 });
  assert.equal(parseListenAddress(':9965'), { host: '::', port: 9965 });
  assert.equal(parseListenAddress('9965'), { host: '127.0.0.1', port: 9965 });
  for (const text of ['', 'localhost', '::1:9965', '127.0.0.1:', '127.0.0.1:70000', 'a b:1x'])
    assert.is(parseListenAddress(text), undefined, text);
});

async function serving(served: Parameters<typeof serveMetrics>[1]) {
  const result = await serveMetrics({ host: '127.0.0.1', port: 0 }, served);
  if (!result.ok) throw new Error(result.problem);
  const { server } = result;
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${server.address.port}${path}`, { method });
    return [response.status, await response.text()] as const;
  };
  return { server, get };
}

test('metrics, health, and nothing else', async () => {
  let healthy = false;
  const { server, get } = await serving({ metrics: async () => 'a 1\n', healthy: () => healthy });
  assert.equal(await get('/metrics'), [200, 'a 1\n']);
  assert.equal(await get('/metrics?x=1', 'HEAD'), [200, '']);
  assert.equal((await get('/healthz'))[0], 503);
  healthy = true;
  assert.equal(await get('/healthz'), [200, 'ok\n']);
  assert.equal((await get('/'))[0], 404);
  assert.equal((await get('/metrics', 'POST'))[0], 405);
  await server.close();
});

test('counters that cannot be read are an answer, not a crash', async () => {
  const { server, get } = await serving({ metrics: () => Promise.reject(new Error('gone')), healthy: () => true });
  assert.equal(await get('/metrics'), [500, 'reading the counters failed: gone\n']);
  await server.close();
});

test('a port in use, and an address that is not ours', async () => {
  const { server } = await serving({ metrics: async () => '', healthy: () => true });
  const { port } = server.address;
  const taken = await serveMetrics({ host: '127.0.0.1', port }, { metrics: async () => '', healthy: () => true });
  assert.equal(taken, {
    ok: false,
    problem: `cannot serve metrics at 127.0.0.1:${port}: another program uses that port; choose one with --metrics`,
  });
  await server.close();
  const foreign = await serveMetrics({ host: '192.0.2.1', port: 0 }, { metrics: async () => '', healthy: () => true });
  assert.match(foreign.ok ? '' : foreign.problem, /no interface of this machine has that address/);
});

test.run();
