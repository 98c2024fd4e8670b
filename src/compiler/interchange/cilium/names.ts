// Patterns of DNS names, as Cilium reads them: a run of `*` is any characters of one label, `**.` at the beginning one or more
// whole labels, and nothing but wildcards is every name.
import { type Field, textOf } from '../fields.ts';
import { literalText } from '../texts.ts';
import type { Reading } from './reading.ts';

/** A pattern in policy text; undefined where no name has this form. */
export function patternText(written: string): string | undefined {
  const pattern = written.toLowerCase().replace(/\.$/, '');
  if (/^\*+$/.test(pattern)) return '"**"';
  const isBelow = pattern.startsWith('**.');
  const labels = (isBelow ? pattern.slice('**.'.length) : pattern).replace(/\*+/g, '*').split('.');
  if (labels.some((label) => label === '' || label.replaceAll('*', '').length > 63)) return undefined;
  return `"${isBelow ? '**.' : ''}${labels.join('.')}"`;
}

export const nameText = (name: string): string | undefined => {
  const labels = name.replace(/\.$/, '').split('.');
  return labels.some((label) => label === '' || label.length > 63) ? undefined : literalText(name.toLowerCase().replace(/\.$/, ''));
};

export function validateName(field: Field, reading: Reading): void {
  const [name, pattern] = [textOf(field, 'matchName') ?? '', textOf(field, 'matchPattern') ?? ''];
  if ((name === '') === (pattern === '')) reading.refuse(field, 'each entry is one of `matchName` and `matchPattern`');
  else if (!/^[-a-zA-Z0-9_.*]+$/.test(name + pattern) || name.includes('*')) reading.refuse(field, `\`${name}${pattern}\` is no DNS name`);
}
