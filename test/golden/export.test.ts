// Golden exports: each folder of export/ is a unit; its name begins with the target. expected.yaml is what `policyc export` prints,
// expected.txt what it cannot say. Read again, the documents mean the same: proved by the comparison of the two. `UPDATE=1` rewrites.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import type { Decided, Verdict } from '../../src/compiler/ir/event.ts';
import { type CheckedUnit, checkUnit, diffUnits, documentsText, exportTargets, exportUnit } from '../../src/compiler/pipeline.ts';

const root = join(import.meta.dirname, 'export');
const update = process.env['UPDATE'] === '1';

function held(file: string, found: string): void {
  if (update) writeFileSync(file, found);
  assert.ok(existsSync(file), 'not there: run with UPDATE=1 and read it');
  assert.fixture(found, readFileSync(file, 'utf8'));
}

const shown = (value: unknown): string => JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one));

/** What is done, and would be: another rule may do it, but not another thing. */
function doneBy({ audit, ...enforced }: Verdict, { typed }: CheckedUnit): string {
  const of = ({ action, cause }: Decided): string => (action === 'allowed' ? action : cause.kind === 'rule' ? String(typed.rules[cause.rule]?.action) : 'deny');
  return `${of(enforced)} ${audit ? of(audit) : ''}`;
}

function sameMeaning(before: CheckedUnit, documents: string): void {
  const again = checkUnit([{ path: 'expected.yaml', text: documents }]);
  assert.ok(again.ok, renderDiagnostics(again.diagnostics, { color: false }));
  if (!again.ok) return;
  const differences = diffUnits(before, again.value);
  assert.ok(differences.ok, renderDiagnostics(differences.diagnostics, { color: false }));
  if (!differences.ok) return;
  const found = differences.value
    .filter(({ effect, witness }) => effect !== 'another-rule' || doneBy(witness.before, before) !== doneBy(witness.after, again.value))
    .map(({ effect, domain, witness }) => `${domain} ${effect} ${shown(witness)}`);
  assert.equal(found, []);
}

for (const name of readdirSync(root).sort()) {
  test(`export/${name}`, () => {
    const folder = join(root, name);
    const target = exportTargets.find((one) => name.startsWith(`${one}-`));
    const checked = checkUnit([{ path: 'input.policy', text: readFileSync(join(folder, 'input.policy'), 'utf8') }]);
    assert.ok(checked.ok && target, renderDiagnostics(checked.diagnostics, { color: false }));
    if (!checked.ok || !target) return;
    const exported = exportUnit(checked.value, target);
    held(join(folder, 'expected.txt'), renderDiagnostics(exported.diagnostics, { color: false }) || 'nothing to say\n');
    if (!exported.ok) return;
    const text = documentsText(exported.value);
    held(join(folder, 'expected.yaml'), text);
    sameMeaning(checked.value, text);
  });
}

test.run();
