// How large a class of events is: of addresses of one family ICMP is that family's.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diff } from '../../../src/compiler/analysis/diff.ts';
import { diffReport } from '../../../src/compiler/analysis/report.ts';
import { typedPolicy } from '../../harness/compile.ts';

function sizeOf(peer: string): readonly string[] {
  const [before, after] = ['', `allow from ${peer}`].map((rule) => typedPolicy(`policy db for { app: "db" } { ingress { ${rule} } }`));
  assert.ok(before && after);
  return before && after ? diffReport([before, after], diff(before, after)).changes.map(({ size }) => size.words) : [];
}

test('ICMP of one family, or of both', () => {
  assert.equal(sizeOf('10.0.0.0/8'), ['1 identity from 2^24 addresses, 196608 ports, 2^16 ICMP codes, 256 protocols']);
  assert.equal(sizeOf('2001:db8::/32'), ['1 identity from 2^96 addresses, 196608 ports, 2^16 ICMP codes, 256 protocols']);
  assert.equal(sizeOf('[10.0.0.0/8, 2001:db8::/104]'), ['1 identity from 2^25 addresses, 196608 ports, 2^17 ICMP codes, 256 protocols']);
  assert.equal(sizeOf('{ app: "web" }'), ['1 identity from 1 identity, 196608 ports, 2^17 ICMP codes, 256 protocols']);
});

test.run();
