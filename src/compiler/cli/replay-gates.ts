/** What of a replay can end it with exit code 1. */
export const replayGates = [
  ...(['newly-denied', 'newly-allowed', 'newly-audited', 'mismatch'] as const),
  ...(['undecided', 'not-judged', 'unreadable', 'any'] as const),
] as const;
export type ReplayGate = (typeof replayGates)[number];
