// A share of the long run (many.ts): nothing throws, every finding stands inside its file, nothing takes longer than a second.
// Files in cases/ are inputs that once did otherwise.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bombs } from './bombs.ts';
import { inputOf } from './inputs.ts';
import { type Passage, through } from './through.ts';

const cases = join(import.meta.dirname, 'cases');
/** Of the processor; twice as much as an idle machine may take, because this one is rarely idle. */
const longest = 2000;
/** Bytes; the larger ones are for bombs.long.test.ts, but for a few that once took very long. */
const smallBomb = 3000;
const once = ['exec glob *, 5000 bytes', 'exec under, 5000 bytes', 'http **, 5000 bytes'];

/** The first try may meet the optimizer or the collector of garbage: what is slow has to be slow again. */
function passage(input: string | Buffer): Passage {
  const first = through(input);
  return first.slowest.milliseconds > longest ? through(input) : first;
}

function holds(name: string, input: string | Buffer): Passage {
  const found = passage(input);
  assert.equal(found.problems, [], name);
  assert.ok(found.slowest.milliseconds <= longest, `${name}: ${found.slowest.step} takes ${Math.round(found.slowest.milliseconds)} ms`);
  return found;
}

test('random inputs end with findings or a policy', () => {
  const reached = Array.from({ length: 600 }, (_, index) => holds(`input ${index} of run 1`, inputOf(1, index)).reached);
  assert.equal([...new Set(reached)].sort(), ['check', 'emit', 'parse', 'source'], 'inputs get to every step');
});

for (const name of readdirSync(cases).sort()) test(`case ${name}`, () => void holds(name, readFileSync(join(cases, name))));

for (const [name, text] of Object.entries(bombs))
  if (text.length <= smallBomb || once.includes(name)) test(`bomb: ${name}`, () => void holds(name, text));

test.run();
