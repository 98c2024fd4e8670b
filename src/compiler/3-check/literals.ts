// Literals that are no sets: values of annotations, rates of logs. Each has one canonical text.
import { closest } from '../base/closest.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Operand } from '../domains/domain.ts';
import type { ResolvedAnnotation } from '../ir/resolved.ts';
import type { Annotation, Literal, LiteralType } from '../ir/typed.ts';
import { formatPrefix } from '../space/address.ts';
import { prefixOf } from './addresses.ts';
import { describeOperand } from './describe.ts';

const expected: Readonly<Record<LiteralType, string>> = {
  text: 'a text ("...")',
  word: 'a word',
  number: 'a number',
  date: 'a date (2026-12-31)',
  duration: 'a duration (500ms, 30s, 5m, 12h, 7d)',
  size: 'a size (512B, 4KiB, 10MiB, 1GB)',
  rate: 'a rate (10/s, 100/m)',
  address: 'an address',
};

const milliseconds: ReadonlyMap<string, number> = new Map(Object.entries({ ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }));
const bytes: ReadonlyMap<string, number> = new Map(
  Object.entries({ B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }),
);
const seconds: ReadonlyMap<string, number> = new Map(Object.entries({ s: 1, m: 60, h: 3600, d: 86_400 }));

const lastDay = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** Why there is no such day, or undefined. */
function mistakeInDate(text: string): string | undefined {
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return 'a date is year, month and day: 2026-12-31';
  if (month < 1 || month > 12) return 'the months are 01 to 12';
  return day < 1 || day > lastDay(year, month) ? `that month has ${lastDay(year, month)} days` : undefined;
}

const safe = (value: number | undefined): string | undefined =>
  value !== undefined && Number.isFinite(value) && value <= Number.MAX_SAFE_INTEGER ? String(value) : undefined;

/** A number with a unit of this table; undefined if it is none. */
function quantity(text: string, units: ReadonlyMap<string, number>): string | undefined {
  const [, count, unit = ''] = /^(\d+)([A-Za-z]+)$/.exec(text) ?? [];
  const factor = units.get(unit);
  return count === undefined || factor === undefined ? undefined : safe(Number(count) * factor);
}

function rate(text: string): string | undefined {
  const [, count, unit = ''] = /^(\d+)\/([a-z]+)$/.exec(text) ?? [];
  const each = seconds.get(unit);
  return count === undefined || each === undefined ? undefined : safe(Number(count) / each);
}

const readers: Readonly<Record<LiteralType, (operand: Operand) => string | undefined>> = {
  text: (operand) => (operand.kind === 'string' ? operand.text : undefined),
  word: (operand) => (operand.kind === 'word' ? operand.text : undefined),
  number: (operand) => (operand.kind === 'number' ? safe(Number(operand.text)) : undefined),
  date: (operand) => (operand.kind === 'date' ? operand.text : undefined),
  duration: (operand) => (operand.kind === 'quantity' ? quantity(operand.text, milliseconds) : undefined),
  size: (operand) => (operand.kind === 'quantity' ? quantity(operand.text, bytes) : undefined),
  rate: (operand) => (operand.kind === 'quantity' ? rate(operand.text) : undefined),
  address: (operand) => (operand.kind === 'address' || operand.kind === 'string' ? operand.text : undefined),
};

/** The literal that an operand is; undefined after a report. */
export function literalOf(operand: Operand, type: LiteralType, report: Report): Literal | undefined {
  const text = readers[type](operand);
  if (text === undefined) {
    report('check/wrong-kind', operand.span, { expected: expected[type], found: describeOperand(operand), hint: undefined });
    return undefined;
  }
  if (type === 'address') {
    const prefix = prefixOf({ kind: 'address', text, span: operand.span }, report);
    return prefix && { type, text: formatPrefix(prefix) };
  }
  const reason = type === 'date' ? mistakeInDate(text) : undefined;
  if (reason === undefined) return { type, text };
  report('check/bad-literal', operand.span, { text, type, reason });
  return undefined;
}

/** An annotation with its values read; undefined after a report. */
export function annotationOf({ name, span, values, types, choices }: ResolvedAnnotation, report: Report): Annotation | undefined {
  if (values.length !== types.length) {
    const [extra] = values.slice(types.length);
    const wanted = types[values.length];
    report('check/wrong-kind', extra?.span ?? span, {
      expected: wanted ? expected[wanted] : '`)`',
      found: extra ? describeOperand(extra) : '`)`',
      hint: undefined,
    });
    return undefined;
  }
  const read = values.map((value, i) => literalOf(value, types[i] ?? 'text', report));
  const literals = read.filter((one) => one !== undefined);
  if (literals.length < read.length) return undefined;
  const unknown = choices === undefined ? -1 : literals.findIndex(({ text }) => !choices.includes(text));
  const text = literals[unknown]?.text;
  if (text === undefined) return { name, values: literals, span };
  report('check/unknown-operand', values[unknown]?.span ?? span, {
    kind: `value of \`@${name}\``,
    text,
    suggestion: closest(text, choices ?? []),
  });
  return undefined;
}
