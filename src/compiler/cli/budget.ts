// What a policy may cost a kernel: `--budget bytes=4m`.
import { InvalidArgumentError } from 'commander';

/** What can be limited: bytes and entries of tables, instructions of programs. */
const keys = ['bytes', 'entries', 'instructions'] as const;
export type BudgetKey = (typeof keys)[number];
export type Budget = { readonly what: BudgetKey; readonly limit: number };

const isKey = (text: string): text is BudgetKey => keys.some((key) => key === text);
const multiples: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2 };

/** Reads one more budget. Throws for commander, in words for people. */
export function readBudget(text: string, previous: readonly Budget[] = []): readonly Budget[] {
  const [, what = '', digits = '', unit = ''] = /^([a-z]+)=(\d{1,12})([km]?)$/.exec(text) ?? [];
  const limit = Number(digits) * (multiples[unit] ?? 1);
  if (!isKey(what) || limit < 1) throw new InvalidArgumentError(`expected ${keys.join(', ')}, then \`=\` and a number (\`4k\`, \`1m\`)`);
  return [...previous, { what, limit }];
}
