// Of very many rules the oracle asks those that can be about a point: who is asked for the first time is asked all of them, and the
// answers are the same.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictIn } from '../../../src/compiler/analysis/oracle.ts';
import type { Endpoint } from '../../../src/compiler/ir/event.ts';
import { transportPoint } from '../../../src/compiler/space/transport.ts';
import { typedPolicy } from '../../harness/compile.ts';

const rules = Array.from({ length: 1200 }, (_, i) => {
  const [port, action] = [1000 + i * 3, i % 7 === 0 ? 'deny' : 'allow'];
  if (i % 100 === 0) return `${action} from all at tcp "web"`;
  return i % 5 === 0 ? `${action} from all at tcp ${port}-${port + 40}` : `${action} from all at [tcp ${port}, udp ${port + 1}]`;
});
const typed = typedPolicy(`policy p for { app: "a" } {\n  ingress {\n    ${rules.join('\n    ')}\n  }\n}\n`);
const subject = (): Endpoint => ({
  kind: 'workload',
  id: 'subject',
  labels: { app: 'a' },
  namedPorts: [{ protocol: 'tcp', name: 'web', port: 9000 }],
});
const peer: Endpoint = { kind: 'address', address: 0xffff_0a00_0001n };

test('a subject that was asked about before has the verdicts of one that was not', () => {
  const known = subject();
  const seen = new Set<string>();
  for (let port = 990; port < 9010; port += 3)
    for (const protocol of ['tcp', 'udp'] as const) {
      const point = transportPoint(protocol, port);
      const [first, again] = [subject(), known].map((one) => verdictIn(typed, 'ingress', { subject: one, peer, point }));
      assert.equal(again, first, `${protocol} ${port}`);
      seen.add(JSON.stringify(first?.cause));
    }
  assert.ok(seen.size > 150, `${seen.size} deciders`);
});

test.run();
