// The one-line change of the demo: one more request of the cart API.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const before = '      GET  "/cart/{id}"\n';
const added = '      DELETE "/cart/{id}"\n';

/** The line of `text` on which the test says what the change makes wrong. */
const testLine = /^.*DELETE "\/cart\/42".*is denied\n/m;

/** Copies the policies and puts the line in (and takes out the test line that contradicts it). Gives the added line. */
export function makeChange(from: string, to: string): string {
  cpSync(from, to, { recursive: true });
  const file = join(to, 'shop.policy');
  const text = readFileSync(file, 'utf8');
  if (!text.includes(before) || !testLine.test(text)) throw new Error('the demo no longer finds its line in shop.policy');
  writeFileSync(file, text.replace(before, before + added).replace(testLine, ''));
  return added.trim();
}
