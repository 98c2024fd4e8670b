// `policyc replay` as users run it: what it says of flows that would break or pass, of those that it cannot judge, and of lines that it
// cannot read; a change of policies; compressed files, standard input, folders; gates.
import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplayReport } from '../../src/compiler/flows/groups.ts';
import type { FlowEvent } from '../../src/compiler/ir/event.ts';
import { parseAddress } from '../../src/compiler/space/address.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import { flowLine, type LineOptions } from '../harness/hubble-lines.ts';
import { folder, policyc, program, write } from '../harness/policyc.ts';
import { samples } from '../unit/flows/samples.ts';

write(
  'old.policy',
  `namespace "shop"
workload cart = { app: "cart" }
policy cart-access for cart {
  ingress {
    allow from { app: "web" } at tcp 8080
    allow from { app: "web" } at tcp "metrics"
    allow from 203.0.113.0/24 at tcp 22
  }
}
`,
);
write(
  'new.policy',
  `namespace "shop"
workload cart = { app: "cart" }
policy cart-access for cart {
  ingress {
    allow from { app: "web" } at tcp 8080 http { GET "/cart/{id}" header "x-team" = "shop" }
    allow from { app: "batch" } at tcp 8080
  }
}
`,
);

const workload = (id: string, app: string): FlowEvent['source'] => ({ kind: 'workload', id, labels: { app, '@namespace': 'shop' } });
const [web, batch, cart] = [workload('web-1', 'web'), workload('batch-1', 'batch'), workload('cart-0', 'cart')];
const outside = (text: string): FlowEvent['source'] => ({ kind: 'address', address: parseAddress(text) ?? 0n });
const flow = (source: FlowEvent['source'], port: number, request?: FlowEvent['request']): FlowEvent => ({
  kind: 'flow',
  source,
  destination: cart,
  point: transportPoint('tcp', port),
  ...(request && { request }),
});
const line = (event: FlowEvent, options: Partial<LineOptions> = {}): string =>
  flowLine(event, { direction: 'INGRESS', recorded: 'allowed', second: 0, ...options }) ?? '';
const post: FlowEvent['request'] = {
  domain: 'http',
  content: { kind: 'fields', fields: { method: ['POST'], path: ['/cart/1'], target: ['/cart/1'] } },
};
const get: FlowEvent['request'] = {
  domain: 'http',
  content: { kind: 'fields', fields: { method: ['GET'], path: ['/cart/1'], target: ['/cart/1'] } },
};

const lines = [
  line(flow(web, 8080), { second: 1 }),
  line(flow(web, 8080, post), { second: 2 }),
  line(flow(web, 8080, get), { second: 3 }),
  line(flow(web, 9090), { second: 4 }),
  line(flow(batch, 8080), { second: 5 }),
  line(flow(batch, 8080), { second: 9 }),
  line(flow(batch, 8080), { second: 7, recorded: 'denied' }),
  line(flow(outside('203.0.113.9'), 22), { second: 8, recorded: 'denied' }),
  line(flow(cart, 8080), { second: 9 }),
];
write('flows.json', `${lines.join('\n')}\n`);

const report = (args: readonly string[]): ReplayReport & { ok: boolean; failed: readonly string[] } =>
  JSON.parse(policyc(['replay', ...args, '--format', 'json']).out);

test('flows that would break and pass, against what was recorded', () => {
  const { status, out, error } = policyc(['replay', 'flows.json', 'old.policy']);
  assert.is(status, 0, error);
  assert.is(error, '');
  assert.is(
    out,
    `would break: recorded as allowed, denied by the policies
  ingress of shop/cart-0 from shop/batch-1 at tcp 8080  2 flows, 2026-03-05T00:00:05.510175Z to 2026-03-05T00:00:09.510175Z
      for example shop/batch-1 0.0.0.0 -> shop/cart-0 0.0.0.0 tcp 8080 (flows.json:5)
    denied by default (cart-access, old.policy:3)

would pass: recorded as denied, allowed by the policies
  ingress of shop/cart-0 from addresses such as 203.0.113.9 at tcp 22  1 flow, 2026-03-05T00:00:08.510175Z
      for example 203.0.113.9 -> shop/cart-0 0.0.0.0 tcp 22 (flows.json:8)
    allowed by cart-access, old.policy:7: allow from 203.0.113.0/24 at tcp 22

not decided: the record says too little
  egress of shop/web-1 to shop/cart-0 at tcp 9090  1 flow, 2026-03-05T00:00:04.510175Z
    it depends on the names of its ports
      for example shop/web-1 0.0.0.0 -> shop/cart-0 0.0.0.0 tcp 9090 (flows.json:4)

2 recorded flows would break; 1 would newly pass; of 1 the record says too little
read 9 lines: 9 flows, 2026-03-05T00:00:01.510175Z to 2026-03-05T00:00:09.510175Z; by the policies 5 allowed, 3 denied, 1 undecided
`,
  );
});

test('a change of policies, and where the record disagrees with the old ones', () => {
  const found = report(['flows.json', '--diff', 'old.policy', 'new.policy']);
  assert.is(found.baseline, 'policies');
  const shown = found.changes.map(({ effect, peer, at, domain, count, before, after }) => [
    effect,
    peer,
    at,
    domain,
    count,
    before?.verdict,
    after.verdict,
  ]);
  assert.equal(shown, [
    ['newly-denied', 'addresses such as 203.0.113.9', 'tcp 22', undefined, 1, 'allowed', 'denied'],
    ['newly-denied', 'shop/web-1', 'tcp 8080', 'http', 1, 'allowed', 'denied'],
    ['newly-allowed', 'shop/batch-1', 'tcp 8080', undefined, 3, 'denied', 'allowed'],
  ]);
  assert.equal(
    found.mismatches.map(({ effect, peer, count }) => [effect, peer, count]),
    [
      ['newly-denied', 'shop/batch-1', 2],
      ['newly-allowed', 'addresses such as 203.0.113.9', 1],
    ],
  );
  assert.equal(
    found.undecided.map(({ missing, domain, at }) => [missing, domain, at]),
    [
      [['header x-team'], 'http', 'tcp 8080'],
      [['the names of its ports'], undefined, 'tcp 9090'],
    ],
  );
  const denied = found.changes.find(({ domain }) => domain === 'http');
  assert.match(denied?.example.event ?? '', 'POST "/cart/1"');
  assert.is(denied?.example.line, 2);
});

