// A session gives what a compilation from nothing gives, and parses again only what changed.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SourceText } from '../../src/compiler/base/source.ts';
import { renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import { checkUnit, Session } from '../../src/compiler/pipeline.ts';

const policyOf = (name: string, rule: string): SourceText => ({
  path: `${name}.policy`,
  text: `policy ${name} for { app: "${name}" } { ingress { ${rule} } }\n`,
});
const said = (sources: readonly SourceText[], session?: Session): string => {
  const { ok, diagnostics } = checkUnit(sources, session ? { session } : {});
  return `${ok} ${renderDiagnostics(diagnostics, { color: false })}`;
};

test('the same findings as from nothing, after each change', () => {
  const session = new Session();
  const good = policyOf('a', 'allow from host at tcp 22');
  const units: readonly (readonly SourceText[])[] = [
    [good, policyOf('b', 'deny at tcp 80')],
    [good, policyOf('b', 'allow from 10.0.0.1/8')],
    [good, policyOf('b', 'allow from')],
    [good, policyOf('b', 'allow from')],
    [good],
    [policyOf('b', 'allow from'), good],
  ];
  for (const sources of units) assert.is(said(sources, session), said(sources));
});

test('a file of the same text keeps its tree, another one and a forgotten one does not', () => {
  const session = new Session();
  const treesOf = (...sources: readonly SourceText[]) => {
    const checked = checkUnit(sources, { session });
    assert.ok(checked.ok);
    return checked.ok ? checked.value.ast.files : [];
  };
  const [a, b, changed] = [policyOf('a', ''), policyOf('b', ''), policyOf('b', 'allow from host')];
  const first = treesOf(a, b);
  const second = treesOf({ ...a }, changed);
  assert.is(second[0], first[0]);
  assert.is.not(second[1], first[1]);
  treesOf(changed);
  assert.is.not(treesOf(a)[0], first[0]);
});

test.run();
