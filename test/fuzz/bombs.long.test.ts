// Texts of at most 64 KiB that ask for much end: with a policy, or with findings that name a limit.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bombs } from './bombs.ts';
import { through } from './through.ts';

/** Of the processor, for one step; several times what an idle machine takes, because this one is rarely idle. */
const longest = 8000;

for (const [name, text] of Object.entries(bombs)) {
  test(name, () => {
    const { problems, slowest } = through(text);
    assert.equal(problems, []);
    assert.ok(slowest.milliseconds <= longest, `${slowest.step} takes ${Math.round(slowest.milliseconds)} ms`);
  });
}

test.run();
