// Structs that a C program was compiled with are held against the layouts; needs clang, as building templates does.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { layoutDifferences, structsOf } from '../../../src/compiler/7-build/btf.ts';
import { elfSection } from '../../../src/compiler/7-build/elf.ts';
import { widthBytes } from '../../../src/compiler/base/bytes.ts';
import { layouts } from '../../../src/compiler/ir/abi.ts';
import { array, layout, scalar } from '../../../src/compiler/ir/layout.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'policyc-btf-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

function compiled(source: string): Uint8Array {
  const file = join(folder, 'sample.c');
  writeFileSync(file, source);
  const { status, stderr } = spawnSync('clang', ['-O2', '-g', '-target', 'bpf', '-c', file, '-o', `${file}.o`], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return readFileSync(`${file}.o`);
}

/** Skips, with the reason, where there is no clang. */
function clangTest(name: string, body: () => void): void {
  const isThere = spawnSync('clang', ['--version']).status === 0;
  if (isThere) test(name, body);
  else console.log(`SKIP ${name}: clang is missing (node scripts/setup.mjs installs it)`);
}

const sample = (members: string): string => `
typedef unsigned char byte; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
struct pol_sample { ${members} };
u64 read_sample(const volatile struct pol_sample *sample) { return sample->word + sample->bytes[1]; }
`;
const expected = layout('pol_sample', '', {
  word: scalar('u32', ''),
  half: scalar('u16', ''),
  bytes: array('u8', 2, ''),
  wide: array('u64', 3, ''),
});
const differences = (members: string): readonly string[] => layoutDifferences(compiled(sample(members)), [expected], widthBytes);

clangTest('structs are read out of BTF', () => {
  const found = structsOf(compiled(sample('const u32 word; volatile u16 half; byte bytes[2]; u64 wide[3];')));
  assert.equal(
    found?.find(({ name }) => name === 'pol_sample'),
    {
      name: 'pol_sample',
      size: 32,
      members: [
        { name: 'word', offset: 0, bytes: 4 },
        { name: 'half', offset: 4, bytes: 2 },
        { name: 'bytes', offset: 6, bytes: 2 },
        { name: 'wide', offset: 8, bytes: 24 },
      ],
    },
  );
});

clangTest('every difference from a layout is named', () => {
  assert.equal(differences('u32 word; u16 half; byte bytes[2]; u64 wide[3];'), []);
  assert.equal(differences('u16 half; byte bytes[2]; u32 word; u64 wide[3];'), [
    'pol_sample.half is 2 bytes at 0, the layout has 2 at 4',
    'pol_sample.bytes is 2 bytes at 2, the layout has 2 at 6',
    'pol_sample.word is 4 bytes at 4, the layout has 4 at 0',
  ]);
  assert.equal(differences('u32 word; u16 other; byte bytes[2]; u64 wide[2];'), [
    'pol_sample has 24 bytes, the layout 32',
    'pol_sample.half is missing',
    'pol_sample.other is not in the layout',
    'pol_sample.wide is 16 bytes at 8, the layout has 24 at 8',
  ]);
  assert.equal(differences('u32 word : 7; u32 more : 25; u16 half; byte bytes[2]; u64 wide[3];').length, 1);
});

test('what is no object with BTF is said to be none', () => {
  for (const bytes of [new Uint8Array(), new Uint8Array(100), new TextEncoder().encode('\u007fELF'.padEnd(80, '\u0001'))]) {
    assert.is(elfSection(bytes, '.BTF'), undefined);
    assert.equal(layoutDifferences(bytes, [expected], widthBytes), ['it has no BTF: compile it with -g']);
  }
});

const objects = join(root, 'dist', 'objects');
const built = existsSync(objects) ? readdirSync(objects).filter((name) => name.endsWith('.o')) : [];
if (built.length === 0) console.log('SKIP the compiled templates agree with the layouts: dist/objects is empty (npm run build)');
for (const name of built) {
  test(`the compiled template ${name} agrees with the layouts`, () => {
    const object = readFileSync(join(objects, name));
    assert.equal(layoutDifferences(object, Object.values(layouts), widthBytes), []);
    assert.ok(structsOf(object)?.some((struct) => Object.values(layouts).some((one) => one.name === struct.name)));
  });
}

test.run();
