// What a policy may cost a kernel: `--budget bytes=4m`.
import { InvalidArgumentError } from 'commander';

/** What can be limited: bytes and entries of tables, instructions of all programs and of the largest one, bytes of stack of the deepest one. */
const keys = ['bytes', 'entries', 'instructions', 'program-instructions', 'program-stack'] as const;
export type BudgetKey = (typeof keys)[number];
export type Budget = { readonly what: BudgetKey; readonly limit: number };

const isKey = (text: string): text is BudgetKey => keys.some((key) => key === text);
const multiples: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2 };

/** Undefined for what is no budget: an unknown key, a number below 1 or without form. */
export function budgetOf(what: string, text: string): Budget | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,12})([km]?)$/.exec(text) ?? [];
  const limit = Number(digits) * (multiples[unit] ?? 1);
  return isKey(what) && limit >= 1 ? { what, limit } : undefined;
}

export const budgetForm = `${keys.join(', ')}, and a number (\`4k\`, \`1m\`)`;

/** Reads one more budget. Throws for commander, in words for people. */
export function readBudget(text: string, previous: readonly Budget[] = []): readonly Budget[] {
  const [what = '', ...limit] = text.split('=');
  const budget = budgetOf(what, limit.join('='));
  if (!budget) throw new InvalidArgumentError(`expected KEY=NUMBER: ${budgetForm}`);
  return [...previous, budget];
}
