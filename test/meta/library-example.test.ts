// The example of the README about the library prints what stands below it. That it has types is tested with the package.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from './imports.ts';

const [, example = '', output = ''] =
  /^```ts\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)^```$/m.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];

test('the example of the README does what it says', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'policyc-example-'));
  try {
    writeFileSync(join(folder, 'example.ts'), example);
    const outfile = join(folder, 'example.mjs');
    const alias = { policyc: join(root, 'src', 'compiler', 'index.ts') };
    const banner = {
      js: "import { createRequire as exampleRequire } from 'node:module';\nconst require = exampleRequire(import.meta.url);",
    };
    await build({
      absWorkingDir: root,
      entryPoints: [join(folder, 'example.ts')],
      outfile,
      alias,
      banner,
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
    const { stdout, stderr } = spawnSync(process.execPath, [outfile], { encoding: 'utf8' });
    assert.is(stderr, '');
    assert.is(stdout, output);
    assert.not.equal(output, '');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
