// The inputs of a run, one for each number: the same number is the same input on every machine, as long as the texts of the
// project are the same.
import fc from 'fast-check';
import { editedPolicy, randomPolicy } from '../harness/arbitrary-policy.ts';
import { programText } from '../harness/program-text.ts';
import { type Random, random } from '../harness/random.ts';
import { damaged, edited, randomBytes, sameKind } from './mutations.ts';
import { files, items, small, vocabulary } from './seeds.ts';

type Maker = (random: Random) => string | Buffer;

/** Programs of the whole grammar; a sample is drawn once, edits make the rest. */
const programs: readonly string[] = fc.sample(programText, { numRuns: 3000, seed: 1 });

const fewItems = (random: Random): string => Array.from({ length: 1 + random.int(3) }, () => random.pick(items)).join('\n');
const soup = (random: Random): string => Array.from({ length: random.int(40) }, () => random.pick(vocabulary)).join(' ');
/** Items with what they may name. */
const wholeItems = (random: Random): string =>
  `workload a = { app: "a" }\nworkload web = { app: "web" }\nport pg = tcp 5432\n${fewItems(random)}`;

/** Each with the share of inputs that it makes. */
const makers: readonly (readonly [number, Maker])[] = [
  [12, (random) => edited(random, random.pick(items), 3)],
  [10, (random) => edited(random, fewItems(random), 3)],
  [14, (random) => sameKind(random, random.pick(items), 3)],
  [14, (random) => sameKind(random, wholeItems(random), 2)],
  [16, (random) => sameKind(random, random.pick(small), 2)],
  [6, (random) => edited(random, random.pick(small), 1)],
  [1, (random) => sameKind(random, random.pick(files), 3)],
  [6, (random) => edited(random, random.pick(programs), 4)],
  [1, (random) => editedPolicy(random, randomPolicy(random))],
  [1, (random) => edited(random, randomPolicy(random), 2)],
  [6, (random) => soup(random)],
  [10, (random) => damaged(random, random.pick(items))],
  [2, (random) => damaged(random, random.pick(small))],
  [1, (random) => randomBytes(random)],
];
const table = makers.flatMap(([share, maker]) => Array.from({ length: share }, () => maker));

/** Input number `index` of the run `seed`. */
export function inputOf(seed: number, index: number): string | Buffer {
  const own = random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  own.int(2);
  return own.pick(table)(own);
}
