// `policyc suggest` as users run it: what it writes of recorded traffic, with and without generalisation; that it is a policy without a
// finding, in canonical form, under which no recorded flow breaks.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint, FlowEvent } from '../../src/compiler/ir/event.ts';
import { parseAddress } from '../../src/compiler/space/address.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import { flowLine, type LineOptions, processLine } from '../harness/hubble-lines.ts';
import { policyc, write } from '../harness/policyc.ts';
import { samples } from '../unit/flows/samples.ts';

const pod = (app: string, hash: string): Endpoint => ({
  kind: 'workload',
  id: `${app}-${hash}`,
  labels: { app, tier: 'shop', 'pod-template-hash': hash, '@namespace': 'shop', '@cluster': 'default' },
});
const [web, webTwo, cart] = [pod('web', 'a1'), pod('web', 'b2'), pod('cart', 'c3')];
const resolver: Endpoint = {
  kind: 'workload',
  id: 'coredns',
  labels: { 'k8s-app': 'kube-dns', '@namespace': 'kube-system', '@cluster': 'default' },
};
const outside = (text: string, ...names: readonly string[]): Endpoint => ({
  kind: 'address',
  address: parseAddress(text) ?? 0n,
  ...(names.length > 0 && { names }),
});

const options = (second: number, more: Partial<LineOptions> = {}): LineOptions => ({
  direction: 'EGRESS',
  recorded: 'allowed',
  second,
  ...more,
});
let second = 0;
function line(
  source: Endpoint,
  destination: Endpoint,
  point: number,
  request?: FlowEvent['request'],
  more: Partial<LineOptions> = {},
): string {
  const event: FlowEvent = { kind: 'flow', source, destination, point, ...(request && { request }) };
  return flowLine(event, options(second++, more)) ?? '';
}
const get = (path: string): FlowEvent['request'] => ({
  domain: 'http',
  content: { kind: 'fields', fields: { method: ['GET'], path: [path], target: [path], host: ['cart'] } },
});
const asks = (name: string): FlowEvent['request'] => ({
  domain: 'dns',
  content: { kind: 'fields', fields: { name: [name], type: ['A'] } },
});
const tcp = (port: number): number => transportPoint('tcp', port);

const lines = [
  line(web, cart, tcp(8080)),
  line(webTwo, cart, tcp(8080), get('/cart/42')),
  line(web, cart, tcp(8080), get('/cart/43')),
  ...['red', 'blue', 'green', 'black', 'white'].map((colour) => line(web, cart, tcp(8080), get(`/hats/${colour}/big`))),
  line(web, cart, tcp(8080), get('/health')),
  line(web, cart, tcp(22), undefined, { recorded: 'denied' }),
  line(cart, resolver, transportPoint('udp', 53), asks('api.stripe.com')),
  line(cart, outside('198.51.100.7', 'api.stripe.com'), tcp(443)),
  line(cart, outside('198.51.100.8', 'api.stripe.com'), tcp(443)),
  line(cart, outside('192.0.2.9', 'unasked.example'), tcp(443)),
  ...Array.from({ length: 9 }, (_, i) => line(web, outside(`203.0.113.${10 + i}`), tcp(30_000 + 10 * i))),
  line({ kind: 'reserved', entities: ['host'] }, cart, tcp(8081), undefined, { direction: 'INGRESS' }),
  processLine(
    { kind: 'process', domain: 'exec', subject: cart, content: { kind: 'fields', fields: { path: ['/usr/bin/node'], user: ['1000'] } } },
    options(90),
  ) ?? '',
];
write('flows.json', `${lines.join('\n')}\n`);
const suggest = (...args: readonly string[]): string => {
  const { status, out, error } = policyc(['suggest', ...args]);
  assert.is(error, '');
  assert.is(status, 0);
  return out;
};

