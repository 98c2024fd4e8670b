// What the kernel tables do not hold, where no policy of a bearable size gives it: spaces whose numbers are made up.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { normalize } from '../../src/compiler/4-normalize/index.ts';
import { plan } from '../../src/compiler/5-plan/index.ts';
import { collector } from '../../src/compiler/diagnostics/diagnostic.ts';
import { innerEntries, limits } from '../../src/compiler/ir/abi.ts';
import type { VerdictSpace } from '../../src/compiler/ir/verdict-space.ts';
import { checkUnit } from '../../src/compiler/pipeline.ts';

const text = `policy small for { app: "a" } { ingress { } }
policy large for { app: "b" } { ingress { deny from 10.0.0.0/8 at tcp 80 } }
`;

function space(): VerdictSpace {
  const checked = checkUnit([{ path: 'input.policy', text }]);
  if (!checked.ok) throw new Error('the policy is wrong');
  return normalize(checked.value.typed, collector().report);
}

/** Each finding about a space, with what it underlines. */
function found(changed: VerdictSpace) {
  const log = collector();
  plan(changed, log.report);
  return log.all().map(({ code, message, span }) => [code, message, text.slice(span.start, span.end)]);
}

test('classes: as many as a table holds, and one more', () => {
  const { program, ...rest } = space();
  const withPorts = (ports: number) => ({ ...rest, program: { ...program, classes: { ...program.classes, ports } } });
  assert.equal(found(withPorts(limits.classes)), []);
  assert.equal(found(withPorts(limits.classes + 1)), [
    ['plan/too-many-classes', '65536 classes of ports and protocols are more than the kernel tables hold (65535)', 'large'],
  ]);
});

test('network blocks: as many as a table holds, and one more', () => {
  const { networks, ...rest } = space();
  const [entry] = networks;
  if (!entry) throw new Error('the policy has a network');
  const withNetworks = (length: number) => ({ ...rest, networks: new Array(length).fill(entry) });
  assert.equal(found(withNetworks(innerEntries.prefixes)), []);
  assert.equal(found(withNetworks(innerEntries.prefixes + 1)), [
    ['plan/too-many-entries', '1048577 entries of network blocks are more than the kernel table holds (1048576)', 'large'],
  ]);
});

test.run();
