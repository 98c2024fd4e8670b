// What may decide an event, in order: rules restated for one generation, and the default that is asked last.
import { fixedCause } from '../../compiler/ir/abi.ts';
import type { ProgramRule } from '../../compiler/ir/bundle.ts';
import { type Action, matchesUndecidable, type Section, type Tier } from '../../compiler/ir/typed.ts';
import type { SubjectClass } from './endpoint-classes.ts';
import type { CauseNumbers } from './generation.ts';
import { type NamedContext, type PortTable, resolveNamed } from './named-ports.ts';
import type { Bringing, PolicySet } from './policy-index.ts';

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
  /** What the content is of: `http`, `dns`, `exec`. */
  readonly domain: string | undefined;
  /** Is it about addresses by their names? */
  readonly isByName: boolean;
  /** Does an answer to a query that it matches name addresses? */
  readonly givesNames: boolean;
};
/** Asked last. */
export type Default = { readonly action: 'allow' | 'deny'; readonly cause: number };
/** Without policies in audit mode, and with them. */
export type Defaults = { readonly enforced: Default; readonly audited: Default };

/** Content of one domain. */
export type ContentClass = { readonly domain: string; readonly number: number };

/** Does the candidate match content of this class? What is undecidable (0, or of another domain) is matched by what refuses. */
export const matches = ({ content, domain, action }: Candidate, asked: ContentClass): boolean => {
  if (content === undefined) return true;
  return asked.number === 0 || asked.domain !== domain ? matchesUndecidable(action) : content.has(asked.number);
};

/** What makes names of a server's answers count (grammar/README.md, "Addresses"). */
const givesNames = ({ section, action, audit, content }: ProgramRule): boolean =>
  section === 'egress' && action === 'allow' && !audit && content?.domain === 'dns';

const none: readonly number[] = [];

/** Restates rules as candidates, each combination of rule and meaning of its named ports once. */
export class Candidates {
  readonly #policies: PolicySet;
  readonly #ports: PortTable;
  readonly #causes: CauseNumbers;
  /** Of rules that name no port that is known here. */
  readonly #plain = new Map<number, Candidate>();
  readonly #known = new Map<string, Candidate>();
  readonly #byNumber: Candidate[] = [];
  readonly #contents = new Map<number, ReadonlySet<number>>();

  constructor(policies: PolicySet, ports: PortTable, causes: CauseNumbers) {
    this.#policies = policies;
    this.#ports = ports;
    this.#causes = causes;
  }

  /** The rules for a subject, in deciding order. */
  rulesFor({ selectors }: SubjectClass, section: Section): readonly ProgramRule[] {
    return this.#policies.rulesFor(selectors, section);
  }

  get(number: number): Candidate {
    const found = this.#byNumber[number];
    if (!found) throw new Error(`policyd bug: no candidate ${number}`);
    return found;
  }

  /** The rule where the destination has `context`. */
  of(rule: ProgramRule, context: NamedContext): Candidate {
    const named = rule.ports?.named.length ? resolveNamed(rule.ports.named, context) : none;
    if (named.length === 0) {
      const known = this.#plain.get(rule.rule) ?? this.#made(rule, none);
      this.#plain.set(rule.rule, known);
      return known;
    }
    const key = `${rule.rule}|${named.join()}`;
    const known = this.#known.get(key) ?? this.#made(rule, named);
    this.#known.set(key, known);
    return known;
  }

  #made(rule: ProgramRule, named: readonly number[]): Candidate {
    const { tier, action, audit, match } = rule;
    const made: Candidate = {
      number: this.#byNumber.length,
      cause: this.#causes.rule(rule.rule),
      tier,
      action,
      audit,
      match,
      ports: this.#portsOf(rule, named),
      content: this.#contentOf(rule),
      domain: rule.content?.domain,
      isByName: rule.peers?.names !== undefined,
      givesNames: this.#policies.classes.names > 0 && givesNames(rule),
    };
    this.#byNumber.push(made);
    return made;
  }

  /** Denied if a policy that selects the subject brings default deny. */
  defaultsFor({ selectors }: SubjectClass, section: Section): Defaults {
    const bringing = this.#policies.bringing(selectors, section);
    return { enforced: this.#default(bringing.filter(({ audit }) => !audit)), audited: this.#default(bringing) };
  }

  #default(bringing: readonly Bringing[]): Default {
    if (bringing.length === 0) return { action: 'allow', cause: fixedCause.defaultAllow };
    return { action: 'deny', cause: this.#causes.defaultDeny(bringing.map(({ policy }) => policy)) };
  }

  #portsOf({ ports }: ProgramRule, named: readonly number[]): readonly number[] | 'all' {
    const classes = ports?.classes ?? [];
    if (classes.length === this.#policies.classes.ports) return 'all';
    const own = this.#ports.withSplit(classes);
    return named.length === 0 ? own : [...new Set([...own, ...named])];
  }

  #contentOf({ rule, content }: ProgramRule): ReadonlySet<number> | undefined {
    if (!content) return undefined;
    const known = this.#contents.get(rule) ?? new Set(content.classes);
    this.#contents.set(rule, known);
    return known;
  }
}
