// What the documents say holds: their policy examples compile without a finding and their tests hold, their links lead somewhere, the
// commands that they name are commands of package.json.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { failuresOf, heldOf } from '../../src/compiler/cli/held.ts';
import { renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import { checkUnit } from '../../src/compiler/pipeline.ts';
import { root } from './imports.ts';

const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'grammar/README.md',
  'policies/README.md',
  'docs/review.md',
  'docs/replay.md',
  'docs/connections.md',
];
const textOf = (document: string) => readFileSync(join(root, document), 'utf8');

/** Fenced blocks of one language, with the line on which each begins. */
const fenced = (document: string, language: string) =>
  [...textOf(document).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(({ 1: text = '', index }) => ({
    path: `${document}:${textOf(document).slice(0, index).split('\n').length}`,
    text,
  }));

for (const document of documents) {
  test(`policy examples of ${document} compile and hold`, () => {
    for (const source of fenced(document, 'policy')) {
      const checked = checkUnit([source]);
      const failures = checked.ok ? failuresOf(checked.value, heldOf(checked.value)).filter(({ code }) => code !== 'test/none') : [];
      assert.is(renderDiagnostics([...checked.diagnostics, ...failures], { color: false }), '', source.path);
    }
  });

  test(`links of ${document} lead to files`, () => {
    const targets = [...textOf(document).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, target = '']) => target);
    const broken = targets.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(document), target)));
    assert.equal(broken, []);
  });

  test(`npm commands of ${document} exist`, () => {
    const { scripts } = JSON.parse(textOf('package.json'));
    const named = [...textOf(document).matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name);
    assert.equal(
      named.filter((name) => scripts[name] === undefined),
      [],
    );
  });
}

test('the README shows a policy', () => {
  assert.ok(fenced('README.md', 'policy').length > 0);
});

test.run();
