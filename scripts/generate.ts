// Writes the files that are generated from the sources; with --check it fails where one is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { abiHeader } from '../src/compiler/6-emit/header.ts';

const generated: Readonly<Record<string, () => string>> = {
  'bpf/templates/include/abi.generated.h': abiHeader,
};

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

const stale = Object.entries(generated).filter(([file, print]) => read(file) !== print());
if (process.argv.includes('--check')) {
  for (const [file] of stale) console.error(`${file} is stale: run \`npm run generate\``);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [file, print] of stale) writeFileSync(file, print());
}
