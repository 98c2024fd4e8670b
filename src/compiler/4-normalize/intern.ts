// Numbers for values, in the order in which they are first met: what rules share is computed once.

/** Values that are equal by `key` get one number. A value that is met again as the same object costs no key. */
export class Interned<T extends object> {
  readonly #met = new Map<T, number>();
  readonly #numbers = new Map<string, number>();
  readonly values: T[] = [];
  readonly #key: (value: T) => string;

  constructor(key: (value: T) => string) {
    this.#key = key;
  }

  number(value: T): number {
    const met = this.#met.get(value);
    if (met !== undefined) return met;
    const key = this.#key(value);
    const number = this.#numbers.get(key) ?? this.values.push(value) - 1;
    this.#numbers.set(key, number);
    this.#met.set(value, number);
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