const expected = `// kube-system/coredns
workload kube-system-coredns = { k8s-app: "kube-dns" } in namespace "kube-system"

// shop/cart-c3; left open: pod-template-hash, tier
workload shop-cart-c3 = { app: "cart" } in namespace "shop"

// shop/web-a1, shop/web-b2; left open: pod-template-hash, tier
workload shop-web-a1 = { app: "web" } in namespace "shop"

policy kube-system-coredns for kube-system-coredns {
  ingress {
    // 1 flow, 2026-03-05T00:00:10.510175Z
    allow from shop-cart-c3 at udp 53 dns {
      "api.stripe.com"
    }
  }
  egress {
    // nothing was recorded as allowed
  }
}

policy shop-cart-c3 for shop-cart-c3 {
  ingress {
    // 1 flow, 2026-03-05T00:00:23.510175Z
    allow from host at tcp 8081
    // 9 flows, 2026-03-05T00:00:00.510175Z to 2026-03-05T00:00:08.510175Z
    allow from shop-web-a1 at tcp 8080 http {
      // {id} stands for any segment; recorded: "42", "43"
      GET "/cart/{id}"
      // {id} stands for any segment; recorded: "black", "blue", "green" and 2 more
      GET "/hats/{id}/big"
      GET "/health"
    }
  }
  egress {
    // 3 flows, 2026-03-05T00:00:11.510175Z to 2026-03-05T00:00:13.510175Z
    allow to ["api.stripe.com", 192.0.2.9] at tcp 443
    // 1 flow, 2026-03-05T00:00:10.510175Z
    allow to kube-system-coredns at udp 53 dns {
      "api.stripe.com"
    }
  }
  process {
    default deny exec
    // 1 start, 2026-03-05T00:01:30.510175Z
    allow exec "/usr/bin/node"
  }
}

policy shop-web-a1 for shop-web-a1 {
  ingress {
    // nothing was recorded as allowed
  }
  egress {
${Array.from({ length: 9 }, (_, i) => `    // 1 flow, 2026-03-05T00:00:${14 + i}.510175Z\n    allow to 203.0.113.${10 + i} at tcp ${30_000 + 10 * i}\n`).join('')}    // 9 flows, 2026-03-05T00:00:00.510175Z to 2026-03-05T00:00:08.510175Z
    allow to shop-cart-c3 at tcp 8080 http {
      // {id} stands for any segment; recorded: "42", "43"
      GET "/cart/{id}"
      // {id} stands for any segment; recorded: "black", "blue", "green" and 2 more
      GET "/hats/{id}/big"
      GET "/health"
    }
  }
}
`;

test('what it writes', () => {
  const written = suggest('flows.json');
  const policies = written.slice(written.indexOf('// kube-system'));
  assert.is(policies, expected);
  assert.match(written, '// Left out: 1 flow recorded as denied.');
  assert.match(written, '// Generalised, names: ');
});

test('the least: nothing is generalised', () => {
  const written = suggest('flows.json', '--generalize', 'none');
  assert.match(written, '// Nothing is generalised.');
  assert.match(written, 'GET target "/cart/42" host "cart"');
  assert.match(written, 'pod-template-hash: "a1"');
  assert.match(written, 'allow to [192.0.2.9, 198.51.100.7, 198.51.100.8] at tcp 443');
  assert.match(written, 'allow exec "/usr/bin/node" user 1000');
  assert.match(written, '"api.stripe.com" type A');
});

test('many addresses and ports', () => {
  const written = suggest('flows.json', '--generalize', 'all');
  assert.match(written, '// tcp 30000-30080 stands for 9 recorded ports');
  assert.match(written, 'allow to 203.0.113.0/24 at tcp 30000-30080');
});

test('no finding, canonical form, and no recorded flow breaks', () => {
  for (const generalize of ['none', 'labels,names,paths', 'ports', 'all']) {
    write('suggested.policy', suggest('flows.json', '--generalize', generalize));
    const checked = policyc(['check', 'suggested.policy', '--fail-on', 'all']);
    assert.is(checked.status, 0, checked.error);
    assert.is(policyc(['fmt', '--check', 'suggested.policy']).status, 0);
    const replayed = policyc(['replay', 'flows.json', 'suggested.policy', '--fail-on', 'any']);
    assert.is(replayed.status, 0, replayed.out);
    assert.match(replayed.out, 'no recorded flow would break');
    assert.match(
      policyc([
        'explain',
        'suggested.policy',
        '--event',
        '{ app: "web" } in namespace "shop" -> { app: "cart" } in namespace "shop" tcp 22',
      ]).out,
      'denied by default',
    );
  }
});

test('the order of the records does not matter', () => {
  write('reversed.json', `${[...lines].reverse().join('\n')}\n`);
  assert.is(suggest('reversed.json'), suggest('flows.json'));
});

test('requests on ports of TLS are meant', () => {
  write('tls.json', `${line(web, cart, tcp(443), get('/a'))}\n`);
  const written = suggest('tls.json');
  assert.match(written, '@allow("check/encrypted-port", "so it was recorded")');
  write('tls.policy', written);
  assert.is(policyc(['check', 'tls.policy', '--fail-on', 'all']).status, 0);
});

test('every form of line; JSON; nothing to suggest; wrong words', () => {
  write('samples.json', `${Object.values(samples).join('\n')}\n`);
  assert.match(suggest('samples.json'), 'Left out: 42 events that the recorder lost.');
  const json = JSON.parse(suggest('flows.json', '--format', 'json'));
  assert.is(json.policy, suggest('flows.json'));
  write('empty.json', '');
  const { status, error } = policyc(['suggest', 'empty.json']);
  assert.is(status, 1);
  assert.match(error, 'there is no policy to suggest');
  assert.match(policyc(['suggest', 'flows.json', '--generalize', 'label']).error, 'did you mean `labels`?');
});

test.run();
