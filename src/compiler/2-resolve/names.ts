// What a name stands for at its place, and what is said of one that stands for nothing.
import type { Span } from '../base/source.ts';
import type { DeclarationKind, Name } from '../ir/ast.ts';
import type { Value } from '../ir/resolved.ts';
import { relativePath } from './imports.ts';
import type { Binding, Named } from './scopes.ts';
import type { Parameter, Place } from './unit.ts';

/** `what`: its kind as messages call it; `span`: where it is declared. */
export type Found = { readonly name: string; readonly what: string; readonly span: Span } & (
  | { readonly kind: 'set'; readonly type: DeclarationKind; readonly declaration: number }
  | { readonly kind: 'peer'; readonly value: Value }
  | { readonly kind: 'rules' | 'annotation' }
);

/** The parameter or the declaration of this name. */
export function seenIn({ parameters, scope }: Place, name: string): Found | undefined {
  const parameter = parameters?.get(name);
  if (parameter) return ofParameter(name, parameter);
  const binding = scope.names.get(name);
  return binding && ofBinding(name, binding);
}

/** As seenIn; it counts as used then. */
export function foundIn(place: Place, name: string): Found | undefined {
  const counted = place.parameters?.get(name) ?? place.scope.names.get(name);
  if (counted) counted.used = true;
  return seenIn(place, name);
}

function ofParameter(name: string, { kind, span, declaration, value }: Parameter): Found {
  if (kind === 'peer') return { kind, name, what: 'the peer parameter', span, value };
  return { kind: 'set', name, what: kind, span, type: kind, declaration };
}

function ofBinding(name: string, { named, declared: span }: Binding): Found {
  if (named.kind === 'set') return { kind: 'set', name, what: named.type, span, type: named.type, declaration: named.declaration };
  return { kind: named.kind, name, what: named.kind === 'rules' ? 'the rules block' : 'the annotation', span };
}

/** Names that stand for something of a kind here, to suggest one. */
export function* namesOf({ parameters, scope }: Place, wanted: (found: Found) => boolean): Iterable<string> {
  for (const [name, parameter] of parameters ?? []) if (wanted(ofParameter(name, parameter))) yield name;
  for (const [name, binding] of scope.names) if (wanted(ofBinding(name, binding))) yield name;
}

/** Reports a name that stands for nothing here, unless that has been told already. */
export function refuseName(place: Place, name: Name, [known, kind]: readonly [Iterable<string>, kind: 'name' | 'rules block']): void {
  const { unit, scope } = place;
  const { text, span } = name;
  if (scope.excused.has(text) || refuseForeign(place, name, kind === 'rules block' ? 'rules' : 'set')) return;
  unit.report('resolve/unknown-name', span, { kind, name: text, suggestion: unit.suggest(text, known) });
}

/** Reports a name of something of this kind that another file declares. */
export function refuseForeign({ unit, scope }: Place, { text, span }: Name, kind: Named['kind']): boolean {
  const other = unit.exported(text);
  if (other?.kind !== kind) return false;
  const path = relativePath(scope.file.source.path, other.path);
  unit.report('resolve/not-imported', [span, other.span], { name: text, path });
  return true;
}
