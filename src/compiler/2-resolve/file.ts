// One file: all that its text says, given the names that it sees. It asks nothing of other files but what they declare.

import type { Allowance, Declaration, ResolvedAnnotation, ResolvedInvariant } from '../ir/resolved.ts';
import { checkAnnotationType } from './annotation-types.ts';
import { annotationsOf, keepAnnotations } from './annotations.ts';
import { reportUnused } from './bind-imports.ts';
import { invariantsOf } from './invariants.ts';
import { policyOf, type UnnumberedPolicy } from './policies.ts';
import type { FileScope } from './scopes.ts';
import { testsOf, type UncheckedTest } from './tests.ts';
import type { Place, Unit } from './unit.ts';
import { checkBlock, usesOf } from './uses.ts';
import { boundValue, listValue } from './values.ts';

/** `declarations`: those of the file and of the arguments of its uses, from the index `base` of its scope. */
export type ResolvedFile = {
  readonly declarations: readonly Declaration[];
  readonly policies: readonly UnnumberedPolicy[];
  readonly tests: readonly UncheckedTest[];
  readonly invariants: readonly ResolvedInvariant[];
  readonly allowances: readonly Allowance[];
  readonly annotations: readonly ResolvedAnnotation[];
};

export function resolveFile(unit: Unit, scope: FileScope): ResolvedFile {
  const { file } = scope;
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
  reportUnused(scope, unit);
  return { declarations, policies, tests, invariants, allowances: place.allowances, annotations: place.annotations };
}
