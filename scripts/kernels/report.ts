// What the program inside of a machine is told, and what it tells: one line of JSON each.
import type { Survey } from './survey.ts';

export type Plan = {
  readonly programs: readonly { readonly name: string; readonly file: string }[];
  /** Each program may take so long. */
  readonly seconds: number;
};
export type Skip = { readonly name: string; readonly reason: string };
export type TestResult = {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skips: readonly Skip[];
  readonly milliseconds: number;
  /** What it printed, if something failed or it was the only one. */
  readonly output: string;
};
export type Report = { readonly kind: 'survey'; readonly survey: Survey } | { readonly kind: 'test'; readonly result: TestResult };

/** Begins each line that is a report; others are somebody's output. */
export const reportMark = '@report ';
