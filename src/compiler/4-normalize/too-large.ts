// Automata that do not fit their table: how much of it they fill, and which pattern is the one too many.
import { type Classification, classify, type Overshadowed, Work } from '../space/automaton.ts';
import type { Pattern } from '../space/pattern.ts';

/** The patterns that one automaton reads, what they need not be looked for, and the room there is. */
export type PatternQuestion = {
  readonly patterns: readonly Pattern[];
  readonly overshadowed: Overshadowed | undefined;
  readonly room: Room;
};
export type Room = { readonly states: number; readonly cells: number };

/** States on the way to the smallest automaton: twice what the table holds. */
const attempted = ({ states }: Room): number => 2 * states;

/** Work of one determinization: a quarter of a second or so for small tables, in proportion for larger ones. */
const workFor = ({ cells }: Room): number => Math.max(4_000_000, cells * 24);

export const classified = (
  { patterns, overshadowed, room }: PatternQuestion,
  work = new Work(),
  count = patterns.length,
): Classification | undefined => classify(patterns.slice(0, count), attempted(room), { overshadowed, work, mostWork: workFor(room) });

/** So much work is done to find the pattern to blame: a few times what one that is too many takes. */
const blameWork = (room: Room): number => 8 * workFor(room);

/** How much of the table is filled; more than 1 is too much, and undefined is too much to know. */
function filled(found: Classification | undefined, room: Room): number | undefined {
  if (!found) return undefined;
  const { states, classes } = found.automaton;
  return Math.max(states / room.states, (states * classes) / room.cells);
}

const isTooMuch = (part: number | undefined): boolean => part === undefined || part > 1;

/** So many patterns, and how much of the table they fill. */
type Tried = { readonly count: number; readonly part: number | undefined };

/** How many to try between some that fit and some that do not. What fits costs less the less it is: unless sizes are known, come from below. */
function between(fits: Tried, tooMany: Tried, attempt: number): number {
  const room = tooMany.count - fits.count;
  const isKnown = tooMany.part !== undefined && fits.part !== undefined;
  // A third is halved, lest a bend in the sizes make the steps small.
  if (!isKnown) return Math.min(Math.max(1, fits.count * 2), fits.count + (room >> 1));
  if (attempt % 3 === 2) return fits.count + (room >> 1);
  const share = (1 - (fits.part ?? 0)) / ((tooMany.part ?? 1) - (fits.part ?? 0));
  return fits.count + Math.min(room - 1, Math.max(1, Math.floor(room * share)));
}

/** The pattern that is too many for those before it. Where that takes too much work, a later one: those up to it are too many. */
export function firstTooMany(question: PatternQuestion, whole: Classification | undefined): number {
  const { patterns, room } = question;
  const work = new Work();
  let fits: Tried = { count: 0, part: 0 };
  let tooMany: Tried = { count: patterns.length, part: filled(whole, room) };
  for (let attempt = 0; tooMany.count - fits.count > 1 && work.done < blameWork(room); attempt++) {
    const count = between(fits, tooMany, attempt);
    const tried = { count, part: filled(classified(question, work, count), room) };
    if (isTooMuch(tried.part)) tooMany = tried;
    else fits = tried;
  }
  return tooMany.count - 1;
}

export const fitsRoom = (found: Classification | undefined, room: Room): found is Classification => !isTooMuch(filled(found, room));

/** What of it is too large, for a message. */
export function tooLarge(found: Classification | undefined, room: Room) {
  if (!found) return { found: `more than ${attempted(room)}`, unit: 'states', limit: room.states };
  const { states, classes } = found.automaton;
  if (states > room.states) return { found: states, unit: 'states', limit: room.states };
  return { found: states * classes, unit: 'cells', limit: room.cells };
}
