// The examples on the pages about codes, and what policyc says of them.
import type { SourceText } from '../../src/compiler/base/source.ts';
import { failuresOf, heldOf } from '../../src/compiler/cli/held.ts';
import { foundIn } from '../../src/compiler/cli/lint.ts';
import type { Code } from '../../src/compiler/diagnostics/catalog.ts';
import { checkUnit, planUnit } from '../../src/compiler/pipeline.ts';

type Examples = { readonly wrong: readonly SourceText[]; readonly right: readonly SourceText[]; readonly allow: readonly SourceText[] };

/** The policies and documents below each heading; one that follows a path in backticks is the file there. */
export function examplesOf(page: string): Examples {
  const sections = page.split(/^## /m);
  const below = (title: string): readonly SourceText[] =>
    sections
      .filter((section) => section.startsWith(`${title}\n`))
      .flatMap((section) => [...section.matchAll(/(?:^`([^`\n]+)`:\n\n)?^```(policy|yaml)\n([\s\S]*?)^```$/gm)])
      .map(([, path, language = 'policy', text = '']) => ({ path: path ?? `example.${language}`, text }));
  return { wrong: below('Wrong'), right: below('Right'), allow: below('Allow') };
}

/** Codes of all that is found: the target is asked by the pages about it alone, so are missing tests. */
export function findingsOf(sources: readonly SourceText[], code: Code): readonly Code[] {
  const checked = checkUnit(sources, { asOf: '2026-06-15', inventory: [{ app: 'web' }, { app: 'cart' }] });
  if (!checked.ok) return checked.diagnostics.map((one) => one.code);
  const found = [
    ...checked.diagnostics,
    ...(code.startsWith('plan/') ? planUnit(checked.value).diagnostics : []),
    ...(code.startsWith('lint/')
      ? foundIn(checked.value, { seconds: 60, ...(code === 'lint/unnoticed-change' && { mutants: true }) }).diagnostics
      : []),
    ...failuresOf(checked.value, heldOf(checked.value)).filter((one) => one.code !== 'test/none' || code === 'test/none'),
  ];
  return found.map((one) => one.code).filter((one) => one !== 'check/unknown-label' || code === 'check/unknown-label');
}
