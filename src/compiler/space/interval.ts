// Sets of integers as sorted, disjoint, non-adjacent inclusive intervals: ports and transport points (`number`),
// addresses (`bigint`). All five operations are linear in the number of intervals.

type Integer = number | bigint;

/** Inclusive at both ends, `low <= high`. */
export type Interval<T extends Integer> = { readonly low: T; readonly high: T };
/** Sorted by `low`, disjoint and not adjacent; `[]` is the empty set. Equal sets have equal lists. */
export type IntervalSet<T extends Integer> = readonly Interval<T>[];

export const next = <T extends Integer>(value: T): T => (typeof value === 'bigint' ? value + 1n : (value as number) + 1) as T;
export const previous = <T extends Integer>(value: T): T => (typeof value === 'bigint' ? value - 1n : (value as number) - 1) as T;
const larger = <T extends Integer>(a: T, b: T): T => (a < b ? b : a);
const smaller = <T extends Integer>(a: T, b: T): T => (a < b ? a : b);

/** The set that these intervals cover, in canonical form; they may overlap and come in any order. */
export function intervals<T extends Integer>(list: readonly Interval<T>[]): IntervalSet<T> {
  if (list.length < 2) return list;
  const sorted = [...list].sort((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0));
  const merged: { low: T; high: T }[] = [];
  for (const { low, high } of sorted) {
    const last = merged[merged.length - 1];
    if (last && low <= next(last.high)) last.high = larger(last.high, high);
    else merged.push({ low, high });
  }
  return merged;
}

export const union = <T extends Integer>(a: IntervalSet<T>, b: IntervalSet<T>): IntervalSet<T> => intervals([...a, ...b]);

export function intersect<T extends Integer>(a: IntervalSet<T>, b: IntervalSet<T>): IntervalSet<T> {
  const out: Interval<T>[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [x, y] = [a[i] as Interval<T>, b[j] as Interval<T>];
    const low = larger(x.low, y.low);
    const high = smaller(x.high, y.high);
    if (low <= high) out.push({ low, high });
    if (x.high < y.high) i++;
    else j++;
  }
  return out;
}

export function subtract<T extends Integer>(a: IntervalSet<T>, b: IntervalSet<T>): IntervalSet<T> {
  const out: Interval<T>[] = [];
  let j = 0;
  for (const { low, high } of a) {
    let from = low;
    while (j < b.length && (b[j] as Interval<T>).high < from) j++;
    let k = j;
    let covered = false;
    for (; k < b.length && (b[k] as Interval<T>).low <= high; k++) {
      const hole = b[k] as Interval<T>;
      if (from < hole.low) out.push({ low: from, high: previous(hole.low) });
      covered = hole.high >= high;
      if (covered) break;
      from = next(hole.high);
    }
    if (!covered && from <= high) out.push({ low: from, high });
  }
  return out;
}

export const isEmpty = <T extends Integer>(set: IntervalSet<T>): boolean => set.length === 0;

export function includes<T extends Integer>(set: IntervalSet<T>, value: T): boolean {
  let low = 0;
  let high = set.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const interval = set[middle] as Interval<T>;
    if (value < interval.low) high = middle - 1;
    else if (value > interval.high) low = middle + 1;
    else return true;
  }
  return false;
}

export function equals<T extends Integer>(a: IntervalSet<T>, b: IntervalSet<T>): boolean {
  return a.length === b.length && a.every((x, i) => x.low === b[i]?.low && x.high === b[i]?.high);
}
