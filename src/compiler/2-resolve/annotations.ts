// `@owner("...")`: which annotation it is, whether it may stand there, and what its values have to be. `@allow` becomes
// an allowance of what it stands at.
import type { Span } from '../base/source.ts';
import type { AnnotationAst } from '../ir/ast.ts';
import type { ResolvedAnnotation } from '../ir/resolved.ts';
import { refuseForeign } from './names.ts';
import type { Place } from './unit.ts';
import { type AnnotationTarget, type AnnotationType, builtInAnnotations } from './vocabulary.ts';

const none: readonly ResolvedAnnotation[] = [];

type At = { readonly target: AnnotationTarget /** What `@allow` covers. */; readonly scope: Span };

/** The annotations of one thing; those that cannot stand there are reported and left out. */
export function annotationsOf(place: Place, written: readonly AnnotationAst[], at: At): readonly ResolvedAnnotation[] {
  if (written.length === 0) return none;
  const firsts = new Map<string, Span>();
  return written.flatMap((annotation) => {
    if (annotation.name.text === 'allow') {
      allow(place, annotation, at.scope);
      return [];
    }
    return annotationOf(place, annotation, [at.target, firsts]) ?? [];
  });
}

/** Of what carries no annotations: they are kept only to be checked. */
export const keepAnnotations = (place: Place, written: readonly AnnotationAst[], at: At): void => {
  place.annotations.push(...annotationsOf(place, written, at));
};

function allow(place: Place, { values: [code, reason, extra], span }: AnnotationAst, scope: Span): void {
  const hint = 'write `@allow("CODE", "REASON")`';
  if (extra) place.unit.report('resolve/misplaced', extra.span, { what: 'a third value', where: 'in `@allow`', hint });
  place.allowances.push({ code, reason, scope, span });
}

/** Nothing but `@allow` stands there. */
const carriesNone: ReadonlySet<AnnotationTarget> = new Set(['file', 'rules block']);

type Where = readonly [target: AnnotationTarget, firsts: Map<string, Span>];

function annotationOf(place: Place, { name, values, span }: AnnotationAst, [target, firsts]: Where): ResolvedAnnotation | undefined {
  const { report } = place.unit;
  const builtIn = builtInAnnotations.get(name.text);
  const type = builtIn ?? declaredType(place, name);
  if (!type) return undefined;
  const first = builtIn?.once ? firsts.get(name.text) : undefined;
  firsts.set(name.text, span);
  const at = builtIn?.at;
  if (carriesNone.has(target) || (at && !at.includes(target))) {
    const where = target === 'file' ? 'before a whole file' : `before a ${target}`;
    const hint = at ? `it stands at a ${at.join(' or a ')}` : 'write it before a policy, a declaration or a rule';
    report('resolve/misplaced', span, { what: `\`@${name.text}\``, where, hint });
    return undefined;
  }
  if (first) report('resolve/twice', [span, first], { what: `\`@${name.text}\`` });
  const { types, choices } = type;
  return { name: name.text, span, values, types, ...(choices ? { choices } : {}) };
}

/** The type of an annotation that is declared in the language; undefined after a report. */
function declaredType(place: Place, name: AnnotationAst['name']): AnnotationType | undefined {
  const { unit, scope } = place;
  const binding = scope.names.get(name.text);
  if (binding?.named.kind === 'annotation') {
    binding.used = true;
    return binding.named.type;
  }
  if (scope.excused.has(name.text) || (!binding && refuseForeign(place, name, 'annotation'))) return undefined;
  const near = unit.suggest(name.text, annotationNames(place));
  const suggestion = near === undefined ? undefined : `@${near}`;
  unit.report('resolve/unknown-name', name.span, { kind: 'annotation', name: `@${name.text}`, suggestion });
  return undefined;
}

function* annotationNames({ scope }: Place): Iterable<string> {
  yield* builtInAnnotations.keys();
  for (const [name, { named }] of scope.names) if (named.kind === 'annotation') yield name;
}
