// The policies under policies/ are what they are shown for: each folder checks without a finding on the day of the suite, its tests
// and invariants hold, its files are in canonical form, and all but the explained changes of its rules are noticed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mutate } from '../../src/compiler/analysis/mutation.ts';
import { failuresOf, heldOf } from '../../src/compiler/cli/held.ts';
import { renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import { format } from '../../src/compiler/format/index.ts';
import { type CheckedUnit, checkUnit } from '../../src/compiler/pipeline.ts';

const root = join(import.meta.dirname, '..', '..', 'policies');
/** Before every `@until` of the suite. */
const asOf = '2026-11-21';
const situations = readdirSync(root, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []));

/** Why some changes are not noticed stands in policies/README.md. */
const unnoticed: Readonly<Record<string, number>> = { quarantine: 2, tenants: 2 };

const sourcesOf = (situation: string) =>
  readdirSync(join(root, situation), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.policy'))
    .sort()
    .map((path) => ({ path: `${situation}/${path}`, text: readFileSync(join(root, situation, path), 'utf8') }));

const checkedUnits = new Map<string, CheckedUnit>();

for (const situation of situations) {
  test(`${situation}: no finding, and every test and invariant holds`, () => {
    const checked = checkUnit(sourcesOf(situation), { asOf });
    const failures = checked.ok ? failuresOf(checked.value, heldOf(checked.value)) : [];
    assert.is(renderDiagnostics([...checked.diagnostics, ...failures], { color: false }), '');
    if (!checked.ok) return;
    assert.ok(checked.value.typed.invariants.length > 0, 'it has an invariant');
    checkedUnits.set(situation, checked.value);
  });

  test(`${situation}: in canonical form`, () => {
    for (const source of sourcesOf(situation)) assert.equal(format(source), { ok: true, text: source.text });
  });

  test(`${situation}: every change of a rule is noticed, but for the explained ones`, () => {
    const unit = checkedUnits.get(situation);
    if (!unit) return;
    const { noticed, survivors } = mutate(unit.typed);
    const left = survivors.map(({ mutant }) => `${mutant.policy.name}: ${mutant.rule?.text ?? ''}: ${mutant.what}`);
    assert.is(left.length, unnoticed[situation] ?? 0, left.join('\n'));
    assert.ok(noticed > 40, String(noticed));
  });
}

test('at least the situations of the README, and no more', () => {
  const named = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^\| \[`([a-z-]+)`\]/gm)].map(([, name = '']) => name);
  assert.equal(named.sort(), situations.sort());
});

test.run();
