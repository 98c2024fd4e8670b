// The event that a test line writes: exact values, read by each field's type. Fields that it does not name stand for
// every value, or are not there, as their spec says.
import { expected } from './describe.ts';
import { type DomainData, type Fault, faulty, type Line, type Read, read, type WrittenContent } from './domain.ts';
import { readLine, type WrittenTest } from './read-line.ts';
import { collected, itemsOf, nothingSaid, twice } from './read-match.ts';

type Stated = { readonly name: string; readonly values: readonly string[] };

/** A test line says what one event is: nothing that only narrows it. */
function surplus({ field, not, operator }: WrittenTest): readonly Fault[] {
  const word = not ?? operator;
  return word ? [expected(field.type.expected, word, 'a test line says one value')] : [];
}

function readStated(test: WrittenTest): Read<Stated> {
  const { field, name } = test;
  if ('presence' in test) {
    if (test.presence === 'absent' && !field.always) return read({ name, values: [] });
    return faulty({ kind: 'expected', expected: field.type.expected, found: `\`${test.presence}\``, span: test.span });
  }
  const wrong = surplus(test);
  if (wrong.length > 0) return faulty(...wrong);
  const { operand } = test;
  if (operand.kind === 'list' && field.quantity === 'one')
    return faulty(expected(field.type.expected, operand, 'a test line says one value'));
  const items = itemsOf(operand);
  if (items.length === 0) return faulty({ kind: 'empty-list', span: operand.span });
  const values = collected(
    items.map((item) =>
      item.kind === 'set' ? faulty(expected(field.type.expected, item, 'a test line says one value')) : field.type.value(item),
    ),
  );
  return values.ok ? read({ name, values: values.value }) : values;
}

function contentOf(domain: DomainData, stated: readonly Stated[]): WrittenContent & { readonly kind: 'fields' } {
  const fields: Record<string, readonly string[]> = {};
  for (const { name, values } of stated) if (values.length > 0) fields[name] = [...(fields[name] ?? []), ...values];
  const isStated = (name: string): boolean => stated.some((one) => one.name === name);
  const open = domain.fields.filter(({ name, unstated, key }) => unstated === 'any' && !key && !isStated(name));
  return { kind: 'fields', fields, open: open.map(({ name }) => name) };
}

/** The content of the event that a test line writes. */
export function readContent(domain: DomainData, line: Line): Read<WrittenContent> {
  const { tests, faults } = readLine(domain, line);
  const stated = collected(tests.map(readStated));
  const wrong = [...faults, ...twice(tests), ...nothingSaid(domain, line), ...(stated.ok ? [] : stated.faults)];
  if (!stated.ok || wrong.length > 0) return faulty(...wrong);
  const content = contentOf(domain, stated.value);
  return domain.derive ? domain.derive(content, line) : read(content);
}
