// Tables of the kernel that are full: what needs a place is denied with a cause of its own, or is forgotten and then decided by itself;
// no verdict becomes another one, and nothing is let in. Connections on interfaces: tc-packets.test.ts.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { layouts, limits } from '../../src/compiler/ir/abi.ts';
import { encode } from '../../src/compiler/ir/layout.ts';
import { mapUpdate, mapUpdateBatch, possibleCpus } from '../../src/runtime/ffi/libbpf.ts';
import { readCounters, readLost } from '../../src/runtime/kernel/counters.ts';
import { u32 } from '../../src/runtime/kernel/entries.ts';
import { RawClient } from '../harness/http-client.ts';
import { httpPolicy } from '../harness/http-requests.ts';
import { httpWorld, startServer } from '../harness/http-world.ts';
import { inCgroup, kernelTest, mapOf, testRun } from '../harness/kernel.ts';
import { allowing, exchanged, fresh as freshAddress, reaches, record, world } from '../harness/names-world.ts';
import { ethernet, fragment, ip, ipv6, type Layer, udp } from '../harness/packet.ts';
import { difference } from '../harness/packet-bench.ts';
import { denied, fresh, inbound, outbound, standard, subject } from '../harness/packet-policy.ts';
import { requestLine } from '../harness/sample-policy.ts';
import { tcBench } from '../harness/tc-bench.ts';

/** Puts entries of nobody into a map, which hold for ever; `times`: of what it holds. */
function fill(fd: number, times = 1): void {
  const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
  const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(info)?.[1]);
  const [keyBytes, valueBytes, count] = [number('key_size'), number('value_size'), times * number('max_entries')];
  const step = 4096;
  const values = new Uint8Array(step * valueBytes).fill(0x7f);
  for (let from = 0; from < count; from += step) {
    const keys = new DataView(new ArrayBuffer(step * keyBytes));
    for (let at = 0; at < step; at++) keys.setUint32((at + 1) * keyBytes - 4, 0xf000_0000 + from + at, true);
    try {
      mapUpdateBatch(fd, new Uint8Array(keys.buffer), values, step);
    } catch (error) {
      if (error instanceof Error && /E2BIG/.test(error.message)) return;
      throw error;
    }
  }
}

kernelTest('flows: the eldest are forgotten, and what comes in then is no answer', () => {
  const it = fresh();
  const query = ip(outbound('v4'), udp({ source: 40001, destination: 53 }));
  const answer = ip(inbound('v4'), udp({ source: 53, destination: 40001 }));
  assert.is(it.run('egress', query).passed, true);
  fill(mapOf(it.loaded, 'flows'), 3);
  assert.equal(it.run('ingress', answer), { passed: false, raised: [`ingress udp none dropped ${denied}`] });
  assert.is(it.run('egress', query).passed, true, 'a new flow finds a place');
  assert.equal(it.run('ingress', answer), { passed: true, raised: [] });
  fill(mapOf(it.loaded, 'flows'), 3);
  assert.equal(it.run('ingress', answer), { passed: true, raised: [] }, 'whose packets come is not forgotten');
  it.forget();
});

kernelTest('fragments: of one that is forgotten the later ones are denied', () => {
  const it = tcBench();
  it.install(standard({ cgroup: { id: 0n, path: '', name: '' } }));
  it.own(subject);
  const part = (offset: number, inner: Layer) => ipv6(outbound('v6'), fragment(inner, { offset, more: true }));
  const [first, later] = [
    part(0, udp({ source: 40001, destination: 53 }, new Uint8Array(56))),
    part(8, { number: 17, bytes: new Uint8Array(32) }),
  ];
  assert.is(it.passes('egress', first), true);
  fill(mapOf(it.loaded, 'fragments'), 3);
  assert.equal(it.run('egress', later), { passed: false, raised: ['egress udp none dropped fragment'] });
  assert.ok(it.passes('egress', first) && it.passes('egress', later));
});

kernelTest('counters: what has no place is lost and told so, its verdict is the same', () => {
  const it = fresh();
  const run = (port: number): number =>
    inCgroup(
      it.cgroup,
      () => testRun(it.loaded, 'pol_cgroup_egress', ethernet(ip(outbound('v4'), udp({ source: 40001, destination: port })))).value,
    );
  const [counters, cells, cpus] = [mapOf(it.loaded, 'counters'), mapOf(it.loaded, 'counter_cells'), possibleCpus()];
  const everywhere = (value: Uint8Array): Uint8Array => new Uint8Array(Buffer.concat(Array.from({ length: cpus }, () => value)));
  const taken = everywhere(encode(layouts.counterCell, { key: 1n, count: 1n }));
  for (let at = 0; at < limits.counterCells; at++) mapUpdate(cells, u32(at), taken);
  const none = everywhere(new Uint8Array(8));
  for (let cause = 1; cause < limits.counters; cause++) mapUpdate(counters, encode(layouts.counterKey, { cause, match: 9 }), none);
  const lost = (): bigint => readLost(mapOf(it.loaded, 'lost')).countersFull;
  const before = lost();
  // One place is left.
  assert.equal([run(54), lost() - before], [0, 0n]);
  assert.equal([run(53), lost() - before], [1, 1n]);
  assert.equal([run(54), lost() - before], [0, 1n], 'whose place is there is counted there');
});

kernelTest('connections whose requests are read: no data of one without a place passes, and it is counted', async () => {
  const policy = httpPolicy(true, [['allow', requestLine('GET', '/a')]]);
  const it = httpWorld(policy);
  const server = await startServer(it.cgroup);
  const ask = async (): Promise<string> => {
    const client = await RawClient.open(server.port);
    await client.send('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
    const answer = await Promise.race([client.next(), new Promise<string>((resolve) => setTimeout(() => resolve('nothing'), 700))]);
    client.end();
    return typeof answer === 'string' ? answer : String(answer.status);
  };
  assert.is(await ask(), '200');
  fill(mapOf(it.loaded, 'http_connections'));
  const before = readCounters(it.loaded.maps);
  assert.is(await ask(), 'nothing');
  const raised = difference(before, readCounters(it.loaded.maps));
  assert.ok(raised.includes('ingress tcp none dropped uninspectable'), raised.join());
  assert.equal(await server.seen(), ['GET /a 0']);
  server.stop();
});

kernelTest('names: an answer that would open what cannot be kept does not arrive', () => {
  world().install(allowing);
  const [kept, other] = [freshAddress(), freshAddress()];
  assert.is(exchanged({ asks: 'a.ok.example', answer: { records: [record(kept)] } }), true);
  assert.is(reaches(kept), true);
  fill(mapOf(world().loaded, 'named_addresses'));
  const before = readCounters(world().loaded.maps);
  assert.is(exchanged({ asks: 'a.ok.example', answer: { records: [record(other)] } }), false);
  assert.ok(difference(before, readCounters(world().loaded.maps)).some((line) => line.endsWith('dropped tableFull')));
  assert.equal([reaches(other), reaches(kept)], [false, true]);
});

test.run();
