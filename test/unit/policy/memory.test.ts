// The parts of the decision memory, each against the plainest way to say the same.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { limits, nothing } from '../../../src/compiler/ir/abi.ts';
import { portsImage, startsOf } from '../../../src/compiler/ir/class-pieces.ts';
import { type Address, addressBytes, type Prefix, parseAddress, parsePrefix } from '../../../src/compiler/space/address.ts';
import { transportPoints } from '../../../src/compiler/space/transport.ts';
import { type Choices, ChoiceTable } from '../../../src/runtime/policy/choices.ts';
import { GenerationLimit } from '../../../src/runtime/policy/generation.ts';
import { compactChoices } from '../../../src/runtime/policy/grouped-choices.ts';
import { AddressBlocks, type AddressLeaf } from '../../../src/runtime/policy/memory/address-blocks.ts';
import { addressTrees, placedNode, walkAddressTree, writeAddressTrees } from '../../../src/runtime/policy/memory/address-tree.ts';
import { displaced, type SparseRow } from '../../../src/runtime/policy/memory/displaced.ts';
import { portBlocks } from '../../../src/runtime/policy/memory/port-blocks.ts';
import { WordRuns } from '../../../src/runtime/policy/memory/word-runs.ts';
import { MemoryWriter } from '../../../src/runtime/policy/memory/writer.ts';
import { type Random, random, seedOf } from '../../harness/random.ts';

const below = (source: Random, end: number): number => source.int(end);

test('a cell is found by its column, and no other row is', () => {
  const source = random(seedOf('displaced rows', 20261121));
  for (let round = 0; round < 30; round++) {
    const columns = 1 + below(source, 300);
    const rows = Array.from({ length: 1 + below(source, 200) }, (): SparseRow => {
      const density = (source.int(1000) / 1000) ** 3;
      const own = Array.from({ length: columns }, (_, column) => column).filter(() => source.chance(density));
      return { columns: own, values: own.map(() => 1 + below(source, 1000)) };
    });
    const { cells, bases, bits } = displaced(rows, columns);
    rows.forEach((row, number) => {
      for (let column = 0; column < columns; column++) {
        const cell = cells[(bases[number] ?? 0) + column] ?? Number.NaN;
        const at = Array.from(row.columns).indexOf(column);
        const found = cell % 2 ** bits === column ? Math.floor(cell / 2 ** bits) : undefined;
        assert.is(found, at < 0 ? undefined : row.values[at]);
      }
    });
  }
});

type AddressBlock = Prefix & AddressLeaf;
const isIpv4 = (address: Address): boolean => address >> 32n === 0xffffn;
const holds = ({ address, length }: AddressBlock, one: Address): boolean => address >> BigInt(128 - length) === one >> BigInt(128 - length);

/** The longest block that holds it, of its family. */
function plainly(blocks: readonly AddressBlock[], address: Address): AddressBlock | undefined {
  const own = blocks.filter((block) => holds(block, address) && (!isIpv4(address) || block.length >= 96));
  return own.reduce<AddressBlock | undefined>((best, block) => (best && best.length >= block.length ? best : block), undefined);
}

function assertTree(blocks: readonly AddressBlock[], asked: readonly Address[]): number {
  const writer = new MemoryWriter();
  writer.place('before', 4096);
  const all = new AddressBlocks();
  for (const { address, length, ...leaf } of blocks) all.add(new DataView(addressBytes(address).buffer), length, leaf);
  const trees = addressTrees(all);
  const at = writer.place('addresses', trees.words.byteLength);
  writeAddressTrees(trees, writer.words(at, trees.words.length), at);
  const roots = { ipv4: placedNode(trees.ipv4, at), ipv6: placedNode(trees.ipv6, at) };
  const bytes = writer.bytes();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const address of asked) {
    const isMapped = isIpv4(address);
    const word = walkAddressTree(view, isMapped ? roots.ipv4 : roots.ipv6, { address, from: isMapped ? 96 : 0 });
    const block = plainly(blocks, address);
    const expected = block ? (block.kind === 'endpoint' ? 2 ** 30 : 0) + block.number : nothing.nodeMissing;
    assert.is(word, expected, `${address.toString(16)} among ${blocks.length}`);
  }
  return bytes.length;
}

const block = (text: string, number: number, kind: AddressBlock['kind'] = 'class'): AddressBlock => {
  const prefix = parsePrefix(text);
  if (!prefix) throw new Error(text);
  return { kind, number, address: prefix.address, length: prefix.length };
};

test('an address is of the longest block that holds it', () => {
  const source = random(seedOf('address trees', 20261122));
  for (let round = 0; round < 60; round++) {
    const isDense = round % 2 === 0;
    const blocks = new Map<string, AddressBlock>();
    const add = (one: AddressBlock) => blocks.set(`${one.address}/${one.length}`, one);
    if (round % 5 !== 4) for (const one of [block('::/0', 1), block('0.0.0.0/0', 0)]) add(one);
    const asked: Address[] = [];
    for (let i = below(source, 80); i > 0; i--) {
      const isMapped = source.chance(0.5);
      const bits = BigInt(below(source, 2 ** 30)) * BigInt(2 ** 30) + BigInt(below(source, 2 ** 30));
      const wide = isMapped
        ? (0xffffn << 32n) | (isDense ? 0x0a000000n | (bits & 0xffffn) : bits & 0xffffffffn)
        : bits << BigInt(below(source, 69));
      const length = isMapped ? 96 + below(source, 33) : below(source, 129);
      const isEndpoint = source.chance(0.2);
      const size = isEndpoint ? 128 : length;
      const address = (wide >> BigInt(128 - size)) << BigInt(128 - size);
      // The IPv4 space is a tree of its own: shorter blocks around it are none of ours.
      if (size >= 96 || !isIpv4(address)) add({ kind: isEndpoint ? 'endpoint' : 'class', number: 2 + i, address, length: size });
      for (const near of [wide, address, address - 1n, address + 1n, wide ^ 1n, wide ^ (1n << 20n)])
        if (near >= 0n && near < 1n << 128n) asked.push(near);
    }
    assertTree([...blocks.values()], asked);
  }
});

