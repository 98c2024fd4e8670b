// Addresses as texts: a block is a pattern of exactly its addresses, and is known by it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { textMatcher } from '../../../src/compiler/analysis/derivative.ts';
import type { Operand } from '../../../src/compiler/domains/domain.ts';
import { blockOf, networkAddress } from '../../../src/compiler/domains/types/addresses.ts';
import { type Address, formatAddress, formatPrefix, type Prefix, prefixInterval } from '../../../src/compiler/space/address.ts';
import { random, seedOf } from '../../harness/random.ts';

const seed = seedOf('addresses', 1);
const pick = random(seed);
const span = { source: { path: 'a', text: '' }, start: 0, end: 0 };
const operand = (text: string): Operand => ({ kind: 'address', text, span });

/** A block of either family. */
function someBlock(): Prefix {
  const isIpv4 = pick.chance(0.5);
  const bits = Array.from({ length: 4 }, () => BigInt(pick.int(2 ** 32))).reduce((sum, part) => (sum << 32n) | part, 0n);
  const length = isIpv4 ? 96 + pick.int(33) : 1 + pick.int(128);
  const address = isIpv4 ? (0xffffn << 32n) | (bits & 0xffff_ffffn) : bits | (1n << 127n);
  return { address: (address >> BigInt(128 - length)) << BigInt(128 - length), length };
}

const textOf = (address: Address): string => {
  const read = networkAddress.value(operand(formatAddress(address)));
  assert.ok(read.ok);
  return read.ok ? read.value : '';
};

test('a block matches its addresses and no others, and is known by its pattern', () => {
  for (let run = 0; run < 300; run++) {
    const block = someBlock();
    const read = networkAddress.values(operand(formatPrefix(block)), undefined);
    assert.ok(read.ok && read.value.kind === 'text', formatPrefix(block));
    if (!read.ok || read.value.kind !== 'text') return;
    assert.equal(blockOf(read.value.pattern), block, formatPrefix(block));
    const { pattern } = read.value;
    const matches = (text: string): boolean => textMatcher().matches(pattern, text);
    const { low, high } = prefixInterval(block);
    for (const address of [low, high, (low + high) / 2n])
      assert.ok(matches(textOf(address)), `${formatPrefix(block)} ${formatAddress(address)}`);
    for (const address of [low - 1n, high + 1n, someBlock().address]) {
      if (address < 0n || address >> 128n > 0n || (address >= low && address <= high)) continue;
      assert.not(matches(textOf(address)), `${formatPrefix(block)} ${formatAddress(address)}`);
    }
  }
});

test.run();
