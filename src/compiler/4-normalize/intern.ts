// Numbers for values, in the order in which they are first met: what rules share is computed once.

/** Values that are equal by `key` get one number. */
export class Interned<T extends object> {
  readonly #met = new Map<T, number>();
  readonly #numbers = new Map<string, number>();
  readonly values: T[] = [];
  readonly #key: (value: T) => string;

  constructor(key: (value: T) => string) {
    this.#key = key;
  }

  /** A value that is met again as the same object costs no key. */
  number(value: T): number {
    const met = this.#met.get(value);
    if (met !== undefined) return met;
    const number = this.numberOnce(value);
    this.#met.set(value, number);
    return number;
  }

  /** Of a value that is hardly met again. */
  numberOnce(value: T): number {
    const key = this.#key(value);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.values.push(value) - 1;
    this.#numbers.set(key, number);
    return number;
  }
}

/** The key of an interval set. */
export function intervalsKey(set: readonly { readonly low: number | bigint; readonly high: number | bigint }[]): string {
  let key = '';
  // Radix 16: of large integers, other ones take a division for each digit.
  for (const { low, high } of set) key += `${low.toString(16)}-${high.toString(16)},`;
  return key;
}
