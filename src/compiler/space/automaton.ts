// Deterministic automata over bytes. (types first)

/** Complete DFA: every state has a successor for every byte; a text's value is `accept` of the state after its last byte. */
export type Automaton = {
  readonly states: number;
  readonly start: number;
  /** Number of byte classes: the stride of `next`. */
  readonly classes: number;
  /** byte -> byte class. */
  readonly byteClass: Uint8Array;
  /** `next[state * classes + byteClass[byte]]`. */
  readonly next: Uint32Array;
  /** state -> value of the texts that end there; a language has 0 (outside) and 1 (inside). */
  readonly accept: Uint32Array;
};
