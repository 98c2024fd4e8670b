// Every trick that readers of requests are known for has its tests, and each of those goes both ways.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evasions } from '../harness/http-evasions.ts';
import { carriedTricks, tricks } from '../harness/http-tricks.ts';
import { projectRoot } from '../harness/kernel.ts';

/** Of a kernel test. */
const sourceOf = (name: string): string => readFileSync(join(projectRoot, 'test', 'kernel', `${name}.test.ts`), 'utf8');
const eachOf = (name: string): RegExp => new RegExp(`for \\(const .* of (Object\\.entries\\()?${name}\\b`);

test('each trick has a test', () => {
  const known = new Set<string>([...Object.keys(evasions), ...carriedTricks]);
  for (const [trick, tests] of Object.entries(tricks)) {
    assert.ok(tests.length > 0, trick);
    for (const name of tests) assert.ok(known.has(name), `${trick}: no test is called ${name}`);
  }
});

test('all that is sent goes both ways', () => {
  for (const name of ['http', 'http-egress']) assert.match(sourceOf(name), eachOf('evasions'), name);
});

test('all ways to send it go both ways', () => {
  const source = sourceOf('http-transports');
  assert.match(source, eachOf('carriedTricks'));
  assert.match(source, eachOf('ways'));
  // Those that the loop leaves out.
  const [, excepted = ''] = /Exclude<CarriedTrick, ([^>]*)>/.exec(source) ?? [];
  for (const [, name = ''] of excepted.matchAll(/'([^']+)'/g))
    assert.match(source, new RegExp(`eachWay\\('${name}', \\{ ingress: .*, egress: .* \\}\\)`), name);
});

test.run();
