// Statements of invariants notice changes as test lines do, of the sections that they speak of alone.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mutate } from '../../../src/compiler/analysis/mutation.ts';
import { typedPolicy } from '../../harness/compile.ts';

const policy = `
workload web = { app: "web" }
workload cart = { app: "cart" }
policy cart-access for cart {
  ingress { allow from web at tcp 80 }
  process { deny exec "/bin/sh" }
}`;

/** What is left unnoticed, with these blocks beside the policy. */
const unnoticed = (blocks: string): readonly string[] => mutate(typedPolicy(policy + blocks)).survivors.map(({ mutant }) => mutant.what);

test('a statement notices what would break it', () => {
  const all = unnoticed('');
  const flows = unnoticed(' invariant "i" { only web can reach cart\n no web can reach cart at tcp except tcp 80 }');
  const both = unnoticed(
    ' invariant "i" { only web can reach cart\n no web can reach cart at tcp except tcp 80\n every web can reach cart at tcp 80 }',
  );
  assert.ok(all.length > 6, all.join('\n'));
  assert.ok(flows.length < all.length);
  assert.ok(flows.includes('the rule dropped'), 'that nobody reaches it any more breaks none of these');
  assert.equal(
    both.filter((what) => !all.includes(what)),
    [],
  );
  assert.ok(both.length < flows.length);
});

test('of what processes do, too', () => {
  const left = unnoticed(' invariant "i" { no cart can exec "/bin/sh"\n every cart can exec under "/usr" }');
  const without = unnoticed('').filter((what) => !left.includes(what));
  assert.ok(without.includes('allow instead of deny'), without.join('\n'));
});

test('a class alone can be dropped', () => {
  const { noticed, survivors } = mutate(
    typedPolicy('policy p for all { process { deny namespace } } test "t" { { app: "a" } namespace user is denied }'),
  );
  assert.is(noticed, 3);
  assert.equal(survivors, []);
});

test.run();
