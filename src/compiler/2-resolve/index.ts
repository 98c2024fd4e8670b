// Ast -> ResolvedPolicy: binds names and words, mints PolicyIds and RuleIds.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import type { Ast, FileAst } from '../ir/ast.ts';
import type { ResolvedPolicy } from '../ir/resolved.ts';
import { computingOrder } from './order.ts';
import { policiesOf } from './policies.ts';
import { reportUnused, scopesOf } from './scopes.ts';
import { testsOf } from './tests.ts';
import { newUnit, refuseWord, type Unit } from './unit.ts';
import { boundValue } from './values.ts';
import { reservedWords } from './vocabulary.ts';

export { importedPath, missingSources } from './imports.ts';

/** Binds every name of the unit; what could not be bound is reported and `missing`. */
export function resolve(ast: Ast, domains: Domains, report: Report): ResolvedPolicy {
  const unit = newUnit(domains, report);
  const scopes = scopesOf(ast, unit);
  for (const file of ast.files) refuseForeign(unit, file);
  const declarations = scopes.declared.map(({ ast: { kind, name, value }, scope }) => ({
    kind,
    name: name.text,
    span: name.span,
    value: boundValue({ unit, scopes, scope }, value),
  }));
  const order = computingOrder(declarations, report);
  const { policies, rules } = policiesOf(scopes, unit);
  const tests = testsOf(scopes, unit);
  if (unit.unsupported.length === 0) reportUnused(scopes, unit);
  return { declarations, order, policies, rules, tests, unsupported: unit.unsupported };
}

function refuseForeign(unit: Unit, { foreign }: FileAst): void {
  for (const { word, annotation } of foreign) {
    if (annotation) unit.unsupported.push({ what: `annotation \`@${word.text}\``, span: word.span });
    else
      refuseWord(unit, word, {
        place: 'item',
        expected: 'a declaration (`workload`, `network`, `port`, `policy`, `test`)',
        known: reservedWords,
      });
  }
}
