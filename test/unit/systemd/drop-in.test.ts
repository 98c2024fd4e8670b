// The drop-ins that hold the start of services: their text, and that only our own are taken away.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dropInText, heldUnits, isHeld, removeDropIn, writeDropIn } from '../../../src/runtime/systemd/drop-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'policyc drop-in-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('what systemd would read otherwise is quoted', () => {
  const line = dropInText(['/opt/a b/node', '50%', '$HOME', 'a"b', 'c\\d']).split('\n').at(-2);
  assert.is(line, 'ExecCondition=+"/opt/a b/node" "50%%" "$$HOME" "a\\"b" "c\\\\d" %n');
});

test('only what policyd wrote is its own', () => {
  writeDropIn(folder, 'cart.service', ['/bin/true']);
  mkdirSync(join(folder, 'other.service.d'));
  writeFileSync(join(folder, 'other.service.d', '00-policyd.conf'), '[Service]\n');
  writeFileSync(join(folder, 'cart.service.d', 'mine.conf'), '[Service]\n');
  assert.equal(heldUnits(folder), ['cart.service']);
  assert.equal(
    [isHeld('cart.service', [folder]), isHeld('other.service', [folder]), isHeld('none.service', [folder])],
    [true, false, false],
  );
  removeDropIn(folder, 'cart.service');
  assert.equal(heldUnits(folder), []);
  assert.ok(existsSync(join(folder, 'cart.service.d', 'mine.conf')), 'what others wrote stays');
  assert.equal(heldUnits(join(folder, 'nowhere')), []);
});

test.run();
