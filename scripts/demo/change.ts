// The one-line change of the demo: one more request of the cart API.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const place = '      GET "/cart/{id}"\n';
const added = '      DELETE "/cart/{id}"\n';

/** The line of `text` on which the test says what the change makes wrong. */
const testLine = /^.*DELETE "\/cart\/42".*is denied.*\n/m;

/** Copies the policies to `before` and `after` and puts the line into the second (and takes out the test line that contradicts it). Gives the line. */
export function makeChange(from: string, before: string, after: string): string {
  for (const to of [before, after]) cpSync(from, to, { recursive: true });
  const file = join(after, 'shop.policy');
  const text = readFileSync(file, 'utf8');
  if (!text.includes(place) || !testLine.test(text)) throw new Error('the demo no longer finds its line in shop.policy');
  writeFileSync(file, text.replace(place, place + added).replace(testLine, ''));
  return added.trim();
}
