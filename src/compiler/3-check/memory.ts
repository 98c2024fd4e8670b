// What is kept of one compilation for the next: files whose resolved form is the same (then that of what they import is,
// too), and policies and rules whose ids are the same.
import { withWrittenPlace } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import { policyId, ruleId } from '../ir/ids.ts';
import type { Declaration, ResolvedFile } from '../ir/resolved.ts';
import type { NetworkRule, Policy, ProcessRule, Rule } from '../ir/typed.ts';
import { mostParts } from './declarations.ts';
import { type CheckedFile, checkFile } from './file.ts';
import type { CheckedPolicy, UnnumberedRule } from './rules/finding.ts';
import type { Context, DeclaredSet } from './sets.ts';

type Growing<T> = { -readonly [Key in keyof T]: T[Key] };
type Numbered = { readonly policy: Policy; readonly rules: readonly Rule[]; readonly first: number };
export type CheckedFiles = { readonly checked: ReadonlyMap<ResolvedFile, CheckedFile>; readonly sets: Context['sets'] };

export class CheckMemory {
  readonly #files = new WeakMap<ResolvedFile, CheckedFile>();
  readonly #numbered = new WeakMap<CheckedPolicy, Numbered>();

  /** Checks files, each of which comes after those that it imports from. */
  files(files: readonly ResolvedFile[], domains: Domains, report: Report): CheckedFiles {
    const size = files.reduce((most, { base, declarations }) => Math.max(most, base + declarations.length), 0);
    const sets = new Array<DeclaredSet | undefined>(size);
    const declarations = new Array<Declaration | undefined>(size);
    const checked = new Map<ResolvedFile, CheckedFile>();
    let parts = 0;
    for (const file of files) {
      for (const [place, one] of file.declarations.entries()) declarations[file.base + place] = one;
      const kept = this.#files.get(file);
      const isKept = kept !== undefined && parts + kept.parts <= mostParts;
      const found = isKept ? kept : checkFile(file, { domains, context: { report, declarations, sets }, parts });
      if (isKept) for (const [place, set] of kept.sets.entries()) sets[file.base + place] = set;
      parts += found.parts;
      if (parts <= mostParts) this.#files.set(file, found);
      checked.set(file, found);
    }
    return { checked, sets };
  }

  /** The policy and its rules with their ids. */
  numbered(one: CheckedPolicy, index: number, first: number): Numbered {
    const kept = this.#numbered.get(one);
    if (kept && kept.policy.id === index && kept.first === first) return kept;
    const id = policyId(index);
    const rules = one.rules.map((rule, place) => withWrittenPlace(numberedRule(rule, first + place, id)));
    const numbered: Numbered = { policy: withWrittenPlace({ id, ...one.policy }), rules, first };
    this.#numbered.set(one, numbered);
    return numbered;
  }
}

/** The same rule with its ids. Filled in steps: there are many rules, and a spread for each costs more than all else here. */
function numberedRule(rule: UnnumberedRule, index: number, policy: Policy['id']): Rule {
  const id = ruleId(index);
  const { span, text, action, priority, audit, require, annotations } = rule;
  if (rule.section === 'process') {
    const { section, match, errno, signal } = rule;
    const copy: Growing<ProcessRule> = { id, policy, span, text, action, priority, audit, require, annotations, section, match };
    if (errno !== undefined) copy.errno = errno;
    if (signal !== undefined) copy.signal = signal;
    return withRare(copy, rule);
  }
  const { section, peers, transport, layer7 } = rule;
  const copy: Growing<NetworkRule> = { id, policy, span, text, action, priority, audit, require, annotations, section, peers, transport };
  if (layer7) copy.layer7 = layer7;
  return withRare(copy, rule);
}

function withRare<T extends Rule>(copy: Growing<T>, { usedAt, name, log }: UnnumberedRule): T {
  if (usedAt) copy.usedAt = usedAt;
  if (name !== undefined) copy.name = name;
  if (log) copy.log = log;
  return copy;
}
