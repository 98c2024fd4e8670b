// The oracle's rules by the points that they are about: a question is about one point, and of very many rules most are about
// others. Who is left is asked as any rule is.
import type { NetworkRule, Rule } from '../ir/typed.ts';
import type { TransportPoint } from '../space/transport.ts';

export class RulesByPoint {
  /** Rules with ports by name may be about any point. */
  readonly #named: readonly NetworkRule[];
  /** All ranges of all rules; `#of` says whose. */
  readonly #lows: Float64Array;
  readonly #highs: Float64Array;
  readonly #of: readonly NetworkRule[];

  constructor(rules: readonly Rule[]) {
    const ofNetwork = rules.filter((rule) => rule.section !== 'process');
    const ranges = ofNetwork.flatMap((rule) =>
      rule.transport.named.length > 0 ? [] : rule.transport.points.map((range) => ({ rule, range })),
    );
    this.#named = ofNetwork.filter(({ transport }) => transport.named.length > 0);
    this.#lows = Float64Array.from(ranges, ({ range }) => range.low);
    this.#highs = Float64Array.from(ranges, ({ range }) => range.high);
    this.#of = ranges.map(({ rule }) => rule);
  }

  /** Every rule that can be about the point, each once. */
  at(point: TransportPoint): readonly NetworkRule[] {
    const found = [...this.#named];
    for (let i = 0; i < this.#of.length; i++) {
      const rule = this.#of[i];
      if (rule && (this.#lows[i] ?? 0) <= point && point <= (this.#highs[i] ?? 0)) found.push(rule);
    }
    return found;
  }
}
