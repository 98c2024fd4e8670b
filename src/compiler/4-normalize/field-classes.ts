// One field of requests: its values split into the classes that the rules' patterns can tell apart, and what several values
// of it come to together. Class 0 of all values together is "no value".
import type { FieldSpec, FieldTest } from '../domains/domain.ts';
import { limits } from '../ir/abi.ts';
import type { Automaton, Classification } from '../space/automaton.ts';
import { either, type Pattern } from '../space/pattern.ts';
import { Interned } from './intern.ts';
import { withoutImpossible } from './possible.ts';

/** What a line asks of one field: all tests hold. `refuses`: of a rule that also matches what is undecidable. */
export type Kind = {
  readonly tests: readonly { readonly pattern: number; readonly every: boolean; readonly orAbsent: boolean }[];
  readonly refuses: boolean;
};

const noText: Pattern = either();

/** The patterns of one field, and what lines ask of it, numbered as they are met. */
export class AskedField {
  readonly name: string;
  readonly spec: FieldSpec;
  readonly slot: number;
  readonly patterns = new Interned<Pattern>((pattern) => JSON.stringify(pattern));
  readonly kinds = new Interned<Kind>((kind) => JSON.stringify(kind));

  constructor(name: string, spec: FieldSpec, slot: number) {
    this.name = name;
    this.spec = spec;
    this.slot = slot;
  }

  kind(tests: readonly FieldTest[], refuses: boolean): number {
    const asked = tests.map(({ every, orAbsent, values }) => ({
      pattern: this.patterns.number(values.kind === 'text' ? values.pattern : noText),
      every,
      orAbsent,
    }));
    return this.kinds.numberOnce({ tests: asked, refuses: refuses && tests.some(({ every }) => every) });
  }
}

export type ClassifiedField = {
  readonly automaton: Automaton;
  readonly values: number;
  readonly folded: number;
  readonly fold: Uint32Array | undefined;
  /** Kind -> the classes of all values for which what it asks holds, or, of a rule that refuses, may hold; ascending. */
  readonly holds: readonly (readonly number[])[];
};

/** Which patterns match every value, of those that are asked so, and which match some. */
type Together = { readonly all: ReadonlySet<number>; readonly some: ReadonlySet<number> };
const isOfAll = ({ refuses }: Kind, { every }: Kind['tests'][number]): boolean => every && !refuses;

const keyOf = ({ all, some }: Together): string => `${[...all].sort((a, b) => a - b)}|${[...some].sort((a, b) => a - b)}`;

/** The classes of several values: class 0 is none, a single value's class is its own. Undefined: more than the table holds. */
function foldOf(single: readonly Together[]): { readonly fold: Uint32Array; readonly classes: readonly Together[] } | undefined {
  const classes: Together[] = [...single];
  const numbers = new Map<string, number>();
  for (let number = 1; number < classes.length; number++) numbers.set(keyOf(classes[number] ?? nothing), number);
  const fold: number[] = single.map((_, number) => number);
  for (let state = 1; state < classes.length; state++) {
    if (classes.length > limits.requestStates || fold.length > limits.requestCells) return undefined;
    const { all, some } = classes[state] ?? nothing;
    fold.push(0);
    for (const value of single.slice(1)) {
      const made = { all: new Set([...all].filter((one) => value.all.has(one))), some: new Set([...some, ...value.some]) };
      const key = keyOf(made);
      const number = numbers.get(key) ?? classes.push(made) - 1;
      numbers.set(key, number);
      fold.push(number);
    }
  }
  return { fold: Uint32Array.from(fold), classes };
}

const nothing: Together = { all: new Set(), some: new Set() };

/** The classes of a field, of what `classify` found of its patterns. Undefined: combinations of several values are too many. */
export function fieldClasses({ spec, kinds }: AskedField, found: Classification): ClassifiedField | undefined {
  const { automaton, classes: values, classesOf } = withoutImpossible(found, spec.type.possible);
  const single = Array.from({ length: values }, () => ({ all: new Set<number>(), some: new Set<number>() }));
  // To follow what nobody asks would multiply the classes of several values.
  const tested = kinds.values.flatMap((kind) => kind.tests.map((test) => ({ pattern: test.pattern, ofAll: isOfAll(kind, test) })));
  for (const { pattern, ofAll } of tested)
    for (const number of classesOf[pattern] ?? []) single[number]?.[ofAll ? 'all' : 'some'].add(pattern);
  const folded = spec.quantity === 'one' ? { fold: undefined, classes: single } : foldOf(single);
  if (!folded) return undefined;
  const classesOfPattern = (of: (together: Together) => ReadonlySet<number>): readonly (readonly number[])[] => {
    const lists: number[][] = classesOf.map(() => []);
    folded.classes.forEach((together, number) => {
      if (number > 0) for (const pattern of of(together)) lists[pattern]?.push(number);
    });
    return lists;
  };
  const [all, some] = [classesOfPattern((one) => one.all), classesOfPattern((one) => one.some)];
  const holds = kinds.values.map((kind) => {
    const lists = kind.tests.map((test) => [...(test.orAbsent ? [0] : []), ...((isOfAll(kind, test) ? all : some)[test.pattern] ?? [])]);
    const [first = [], ...others] = lists;
    return others.reduce((kept, list) => kept.filter((number) => list.includes(number)), first);
  });
  return { automaton, values, folded: folded.classes.length, fold: folded.fold, holds };
}
