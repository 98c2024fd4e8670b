// Bytes that two automata tell apart.
import type { Automaton } from './automaton.ts';

/** One byte for each pair of byte classes that some byte has. */
export function sampleBytes(a: Automaton, b: Automaton): readonly number[] {
  const samples = new Map<number, number>();
  for (let byte = 0; byte < 256; byte++) samples.set((a.byteClass[byte] ?? 0) * b.classes + (b.byteClass[byte] ?? 0), byte);
  return [...samples.values()];
}
