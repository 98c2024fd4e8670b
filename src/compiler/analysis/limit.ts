// The end of an exact answer: an analysis that would grow past its budget stops with the name of the limit. It never
// goes on without end and never passes a sample off as the whole.

import type { Span } from '../base/source.ts';

export type LimitName = 'cells' | 'comparisons' | 'diagram nodes' | 'pattern states' | 'requests';

/** Thrown by every analysis of this folder; callers at the border turn it into the diagnostic `analysis/limit`. */
export class AnalysisLimit extends Error {
  override readonly name = 'AnalysisLimit';
  /** Has a budget been used up? Else a single question is too large, whatever is left. */
  readonly isOfBudget: boolean;
  /** The name that people see. */
  readonly limit: LimitName;
  readonly allowed: number;
  /** The rule or policy whose change it was that took so much. */
  readonly guilty: Span | undefined;

  constructor(limit: LimitName, allowed: number, guilty?: Span) {
    super(`more than ${allowed} ${limit}`);
    this.isOfBudget = limit === 'cells' || limit === 'comparisons';
    this.limit = limit;
    this.allowed = allowed;
    this.guilty = guilty;
  }
}

/** The answer, or the limit that it is past. */
export function limited<T>(work: () => T): T | AnalysisLimit {
  try {
    return work();
  } catch (error) {
    if (error instanceof AnalysisLimit) return error;
    throw error;
  }
}
