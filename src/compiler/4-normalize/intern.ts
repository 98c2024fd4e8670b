// Numbers for values, in the order in which they are first met: what rules share is computed once.

/** Values that are equal by `key` get one number. */
export class Interned<T> {
  readonly #numbers = new Map<string, number>();
  readonly values: T[] = [];
  readonly #key: (value: T) => string;

  constructor(key: (value: T) => string) {
    this.#key = key;
  }

  number(value: T): number {
    const key = this.#key(value);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.values.length);
    return this.values.push(value) - 1;
  }
}

/** The key of an interval set. */
export const intervalsKey = (set: readonly { readonly low: number | bigint; readonly high: number | bigint }[]): string =>
  set.map(({ low, high }) => `${low.toString(36)}-${high.toString(36)}`).join();
