// What is kept of one compilation for the next: files whose resolved form is the same (then that of what they import is,
// too), and policies and rules whose ids are the same.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import { type PolicyId, type RuleId, ruleId } from '../ir/ids.ts';
import type { Declaration, ResolvedFile } from '../ir/resolved.ts';
import type { DomainMatch, NetworkRule, Rule } from '../ir/typed.ts';
import { mostParts } from './declarations.ts';
import { type CheckedFile, checkFile, type Place, type Places } from './file.ts';
import type { CheckedPolicy } from './rules/finding.ts';
import type { Context, DeclaredSet } from './sets.ts';

/** Matches that are kept; a session that has met more begins anew. */
const mostMatches = 100_000;

export type CheckedFiles = {
  readonly checked: ReadonlyMap<ResolvedFile, CheckedFile>;
  readonly sets: Context['sets'];
};

export class CheckMemory {
  readonly #files = new WeakMap<ResolvedFile, CheckedFile>();
  readonly #renumbered = new WeakMap<CheckedPolicy, Numbered>();
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

  /** The policy and its rules with the ids of this unit. */
  numbered(one: CheckedPolicy, place: Place): Numbered {
    if (hasPlace(one, place)) return one;
    const kept = this.#renumbered.get(one);
    if (kept && hasPlace(kept, place)) return kept;
    const { id, first } = place;
    const moved = { policy: { ...one.policy, id }, rules: one.rules.map((rule, index) => renumbered(rule, ruleId(first + index), id)) };
    this.#renumbered.set(one, moved);
    return moved;
  }
}

type Checking = { readonly domains: Domains; readonly report: Report };
type Numbered = Pick<CheckedPolicy, 'policy' | 'rules'>;

const hasPlace = ({ policy, rules: [rule] }: Numbered, { id, first }: Place): boolean => policy.id === id && (!rule || rule.id === first);

/** The same rule with other ids. Filled in steps: there are many rules, and a spread for each costs more than all else here. */
function renumbered(rule: Rule, id: RuleId, policy: PolicyId): Rule {
  const { span, text, action, priority, audit, require, annotations } = rule;
  if (rule.section === 'process') return { ...rule, id, policy };
  const { section, peers, transport, layer7, usedAt, name, log } = rule;
  const copy: Growing<NetworkRule> = { id, policy, span, text, action, priority, audit, require, annotations, section, peers, transport };
  if (layer7) copy.layer7 = layer7;
  if (usedAt) copy.usedAt = usedAt;
  if (name !== undefined) copy.name = name;
  if (log) copy.log = log;
  return copy;
}

type Growing<T> = { -readonly [Key in keyof T]: T[Key] };
