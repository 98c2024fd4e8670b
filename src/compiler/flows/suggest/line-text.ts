// How a line of a block is written.
import type { FieldValues } from '../../domains/domain.ts';

/** `note`: what a line says beyond what was recorded. */
export type BlockLine = { readonly text: string; readonly note?: string };

/** The value of a field that has one. */
export function single(fields: FieldValues, field: string): string | undefined {
  const values = fields[field];
  return values === undefined || 'kind' in values || values.length !== 1 ? undefined : values[0];
}

/** A text as it stands in quotation marks, where `signs` would mean something. */
export const escaped = (text: string, signs: string): string =>
  [...text].map((sign) => (sign === '"' || sign === '\\' || signs.includes(sign) ? `\\${sign}` : sign)).join('');
