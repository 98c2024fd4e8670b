// The stack of every program, before a kernel sees it: Linux 6.1 refuses what 6.18 takes.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chainText, programSizes, stackLimit } from '../../../src/compiler/7-build/program-size.ts';
import { templateNames, templateObject } from '../../harness/kernel.ts';

const folder = mkdtempSync(join(tmpdir(), 'policyc-size-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** `take` leaves nobody the choice to keep `bytes` out of the stack; `loop` is a helper that calls back. */
const sample = `
#define NOINLINE __attribute__((noinline))
static void *(*const take)(void *bytes, long size) = (void *)6;
static long (*const loop)(unsigned count, void *callback, void *context, long flags) = (void *)181;
NOINLINE int leaf(int x) { return x * 3; }
NOINLINE int wide(int x) { char bytes[100]; take(bytes, 100); return bytes[x & 63] + leaf(x); }
NOINLINE int narrow(int x) { char bytes[33]; take(bytes, 33); return bytes[x & 31]; }
static NOINLINE int back(unsigned at, void *context) { char bytes[200]; take(bytes, 200); return bytes[at & 127]; }
__attribute__((section("tc"), used)) int flat(void *context) { return 1; }
__attribute__((section("tc"), used)) int deep(int *context) { return wide(context[0]) + narrow(context[1]); }
__attribute__((section("tc"), used)) int calls_back(int *context) { return loop(9, back, context, 0); }
`;

test('the deepest chain of calls, each frame in whole steps of 32 bytes', () => {
  const [source, object] = [join(folder, 'sample.c'), join(folder, 'sample.o')];
  writeFileSync(source, sample);
  execFileSync('clang', ['-O2', '-target', 'bpf', '-mcpu=v3', '-c', source, '-o', object]);
  const found = new Map(programSizes(readFileSync(object)).map(({ name, stack, chain }) => [name, [stack, chainText(chain)]]));
  assert.equal(found.get('flat'), [32, 'flat 32'], 'nothing is one step');
  assert.equal(found.get('deep'), [192, 'deep 32 + wide 128 + leaf 32'], 'not the sum of what is called');
  assert.equal(found.get('calls_back'), [256, 'calls_back 32 + back 224'], 'what a helper calls');
});

for (const template of templateNames())
  test(`${template} has the stack that every kernel gives`, () => {
    for (const { name, stack, chain } of programSizes(templateObject(template).bytes))
      assert.ok(stack <= stackLimit, `${name} needs ${stack} bytes of stack, ${stackLimit} are there: ${chainText(chain)}`);
  });

test.run();
