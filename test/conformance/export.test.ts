// The policies of other engines' cases, read, written as Cilium's and read again: the comparison finds no event that fares otherwise,
// and every flow of the case has its verdict still. A sample, where the files stand beside the project.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readCases } from '../../scripts/conformance/format.ts';
import { runCase } from '../../scripts/conformance/run-case.ts';
import { optionsOf } from '../../scripts/conformance/settings.ts';
import { checkUnit, diffUnits, documentsText, exportUnit } from '../../src/compiler/pipeline.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'shared', 'conformance');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json') && !/tiers|invalid/.test(name)) : [];
const step = Number(process.env['STEP'] ?? 25);

if (files.length === 0) {
  console.log(`SKIP cases: there is no ${join('..', 'shared', 'conformance')} beside the project`);
  test.skip('cases', () => undefined);
}

for (const file of files) {
  test(`${file}: written again, the policies mean the same`, () => {
    let proved = 0;
    const cases = readCases(readFileSync(join(folder, file), 'utf8')).filter((one, i) => i % step === 0 && !one.errors);
    for (const one of cases.filter(({ policies }) => !/kind: (?:Baseline)?(?:Admin|Cluster)NetworkPolicy/.test(policies))) {
      const documents = optionsOf(one);
      const before = checkUnit([{ path: 'before.yaml', text: one.policies }], { documents });
      const exported = before.ok ? exportUnit(before.value, 'cilium', { documents }) : before;
      if (!before.ok || !exported.ok) continue;
      const policies = documentsText(exported.value);
      const after = checkUnit([{ path: 'after.yaml', text: policies }], { documents });
      assert.ok(after.ok, `${one.name}: ${JSON.stringify(after.diagnostics.map(({ message }) => message))}`);
      if (!after.ok) continue;
      const differences = diffUnits(before.value, after.value);
      if (differences.ok)
        assert.equal(
          differences.value.filter(({ effect }) => effect.startsWith('newly')),
          [],
          one.name,
        );
      const wrong = runCase({ ...one, policies }).mistakes.filter(({ flow }) => flow);
      assert.equal(
        wrong.slice(0, 5).map(({ text }) => text),
        [],
        one.name,
      );
      proved++;
    }
    assert.ok(proved > 0 || cases.length === 0);
  });
}

test.run();
