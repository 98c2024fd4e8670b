// Runs what is run most of a built policyc, in one process, and writes what V8 compiled for it beside the script of the commands. More
// commands would make the cache larger, and every start slower.
// Usage: code-cache.ts SCRIPT, a path without its ending
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheOf, modulesOf, scriptOf } from '../src/compiler/cli/compiled-script.ts';

const [path = ''] = process.argv.slice(2);
const shop = join('policies', 'shop');

/** The shop with other rules. */
function editedShop(folder: string): string {
  cpSync(shop, folder, { recursive: true });
  const file = join(folder, 'shop.policy');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/at tcp 22\b/, 'at tcp [22, 443]').replaceAll('/usr/bin/curl', '/usr/bin/wget'));
  return folder;
}

async function runCommands(policyc: ReturnType<typeof modulesOf>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'policyc-code-cache-'));
  const { write } = process.stdout;
  process.stdout.write = () => true;
  try {
    const program = policyc.program();
    for (const words of [
      ['check', shop],
      ['diff', shop, editedShop(folder)],
    ])
      await program.policyc('', () => undefined).parseAsync(words, { from: 'user' });
  } finally {
    process.stdout.write = write;
    rmSync(folder, { recursive: true });
  }
}

const script = scriptOf(path);
await runCommands(modulesOf(script, dirname(path)));
writeFileSync(cacheOf(path), script.createCachedData());
