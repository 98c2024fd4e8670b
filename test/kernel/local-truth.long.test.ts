// What would be lost without a measure of docs/local-truth.md? Each is taken away, and a test of its row fails.
// MEASURE=part of a test's name for some of them.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bundle } from '../../scripts/test/bundle.ts';
import { faultPlugin, faultyTemplates } from '../harness/faulted.ts';
import { atEnd, kernelTest, projectRoot } from '../harness/kernel.ts';
import { type Measure, measures } from '../harness/local-truth-faults.ts';

const wanted = process.env['MEASURE'] ?? '';
const programs = join(projectRoot, 'build', `measures-${process.pid}`);
atEnd(() => rmSync(programs, { recursive: true, force: true }));

/** The command line of the test's file without the measure, and what it is told. */
async function without({ fault, test: { file } }: Measure, place: number) {
  if (!fault.file.endsWith('.ts')) return { command: ['--import', 'tsx', file], told: { TEMPLATES: faultyTemplates(fault) } };
  const bundles = await bundle([file], join(programs, String(place)), [faultPlugin(fault)]);
  return { command: [bundles.get(file) ?? ''], told: { FAULT_AT: String(place) } };
}

measures.forEach((measure, place) => {
  const { name } = measure.test;
  if (!name.includes(wanted)) return;
  kernelTest(`without the measure it fails: ${measure.row}. ${name}`, async () => {
    const { command, told } = await without(measure, place);
    const environment = { ...process.env, ...told, ONLY: name };
    const { status, stdout, stderr } = spawnSync(process.execPath, command, {
      cwd: projectRoot,
      encoding: 'utf8',
      env: environment,
      timeout: 120_000,
    });
    assert.is.not(status, 0);
    // By an assertion: what does not load, or compile, is no proof.
    assert.ok(
      stdout.includes(`FAIL  "${name}`) && /\((?:is|equal|ok|match|throws|unreachable|not|is\.not|not\.ok)\)\n/.test(stdout),
      `${stdout}${stderr}`,
    );
  });
});

test.run();
