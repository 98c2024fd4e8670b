// What all parts of this phase share: where to report, what to suggest, and where names are looked up.
import { closest } from '../base/closest.ts';
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import type { Name } from '../ir/ast.ts';
import type { Allowance, ResolvedAnnotation, Value } from '../ir/resolved.ts';
import type { FileScope, Named, ParameterKind } from './scopes.ts';

export type Unit = {
  readonly report: Report;
  readonly domains: Domains;
  /** The known name nearest to one; undefined when none is near, or when too many were compared already. */
  readonly suggest: (name: string, known: Iterable<string>) => string | undefined;
  /** What a file declares for others under a name, for hints. */
  readonly exported: (name: string) => Exported | undefined;
};
export type Exported = { readonly kind: Named['kind']; readonly path: string; readonly span: Span };

/** Comparisons of names in one file: enough for any real one, few enough for a hostile one. */
const mostComparisons = 300_000;

export function newUnit(domains: Domains, report: Report, exported: Unit['exported']): Unit {
  let compared = 0;
  const counted = function* (known: Iterable<string>): Iterable<string> {
    for (const name of known) {
      if (compared++ > mostComparisons) return;
      yield name;
    }
  };
  return { report, domains, exported, suggest: (name, known) => closest(name, counted(known)) };
}

/** A parameter of a `rules` block. While the block itself is looked at, it has no declaration and no value yet. */
export type Parameter = {
  readonly kind: ParameterKind;
  readonly span: Span;
  readonly declaration: number;
  /** Of a `peer`: what stands in its place. */
  readonly value: Value;
  used: boolean;
};

/** Where something stands: which names it sees, and where what is found beside rules is kept. */
export type Place = {
  readonly unit: Unit;
  readonly scope: FileScope;
  readonly allowances: Allowance[];
  /** Of what carries none. */
  readonly annotations: ResolvedAnnotation[];
  readonly parameters?: ReadonlyMap<string, Parameter>;
};

/** A place whose mistakes were told before: `rules` blocks are looked at once, and written out silently. */
export const silent = (place: Place): Place => ({
  ...place,
  unit: { ...place.unit, report: () => undefined, suggest: () => undefined },
  allowances: [],
  annotations: [],
});

type Expected = { readonly expected: string; readonly known: Iterable<string> };

/** Reports a word that is none of the known ones. */
export function refuseWord({ report, suggest }: Unit, { text, span }: Name, { expected, known }: Expected): void {
  report('resolve/unknown-word', span, { expected, word: text, suggestion: suggest(text, known) });
}
