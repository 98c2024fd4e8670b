// Who wrote what, by the numbers of a bundle: of all parts together, without making one table of them until somebody asks for it.
import type { PartPolicy, PartRule, PolicyPart, PolicySource, RuleSource, SourceTable } from '../../compiler/ir/bundle.ts';
import type { Written } from './annotations.ts';

/** The last of the ascending `firsts` that is not behind `number`. */
function placeOf(firsts: readonly number[], number: number): number {
  let [low, high] = [0, firsts.length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((firsts[middle] ?? 0) <= number) low = middle;
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
  readonly #firstRules: number[] = [];
  readonly #firstPolicies: number[] = [];
  #table: SourceTable | undefined;

  /** `parts`: none is without a policy. */
  constructor(parts: readonly PolicyPart[]) {
    this.parts = parts;
    let [policies, rules] = [0, 0];
    for (const part of parts) {
      this.#firstPolicies.push(policies);
      this.#firstRules.push(rules);
      policies += part.policies.length;
      rules += part.rules.length;
    }
    this.policies = policies;
    this.rules = rules;
  }

  /** By RuleId. */
  rule(id: number): Written | undefined {
    // Parts without rules begin where the next one does: the last of them has it.
    const place = placeOf(this.#firstRules, id);
    const rule = this.parts[place]?.rules[id - (this.#firstRules[place] ?? 0)];
    const policy = rule && this.parts[place]?.policies[rule.policy];
    return rule && policy && { rule, policy };
  }

  /** By PolicyId. */
  policy(id: number): PartPolicy | undefined {
    const place = placeOf(this.#firstPolicies, id);
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
