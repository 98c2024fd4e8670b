// The one way that generated files are written: all that are stale; with --check nothing is written, and a stale one fails.
import { readFileSync, writeFileSync } from 'node:fs';

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

/** `generated`: path from the project's root -> its text. */
export function writeGenerated(generated: Readonly<Record<string, () => string>>): void {
  const stale = Object.entries(generated).filter(([file, print]) => read(file) !== print());
  if (process.argv.includes('--check')) {
    for (const [file] of stale) console.error(`${file} is stale: run \`npm run generate\``);
    process.exitCode = stale.length > 0 ? 1 : 0;
  } else {
    for (const [file, print] of stale) writeFileSync(file, print());
  }
}
