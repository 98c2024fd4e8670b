// Fields whose values travel as 16-bit numbers (types of DNS records): the automaton over their texts becomes one over the
// two bytes of the number, the higher first, so that no program has to write a number as text.
import { type Automaton, textValue } from '../space/automaton.ts';
import { Interned } from './intern.ts';

const bytes = 256;
/** The dead state, and the one before the first byte; those after it follow. */
const start = 1;

/** Each number gets the class that `automaton` gives its text. */
export function numberAutomaton(automaton: Automaton, textOf: (number: number) => string): Automaton {
  const classAt = Uint32Array.from({ length: bytes * bytes }, (_, number) => textValue(automaton, textOf(number)));
  // High bytes are alike whose numbers have the same classes in the same order; then low bytes, over those.
  const rows = new Interned<Uint32Array>((row) => row.join());
  const rowOf = Array.from({ length: bytes }, (_, high) => rows.number(classAt.subarray(high * bytes, (high + 1) * bytes)));
  const ends = [...new Set(classAt)];
  const columns = new Interned<{ readonly byte: number }>(({ byte }) => `${rowOf[byte]} ${rows.values.map((row) => row[byte]).join()}`);
  const byteClass = Uint8Array.from({ length: bytes }, (_, byte) => columns.numberOnce({ byte }));
  const classes = columns.values.length;
  const firstRow = start + 1;
  const firstEnd = firstRow + rows.values.length;
  const states = firstEnd + ends.length;
  const next = new Uint32Array(states * classes);
  const accept = new Uint32Array(states);
  columns.values.forEach(({ byte }, column) => {
    next[start * classes + column] = firstRow + (rowOf[byte] ?? 0);
    rows.values.forEach((row, number) => {
      next[(firstRow + number) * classes + column] = firstEnd + ends.indexOf(row[byte] ?? 0);
    });
  });
  accept.set(ends, firstEnd);
  return { states, start, classes, byteClass, next, accept };
}
