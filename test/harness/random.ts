// A small seeded generator of random numbers for tests: the same seed gives the same run on every machine.

/** `int(n)`: 0 .. n-1. `chance(p)`: true with probability p. `pick`: one of a non-empty list. `some`: each with probability p, in order. */
export type Random = {
  readonly int: (below: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(list: readonly T[]) => T;
  readonly some: <T>(list: readonly T[], probability: number) => readonly T[];
};

/** Mulberry32. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number): number => Math.floor(next() * below);
  return {
    int,
    chance: (probability) => next() < probability,
    pick: (list) => {
      if (list.length === 0) throw new RangeError('nothing to pick from');
      // The index is inside; `undefined` may be one of the choices.
      return list[int(list.length)] as (typeof list)[number];
    },
    some: (list, probability) => list.filter(() => next() < probability),
  };
}

/** The seed of this run: `SEED=n` repeats one, else it is `standard`; always printed, so that a failure can be repeated. */
export function seedOf(test: string, standard: number): number {
  const given = Number(process.env['SEED'] ?? Number.NaN);
  const seed = Number.isInteger(given) ? given : standard;
  console.log(`${test}: seed ${seed} (SEED=n for another)`);
  return seed;
}
