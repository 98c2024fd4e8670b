// The verdicts of other engines, where their files stand beside the project (`../shared/conformance`). Where they do not, that is said.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readCases } from '../../scripts/conformance/format.ts';
import { runCase } from '../../scripts/conformance/run-case.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'shared', 'conformance');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];

if (files.length === 0) {
  console.log(`SKIP cases: there is no ${join('..', 'shared', 'conformance')} beside the project`);
  test.skip('cases', () => undefined);
}

for (const file of files) {
  test(`${file}: every flow has the engine's verdict`, () => {
    const cases = readCases(readFileSync(join(folder, file), 'utf8'));
    const wrong = cases.flatMap((one) =>
      runCase(one).mistakes.map(({ flow, text }) => `${one.name}: ${text} ${flow ? JSON.stringify(flow) : ''}`),
    );
    assert.equal(wrong.slice(0, 20), [], `${wrong.length} differences in ${file}`);
  });
}

test.run();
