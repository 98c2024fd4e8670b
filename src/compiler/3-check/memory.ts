// What is kept of one compilation for the next: files whose resolved form is the same (then that of what they import is,
// too), and policies and rules whose ids are the same.
import { withWrittenPlace } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import { ruleId } from '../ir/ids.ts';
import type { Declaration, ResolvedFile } from '../ir/resolved.ts';
import type { DomainMatch, Rule } from '../ir/typed.ts';
import { mostParts } from './declarations.ts';
import { type CheckedFile, checkFile, type Place, type Places } from './file.ts';
import type { CheckedPolicy, Numbered } from './rules/finding.ts';
import type { Context, DeclaredSet } from './sets.ts';

/** Matches that are kept; a session that has met more begins anew. */
const mostMatches = 100_000;

export type CheckedFiles = {
  readonly checked: ReadonlyMap<ResolvedFile, CheckedFile>;
  readonly sets: Context['sets'];
};

export class CheckMemory {
  readonly #files = new WeakMap<ResolvedFile, CheckedFile>();
  #matches = new Map<string, DomainMatch>();

  /** Checks files, each of which comes after those that it imports from. */
  files(files: readonly ResolvedFile[], places: Places, { domains, report }: Checking): CheckedFiles {
    const size = files.reduce((most, { base, declarations }) => Math.max(most, base + declarations.length), 0);
    const sets = new Array<DeclaredSet | undefined>(size);
    const declarations = new Array<Declaration | undefined>(size);
    const checked = new Map<ResolvedFile, CheckedFile>();
    if (this.#matches.size > mostMatches) this.#matches = new Map();
    const around = { domains, context: { report, declarations, sets }, places, matches: this.#matches };
    let parts = 0;
    for (const file of files) {
      for (const [place, one] of file.declarations.entries()) declarations[file.base + place] = one;
      const kept = this.#files.get(file);
      const isKept = kept !== undefined && parts + kept.parts <= mostParts;
      const found = isKept ? kept : checkFile(file, { ...around, parts });
      if (isKept) for (const [place, set] of kept.sets.entries()) sets[file.base + place] = set;
      parts += found.parts;
      if (parts <= mostParts) this.#files.set(file, found);
      checked.set(file, found);
    }
    return { checked, sets };
  }
}

type Checking = { readonly domains: Domains; readonly report: Report };

/** The policy and its rules with the ids of this unit, and with the places that people know; kept for the next one. */
export function numbered(one: CheckedPolicy, place: Place): Numbered {
  const { last } = one;
  if (last && last.policy.id === place.id && last.first === place.first) return last;
  const { id, first } = place;
  const isSame = one.policy.id === id && one.first === first;
  const policy = withWrittenPlace(isSame ? one.policy : { ...one.policy, id });
  const rules = isSame ? one.rules : one.rules.map((rule, index) => ({ ...rule, id: ruleId(first + index), policy: id }));
  one.last = { policy, rules: rules.some(isElsewhere) ? rules.map(withWrittenPlace) : rules, first };
  return one.last;
}

const isElsewhere = (rule: Rule): boolean => rule.span.source.originOf !== undefined;