test('gates', () => {
  const run = (gate: string, ...paths: readonly string[]): number | null =>
    policyc(['replay', 'flows.json', ...paths, '--fail-on', gate]).status;
  assert.is(run('newly-denied', 'old.policy'), 1);
  assert.is(run('newly-audited', 'old.policy'), 0);
  assert.is(run('undecided', 'old.policy'), 1);
  assert.is(run('unreadable', 'old.policy'), 0);
  assert.is(run('newly-audited,mismatch', '--diff', 'old.policy', 'new.policy'), 1);
  const wrong = policyc(['replay', 'flows.json', 'old.policy', '--fail-on', 'newly-denyed']);
  assert.is(wrong.status, 2);
  assert.match(wrong.error, 'did you mean `newly-denied`?');
  assert.equal(report(['flows.json', 'old.policy', '--fail-on', 'any']).failed, ['any']);
});

test('lines that cannot be read are named, and counted', () => {
  write('bad.json', `${lines[0]}\nnot json\n\n{"flow":{"l4":7}}\n${Buffer.from([0x7b, 0xff, 0x7d]).toString('latin1')}\n${lines[1]}`);
  const { status, out, error } = policyc(['replay', 'bad.json', 'old.policy']);
  assert.is(status, 0);
  assert.match(error, 'policyc: 3 lines could not be read, and are left out:');
  assert.match(error, 'bad.json:2: not JSON');
  assert.match(error, 'bad.json:4: `l4` is no object');
  assert.match(out, 'read 6 lines: 2 flows, 3 lines unreadable');
  assert.is(policyc(['replay', 'bad.json', 'old.policy', '--fail-on', 'unreadable']).status, 1);
  write('none.json', 'x\n');
  assert.is(policyc(['replay', 'none.json', 'old.policy']).status, 1);
});

test('every sample is a flow, or says why it is none', () => {
  write('samples.json', `${Object.values(samples).join('\n')}\n`);
  const { read, notJudged, unreadable, verdicts } = report(['samples.json', 'old.policy']);
  assert.is(unreadable.count, 0);
  assert.equal([read.lines, read.flows, read.processes, read.lost, read.others], [16, 22, 1, 42, 2]);
  const reasons = Object.fromEntries(notJudged.map(({ reason, count }) => [reason, count]));
  assert.equal(reasons, { 'no labels': 2, 'no direction': 1, reply: 1 });
  assert.is(
    Object.values(reasons).reduce((sum, count) => sum + count, 0) + Object.values(verdicts).reduce((sum, count) => sum + count, 0),
    23,
  );
});

test('compressed files, folders and standard input are the same flows', () => {
  const plain = report(['flows.json', 'old.policy']);
  const places = (found: ReplayReport): unknown =>
    JSON.parse(
      JSON.stringify(found)
        .replaceAll(/"file":"[^"]*"/g, '"file":""')
        .replaceAll(/:\d+\)/g, ''),
    );
  write('flows.json.gz', gzipSync(`${lines.join('\n')}\n`));
  assert.equal(places(report(['flows.json.gz', 'old.policy'])), places(plain));
  // Rotated files: members of one compressed file, and several files of a folder.
  write('log/events.log', `${lines.slice(4).join('\n')}\n`);
  write('log/events-2026.log.gz', gzipSync(`${lines.slice(0, 4).join('\n')}\n`));
  write('log/readme.md', 'no flows');
  assert.equal(
    report(['log', 'old.policy']).changes.map(({ count }) => count),
    plain.changes.map(({ count }) => count),
  );
  const piped = spawnSync(process.execPath, [program, 'replay', '-', 'old.policy', '--format', 'json'], {
    cwd: folder,
    encoding: 'utf8',
    input: lines.join('\n'),
  });
  assert.equal(places(JSON.parse(piped.stdout)), places(plain));
});

test('a compressed file that ends too early is told', () => {
  const whole = gzipSync(`${Array.from({ length: 2000 }, (_, i) => line(flow(web, 8080), { second: i % 60 })).join('\n')}\n`);
  write('cut.json.gz', whole.subarray(0, whole.length - 2000));
  const { status, error } = policyc(['replay', 'cut.json.gz', 'old.policy', '--fail-on', 'unreadable']);
  assert.is(status, 1);
  assert.match(error, 'the compressed file is damaged, or ends too early');
});

test('wrong use', () => {
  assert.match(policyc(['replay', 'flows.json']).error, 'expected the policies to replay against');
  assert.match(policyc(['replay', 'flows.json', 'old.policy', '--diff', 'old.policy', 'new.policy']).error, /expected|not both/);
  assert.match(policyc(['replay', 'nowhere.json', 'old.policy']).error, 'no such file or folder: `nowhere.json`');
  write('empty-log/readme.md', '');
  assert.match(policyc(['replay', 'empty-log', 'old.policy']).error, 'no file of recorded flows in `empty-log`');
  write('broken.policy', 'policy a for {');
  const { status, error } = policyc(['replay', 'flows.json', 'broken.policy']);
  assert.is(status, 1);
  assert.match(error, 'parse/');
});

test.run();