test('blocks inside blocks at every length, and the same address at every length', () => {
  const nested = Array.from({ length: 129 }, (_, length) => block(`${length === 0 ? '::' : '8000::'}/${length}`, length));
  const ask = Array.from({ length: 128 }, (_, bit) => (1n << 127n) | (1n << BigInt(bit)));
  assertTree(nested, [...ask, 1n << 127n, 0n]);
  assertTree([block('0.0.0.0/0', 0), ...Array.from({ length: 32 }, (_, i) => block(`255.0.0.0/${Math.min(i + 1, 8)}`, 7))].slice(0, 9), [
    parseAddress('255.0.0.0') ?? 0n,
    parseAddress('254.0.0.0') ?? 0n,
  ]);
});

test('choices are found in their blocks and groups, as many as they are, and equal rows are one', () => {
  const table = new ChoiceTable();
  const all = (choices: Uint16Array) => Array.from(choices, (_, at) => at);
  const made = [16, 256, 65_536].map((end) => {
    const choices = Uint16Array.from({ length: 200 }, (_, i) => (i >= 64 && i < 130 ? 0 : (i * (end / 16) + i) % end));
    return { choices, row: table.row(choices, end - 1, all(choices)) };
  });
  const narrow = Uint16Array.from({ length: 64 }, (_, i) => (i >= 16 && i < 32 ? 7 : 0));
  assert.is(table.row(narrow, 7, all(narrow)), table.row(narrow, 7, [20]));
  assert.throws(
    () => table.row(narrow, 65_536, []),
    (error: unknown) => error instanceof GenerationLimit,
  );
  const plain = table.done();
  const small = compactChoices(plain, 0);
  assert.equal(
    [plain, small].map(({ rows }) => rows.map(({ form }) => form)),
    [
      ['bytes', 'bytes', 'wide', 'bytes'],
      ['groupedNibbles', 'groupedBytes', 'wide', 'groupedNibbles'],
    ],
  );
  assert.is(compactChoices(plain), plain, 'what is small stays as it is');
  for (const choices of [plain, small]) {
    assert.ok(choices.blocks.subarray(0, limits.choiceBlock).every((byte) => byte === 0));
    for (const one of [...made, { choices: narrow, row: 3 }])
      one.choices.forEach((choice, asked) => assert.is(chosen(choices, one.row, asked), choice));
  }
});

/** As ir/abi.ts states it. */
function chosen({ rows, groups, blocks }: Choices, row: number, asked: number): number {
  const { columns, values, form } = rows[row] ?? { columns: [], values: [], form: 'bytes' };
  const isGrouped = form === 'groupedBytes' || form === 'groupedNibbles';
  const found = Array.from(columns).indexOf(Math.floor(asked / (isGrouped ? 64 : 16)));
  if (found < 0) return 0;
  const number = values[found] ?? Number.NaN;
  const at = isGrouped ? (groups[number * 4 + (Math.floor(asked / 16) % 4)] ?? Number.NaN) * 8 : number * 16;
  const byte = (within: number): number => blocks[at + within] ?? Number.NaN;
  if (form === 'groupedNibbles') return (byte(Math.floor((asked % 16) / 2)) >> ((asked % 2) * 4)) & 15;
  if (form === 'wide') return byte((asked % 16) * 2) + byte((asked % 16) * 2 + 1) * 256;
  return byte(asked % 16);
}

test('runs of words are numbered as they come, equal ones once', () => {
  const source = random(seedOf('runs of words', 20261124));
  const runs = new WordRuns(3);
  const known = new Map<string, number>();
  for (let i = 0; i < 5000; i++) {
    const run = Uint32Array.from({ length: 3 }, () => below(source, 12) * 0x1555_5555);
    const number = known.get(run.join()) ?? known.size;
    known.set(run.join(), number);
    assert.is(runs.numberOf(run), number);
  }
  assert.is(runs.count, known.size);
  assert.equal(
    Array.from(runs.words),
    [...known.keys()].flatMap((run) => run.split(',').map(Number)),
  );
});

test('port blocks have the classes of the image', () => {
  const source = random(seedOf('port blocks', 20261123));
  const points = new Uint16Array(transportPoints);
  for (let i = 0; i < 50; i++) points.fill(below(source, 60_000), below(source, points.length), below(source, points.length));
  const { numbers, classes } = portBlocks(portsImage(startsOf(points)));
  points.forEach((number, point) =>
    assert.is(classes[(numbers[Math.floor(point / limits.portBlock)] ?? 0) * limits.portBlock + (point % limits.portBlock)], number),
  );
});

test.run();
