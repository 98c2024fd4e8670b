// What may decide an event, in order: rules restated for one generation, and the default that is asked last.
import { fixedCause } from '../../compiler/ir/abi.ts';
import type { PolicyProgram, ProgramRule } from '../../compiler/ir/bundle.ts';
import { type Action, matchesUndecidable, type Section, type Tier } from '../../compiler/ir/typed.ts';
import type { SubjectClass } from './endpoint-classes.ts';
import type { CauseNumbers } from './generation.ts';
import { type NamedContext, type PortTable, resolveNamed } from './named-ports.ts';

/** A rule as one row sees it. `number` tells candidates apart; equal ones have equal numbers. */
export type Candidate = {
  readonly number: number;
  readonly cause: number;
  readonly tier: Tier;
  readonly action: Action;
  readonly audit: boolean;
  readonly match: number;
  /** Port classes, or all. */
  readonly ports: readonly number[] | 'all';
  /** Content classes that match; absent: every content. */
  readonly content: ReadonlySet<number> | undefined;
};
/** Asked last. */
export type Default = { readonly action: 'allow' | 'deny'; readonly cause: number };
/** Without policies in audit mode, and with them. */
export type Defaults = { readonly enforced: Default; readonly audited: Default };

/** Does the candidate match content of this class? What is undecidable (0) is matched by what refuses. */
export const matches = ({ content, action }: Candidate, contentClass: number): boolean =>
  content === undefined || (contentClass === 0 ? matchesUndecidable(action) : content.has(contentClass));

type Bringing = { readonly policy: number; readonly audit: boolean };
type BySubject<T> = Readonly<Record<Section, ReadonlyMap<number, readonly T[]>>>;

/** Section -> selector of the subject -> what `of` says of the items, in their order. */
function bySubject<S extends { readonly subject: number }, T>(
  items: readonly S[],
  of: (item: S, index: number) => readonly (readonly [Section, T])[],
): BySubject<T> {
  const found = { ingress: new Map<number, T[]>(), egress: new Map<number, T[]>(), process: new Map<number, T[]>() };
  for (const [index, item] of items.entries())
    for (const [section, value] of of(item, index)) {
      const list = found[section].get(item.subject);
      if (list) list.push(value);
      else found[section].set(item.subject, [value]);
    }
  return found;
}

/** Restates rules as candidates, each combination of rule and meaning of its named ports once. */
export class Candidates {
  readonly #program: PolicyProgram;
  readonly #ports: PortTable;
  readonly #causes: CauseNumbers;
  readonly #known = new Map<string, Candidate>();
  readonly #byNumber: Candidate[] = [];
  readonly #contents = new Map<number, ReadonlySet<number>>();
  readonly #positions: BySubject<number>;
  /** By the selector of their subjects: the policies that bring a default deny. */
  readonly #denying: BySubject<Bringing>;

  constructor(program: PolicyProgram, ports: PortTable, causes: CauseNumbers) {
    this.#program = program;
    this.#ports = ports;
    this.#causes = causes;
    this.#positions = bySubject(program.rules, ({ section }, position) => [[section, position]]);
    this.#denying = bySubject(program.policies, ({ audit, defaultDeny: { ingress, egress, process } }, policy) => [
      ...(ingress ? [['ingress', { policy, audit }] as const] : []),
      ...(egress ? [['egress', { policy, audit }] as const] : []),
      ...(process.includes('exec') ? [['process', { policy, audit }] as const] : []),
    ]);
  }

  /** Positions in `program.rules` of the rules for a subject, in deciding order. */
  positionsFor({ selectors }: SubjectClass, section: Section): readonly number[] {
    const lists = selectors.flatMap((selector) => this.#positions[section].get(selector) ?? []);
    return lists.sort((a, b) => a - b);
  }

  get(number: number): Candidate {
    const found = this.#byNumber[number];
    if (!found) throw new Error(`policyd bug: no candidate ${number}`);
    return found;
  }

  /** The rule at `position` where the destination has `context`. */
  at(position: number, context: NamedContext): Candidate {
    const rule = this.rule(position);
    const named = resolveNamed(rule.ports?.named ?? [], context);
    const key = `${position}|${named.join()}`;
    const known = this.#known.get(key);
    if (known) return known;
    const { tier, action, audit, match } = rule;
    const made: Candidate = {
      number: this.#byNumber.length,
      cause: this.#causes.rule(rule.rule),
      tier,
      action,
      audit,
      match,
      ports: this.#portsOf(rule, named),
      content: this.#contentOf(position, rule),
    };
    this.#known.set(key, made);
    this.#byNumber.push(made);
    return made;
  }

  rule(position: number): ProgramRule {
    const rule = this.#program.rules[position];
    if (!rule) throw new Error(`policyd bug: no rule at ${position}`);
    return rule;
  }

  /** Denied if a policy that selects the subject brings default deny. */
  defaultsFor({ selectors }: SubjectClass, section: Section): Defaults {
    const bringing = selectors.flatMap((selector) => this.#denying[section].get(selector) ?? []).sort((a, b) => a.policy - b.policy);
    return { enforced: this.#default(bringing.filter(({ audit }) => !audit)), audited: this.#default(bringing) };
  }

  #default(bringing: readonly Bringing[]): Default {
    if (bringing.length === 0) return { action: 'allow', cause: fixedCause.defaultAllow };
    return { action: 'deny', cause: this.#causes.defaultDeny(bringing.map(({ policy }) => policy)) };
  }

  #portsOf({ ports }: ProgramRule, named: readonly number[]): readonly number[] | 'all' {
    const classes = ports?.classes ?? [];
    if (classes.length === this.#program.classes.ports) return 'all';
    return [...new Set([...this.#ports.withSplit(classes), ...named])];
  }

  #contentOf(position: number, { content }: ProgramRule): ReadonlySet<number> | undefined {
    if (!content) return undefined;
    const known = this.#contents.get(position) ?? new Set(content.classes);
    this.#contents.set(position, known);
    return known;
  }
}
