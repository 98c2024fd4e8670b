// Who wrote what, by the numbers of a bundle: of all parts together, without making one table of them until somebody asks for it.
import type { PartPolicy, PartRule, PolicyPart, PolicySource, RuleSource, SourceTable } from '../../compiler/ir/bundle.ts';
import type { Written } from './annotations.ts';

/** The last of `count` places that does not begin behind `number`; they begin in ascending order, the first at 0. */
export function lastUpTo(number: number, count: number, beginOf: (place: number) => number): number {
  let [low, high] = [0, count];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (beginOf(middle) <= number) low = middle;
    else high = middle;
  }
  return low;
}

/** Rules by RuleId, policies by PolicyId. */
export type WrittenRules = {
  readonly rule: (id: number) => Written | undefined;
  readonly policy: (id: number) => PolicySource | undefined;
};

export class PartedSources implements WrittenRules {
  readonly parts: readonly PolicyPart[];
  readonly policies: number;
  readonly rules: number;
  readonly #firstRules: Uint32Array;
  readonly #firstPolicies: Uint32Array;
  #table: SourceTable | undefined;

  /** `parts`: none is without a policy. */
  constructor(parts: readonly PolicyPart[]) {
    this.parts = parts;
    let [policies, rules] = [0, 0];
    this.#firstPolicies = new Uint32Array(parts.length);
    this.#firstRules = new Uint32Array(parts.length);
    for (let place = 0; place < parts.length; place++) {
      this.#firstPolicies[place] = policies;
      this.#firstRules[place] = rules;
      policies += parts[place]?.policies.length ?? 0;
      rules += parts[place]?.rules.length ?? 0;
    }
    this.policies = policies;
    this.rules = rules;
  }

  /** By RuleId. */
  rule(id: number): Written | undefined {
    // Parts without rules begin where the next one does: the last of them has it.
    const place = lastUpTo(id, this.#firstRules.length, (at) => this.#firstRules[at] ?? 0);
    const rule = this.parts[place]?.rules[id - (this.#firstRules[place] ?? 0)];
    const policy = rule && this.parts[place]?.policies[rule.policy];
    return rule && policy && { rule, policy };
  }

  /** By PolicyId. */
  policy(id: number): PartPolicy | undefined {
    const place = lastUpTo(id, this.#firstPolicies.length, (at) => this.#firstPolicies[at] ?? 0);
    return this.parts[place]?.policies[id - (this.#firstPolicies[place] ?? 0)];
  }

  /** All of it, as the compiler has it. */
  table(): SourceTable {
    this.#table ??= {
      policies: this.parts.flatMap(({ policies }) => policies.map(({ subject: _, defaultDeny: __, ...source }) => source)),
      rules: this.parts.flatMap(({ rules }, place) => rules.map((rule) => sourceOf(rule, this.#firstPolicies[place] ?? 0))),
    };
    return this.#table;
  }
}

const sourceOf = ({ match: _, peers: __, ports: ___, content: ____, policy, ...source }: PartRule, firstPolicy: number): RuleSource => ({
  ...source,
  policy: policy + firstPolicy,
});
