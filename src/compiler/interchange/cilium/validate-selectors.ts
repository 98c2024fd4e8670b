// Label selectors as the agent takes them: keys and values that Kubernetes allows, and values where an operator needs them.
import { entriesOf, type Field, isEmptyList, items, itemsOf, member, textIn, textOf } from '../fields.ts';
import type { Reading } from './reading.ts';

const part = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function isKey(written: string): boolean {
  const key = written.replace(/^[^:]*:/, '');
  const [name = '', prefix, more] = key.split('/').reverse();
  const isPrefix = prefix === undefined || (prefix.length <= 253 && subdomain.test(prefix));
  return more === undefined && isPrefix && name.length <= 63 && part.test(name);
}

const isValue = (text: string): boolean => text === '' || (text.length <= 63 && part.test(text));

export function validateSelector(selector: Field, reading: Reading): void {
  const refuseKey = (field: Field, key: string): void => reading.refuse(field, `\`${key}\` is no key of a label`);
  for (const [key, value] of entriesOf(member(selector, 'matchLabels'))) {
    if (!isKey(key)) refuseKey(value, key);
    validateValue(value, reading);
  }
  for (const expression of itemsOf(selector, 'matchExpressions')) {
    const key = textOf(expression, 'key') ?? '';
    if (!isKey(key)) refuseKey(member(expression, 'key'), key);
    validateOperator(expression, reading);
  }
}

function validateOperator(expression: Field, reading: Reading): void {
  const operator = textOf(expression, 'operator') ?? '';
  const values = member(expression, 'values');
  const needsValues = operator === 'In' || operator === 'NotIn';
  if (!needsValues && operator !== 'Exists' && operator !== 'DoesNotExist')
    reading.refuse(member(expression, 'operator'), `there is no operator \`${operator}\``);
  else if (needsValues && (values.value === undefined || isEmptyList(values))) reading.refuse(expression, `\`${operator}\` without values`);
  else if (!needsValues && items(values).length > 0) reading.refuse(values, `\`${operator}\` with values`);
  for (const value of items(values)) validateValue(value, reading);
}

function validateValue(field: Field, reading: Reading): void {
  const text = textIn(field) ?? '';
  if (!isValue(text)) reading.refuse(field, `\`${text}\` is no value of a label`);
}
