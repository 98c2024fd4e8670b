// One file: all that its text says, given the names that it sees. It asks nothing of other files but what they declare.

import type { Declaration, ResolvedFile } from '../ir/resolved.ts';
import { checkAnnotationType } from './annotation-types.ts';
import { annotationsOf, keepAnnotations } from './annotations.ts';
import { reportUnused } from './bind-imports.ts';
import { invariantsOf } from './invariants.ts';
import { computingOrder } from './order.ts';
import { policyOf } from './policies.ts';
import type { FileScope } from './scopes.ts';
import { serviceOf } from './services.ts';
import { testsOf, type UncheckedTest } from './tests.ts';
import type { Place, Unit } from './unit.ts';
import { checkBlock, usesOf } from './uses.ts';
import { boundValue, listValue } from './values.ts';

/** `tests`: what they say of policies is still to be looked up. */
export type FileResult = { readonly file: ResolvedFile; readonly tests: readonly UncheckedTest[] };

export function resolveFile(unit: Unit, scope: FileScope): FileResult {
  const { file, base } = scope;
  const place: Place = { unit, scope, allowances: [], annotations: [] };
  const { source } = file;
  annotationsOf(place, file.annotations, { target: 'file', scope: { source, start: 0, end: source.text.length } });
  for (const one of file.annotationTypes) checkAnnotationType(unit, one);
  const declarations = file.declarations.map(({ kind, name, value, annotations, span }): Declaration => {
    keepAnnotations(place, annotations, { target: 'declaration', scope: span });
    return { kind, name: name.text, span: name.span, value: kind === 'list' ? listValue(place, value) : boundValue(place, value) };
  });
  for (const block of file.rules) checkBlock(place, block);
  const uses = usesOf(declarations, place);
  const policies = file.policies.map((policy) => policyOf(place, policy, uses));
  const tests = testsOf(place, file.tests);
  const invariants = invariantsOf(place, file.invariants);
  const services = file.services.map((service) => serviceOf(place, service));
  reportUnused(scope, unit);
  const { allowances, annotations } = place;
  const order = computingOrder(declarations, base, unit.report);
  return {
    file: { base, declarations, order, policies, tests: tests.map(({ test }) => test), invariants, services, allowances, annotations },
    tests,
  };
}
