// Which selectors match which labels. Conditions `key is one of [...]` are indexed by key and value, so that an endpoint
// is asked only about the selectors that its labels can satisfy; endpoints with equal labels are asked once. Selectors come
// and go with policies: their numbers stay theirs as long as somebody uses them.
import { type Labels, type Requirement, type Selector, selects } from '../../compiler/space/labels.ts';

/** Answers with numbers of selectors, ascending. */
export type Membership = (labels: Labels) => readonly number[];

const pair = (key: string, value: string): string => JSON.stringify([key, value]);

type OneOf = Extract<Requirement, { kind: 'one-of' }>;
const pairsOf = ({ key, values }: OneOf): readonly string[] => values.map((value) => pair(key, value));
const isOneOf = (requirement: Requirement): requirement is OneOf => requirement.kind === 'one-of';

/** Of each conjunction its conditions `one of`, as pairs; [] where it has none. */
const choicesOf = (selector: Selector): readonly (readonly (readonly string[])[])[] =>
  selector.map((conjunction) => conjunction.filter(isOneOf).map(pairsOf));

/** `choices`: see `choicesOf`. `places`: pairs that it is found by. */
type Used = {
  readonly selector: Selector;
  readonly key: string;
  uses: number;
  readonly choices: ReturnType<typeof choicesOf>;
  readonly places: string[];
};
type Known = { readonly labels: Labels; matched: readonly number[] };

/** Label sets that are remembered; ends of questions come and go with bundles. */
const mostKnown = 100_000;
/** So many new selectors are asked about all labels that are known; after more, labels are asked anew. */
const fewSelectors = 64;

/** Selectors with numbers. */
export class Selectors {
  readonly #numbers = new Map<string, number>();
  readonly #used: (Used | undefined)[] = [];
  readonly #free: number[] = [];
  /** Pair -> how many conjunctions of selectors ask for it. */
  readonly #mentions = new Map<string, number>();
  readonly #byPair = new Map<string, Set<number>>();
  /** Those with a conjunction without any pair. */
  readonly #others = new Set<number>();
  readonly #known = new Map<string, Known>();
  #knownOf = new WeakMap<Labels, Known>();
  /** How many selectors came and went. */
  changes = 0;

  /** Numbers of selectors, each used once more. What all ask for tells nothing: they are counted before they are placed. */
  use(selectors: readonly Selector[]): readonly number[] {
    const made: number[] = [];
    const numbers = selectors.map((selector) => this.#number(selector, made));
    for (const number of made) this.#place(number);
    this.#learn(made);
    return numbers;
  }

  #mention(name: string, by: number): void {
    const count = (this.#mentions.get(name) ?? 0) + by;
    if (count > 0) this.#mentions.set(name, count);
    else this.#mentions.delete(name);
  }

  #number(selector: Selector, made: number[]): number {
    const key = JSON.stringify(selector);
    const known = this.#numbers.get(key);
    const used = known === undefined ? undefined : this.#used[known];
    if (known !== undefined && used) {
      used.uses++;
      return known;
    }
    const number = this.#free.pop() ?? this.#used.length;
    this.#numbers.set(key, number);
    const choices = choicesOf(selector);
    for (const name of choices.flat(2)) this.#mention(name, 1);
    this.#used[number] = { selector, key, uses: 1, choices, places: [] };
    made.push(number);
    this.changes++;
    return number;
  }

  /** Each conjunction by the condition whose pairs the fewest others ask for. */
  #place(number: number): void {
    const used = this.#usedAt(number);
    const asked = (pairs: readonly string[]): number => pairs.reduce((sum, name) => sum + (this.#mentions.get(name) ?? 0), 0);
    for (const choices of used.choices) {
      const [first] = choices;
      if (!first) this.#others.add(number);
      else used.places.push(...choices.reduce((best, one) => (asked(one) < asked(best) ? one : best), first));
    }
    for (const name of used.places) {
      const list = this.#byPair.get(name);
      if (list) list.add(number);
      else this.#byPair.set(name, new Set([number]));
    }
  }

  #learn(made: readonly number[]): void {
    if (made.length > fewSelectors) this.#forgetAll();
    else
      for (const number of made) {
        const selector = this.selector(number);
        for (const known of this.#known.values())
          if (selects(selector, known.labels)) known.matched = [...known.matched, number].sort((a, b) => a - b);
      }
  }

  /** Each is used once less. */
  release(numbers: readonly number[]): void {
    const gone: number[] = [];
    for (const number of numbers) {
      const used = this.#usedAt(number);
      if (--used.uses > 0) continue;
      this.#forget(used, number);
      gone.push(number);
    }
    if (gone.length > fewSelectors) this.#forgetAll();
    else
      for (const number of gone)
        for (const known of this.#known.values())
          if (known.matched.includes(number)) known.matched = known.matched.filter((one) => one !== number);
  }

  #forget({ key, choices, places }: Used, number: number): void {
    this.changes++;
    for (const name of choices.flat(2)) this.#mention(name, -1);
    this.#numbers.delete(key);
    this.#used[number] = undefined;
    this.#free.push(number);
    this.#others.delete(number);
    for (const name of places) {
      const list = this.#byPair.get(name);
      list?.delete(number);
      if (list?.size === 0) this.#byPair.delete(name);
    }
  }

  #usedAt(number: number): Used {
    const used = this.#used[number];
    if (!used) throw new Error(`policyd bug: selector ${number} is not used`);
    return used;
  }

  selector(number: number): Selector {
    return this.#usedAt(number).selector;
  }

  /** Those that match, ascending. `labels` never change. */
  matching(labels: Labels): readonly number[] {
    const same = this.#knownOf.get(labels);
    if (same) return same.matched;
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (this.#known.size >= mostKnown) this.#forgetAll();
    const known = this.#known.get(key) ?? { labels, matched: this.#matched(labels) };
    this.#known.set(key, known);
    this.#knownOf.set(labels, known);
    return known.matched;
  }

  #matched(labels: Labels): readonly number[] {
    const asked = new Set(this.#others);
    for (const [name, value] of Object.entries(labels)) for (const number of this.#byPair.get(pair(name, value)) ?? []) asked.add(number);
    return [...asked].filter((number) => selects(this.selector(number), labels)).sort((a, b) => a - b);
  }

  #forgetAll(): void {
    this.#known.clear();
    this.#knownOf = new WeakMap();
  }
}
