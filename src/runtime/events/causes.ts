// Who decided, by the number that verdict entries, events and counters carry. The numbers below `firstDynamic` are the
// same on every machine; all others are handed out here, by what they stand for: a rule that is written the same way in
// the next bundle keeps its number, one number never means two things, and pinned counters stay readable.
import { fixedCause } from '../../compiler/ir/abi.ts';
import type { AnnotationText } from '../../compiler/ir/bundle.ts';
import type { Section } from '../../compiler/ir/typed.ts';
import { annotationsOf, type Written } from '../policy/annotations.ts';
import type { CauseNumbers } from '../policy/generation.ts';
import type { WrittenRules } from '../policy/parted-sources.ts';

/** A policy as it stands in the sources. */
export type PolicyPlace = { readonly name: string; readonly file: string; readonly line: number };

export type RuleCause = {
  readonly kind: 'rule';
  readonly policy: string;
  readonly file: string;
  readonly line: number;
  readonly action: string;
  readonly section: Section;
  readonly text: string;
  /** Only reported, not enforced. */
  readonly audit?: true;
  /** Its `@name`. */
  readonly name?: string;
  /** The text of its `log`. */
  readonly log?: string;
  /** Its own, and those of its policy that it has not itself; absent where there are none. */
  readonly annotations?: readonly AnnotationText[];
};
/** The policies that brought the default deny together, ascending by name. */
export type DefaultDenyCause = { readonly kind: 'default-deny'; readonly policies: readonly PolicyPlace[] };
export type DynamicCause = RuleCause | DefaultDenyCause;
export type CauseRecord = DynamicCause | { readonly kind: 'fixed'; readonly name: keyof typeof fixedCause } | { readonly kind: 'unknown' };

/** What is kept on disk. */
export type SavedCauses = readonly (readonly [number, DynamicCause])[];

const fixedNames = new Map<number, string>(Object.entries(fixedCause).map(([name, number]) => [number, name]));
const isFixedName = (name: string): name is keyof typeof fixedCause => Object.hasOwn(fixedCause, name);

/** What a rule of a policy is called. */
export const ruleCause = (written: Written): RuleCause => {
  const { file, line, action, section, text, audit, name, log } = written.rule;
  const annotations = annotationsOf(written);
  return {
    ...{ kind: 'rule', policy: written.policy.name, file, line, action, section, text },
    ...(audit && { audit: true }),
    ...(name !== undefined && { name }),
    ...(log !== undefined && { log }),
    ...(annotations.length > 0 && { annotations }),
  };
};
function missing(what: string, index: number): never {
  throw new Error(`policyd bug: the bundle's sources have no ${what} ${index}`);
}

export class CauseTable {
  private readonly records: Map<number, DynamicCause>;
  private readonly numbers = new Map<string, number>();
  /** Handed out by this run, in order. */
  private readonly made: { readonly number: number; readonly record: DynamicCause }[] = [];
  private readonly ofRules = new WeakMap<object, number>();
  private next: number;

  /** `saved`: of an earlier run. `used`: numbers that pinned counters carry, so that none is handed out again if `saved` was lost. */
  constructor(saved: SavedCauses = [], used: Iterable<number> = []) {
    this.records = new Map(saved);
    this.next = fixedCause.firstDynamic;
    for (const [number, record] of saved) this.numbers.set(JSON.stringify(record), number);
    for (const number of [...this.records.keys(), ...used]) this.next = Math.max(this.next, number + 1);
  }

  /** The numbers of one bundle's deciders. */
  numbersOf(sources: WrittenRules): CauseNumbers {
    const placeOf = (policy: number): PolicyPlace => {
      const { name, file, line } = sources.policy(policy) ?? missing('policy', policy);
      return { name, file, line };
    };
    return {
      rule: (rule) => this.numberOfRule(sources.rule(rule) ?? missing('rule', rule)),
      defaultDeny: (policies) => this.numberOf({ kind: 'default-deny', policies: policies.map(placeOf) }),
    };
  }

  /** Rules of a part stay the same objects. */
  numberOfRule(written: Written): number {
    const known = this.ofRules.get(written.rule);
    if (known !== undefined) return known;
    const number = this.numberOf(ruleCause(written));
    this.ofRules.set(written.rule, number);
    return number;
  }

  /** `unknown`: handed out by a run whose table was lost. */
  recordOf(cause: number): CauseRecord {
    const record = this.records.get(cause);
    if (record) return record;
    const name = cause < fixedCause.firstDynamic ? fixedNames.get(cause) : undefined;
    return name !== undefined && isFixedName(name) ? { kind: 'fixed', name } : { kind: 'unknown' };
  }

  /** How many numbers were handed out: grows exactly when there is something new to save. */
  get size(): number {
    return this.records.size;
  }

  saved(): SavedCauses {
    return [...this.records];
  }

  /** Those that were handed out after the first `count` of this table. */
  savedAfter(count: number): SavedCauses {
    const more = this.made.slice(Math.max(0, count - (this.records.size - this.made.length)));
    return more.map(({ number, record }) => [number, record] as const);
  }

  private numberOf(record: DynamicCause): number {
    const key = JSON.stringify(record);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = this.next++;
    this.numbers.set(key, number);
    this.records.set(number, record);
    this.made.push({ number, record });
    return number;
  }
}
