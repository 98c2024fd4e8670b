// Domains as the analysis sees them, for policies that are made without a parser: names, fields and their possible values
// are those of the language, nothing of them is read from text.
import { type DomainSpec, type FieldSpec, type FieldType, faulty } from '../../src/compiler/domains/domain.ts';
import { anyText, byteIn, either, literal, type Pattern, repeat, sequence } from '../../src/compiler/space/pattern.ts';

type Quantity = Pick<FieldSpec, 'quantity' | 'unstated' | 'mayBeUndecidable' | 'always'>;
const always: Quantity = { quantity: 'one', unstated: 'any', mayBeUndecidable: false, always: true };
const optional: Quantity = { ...always, always: false };
const every: Quantity = { quantity: 'every', unstated: 'absent', mayBeUndecidable: false, always: false };
const argument: Quantity = { quantity: 'some', unstated: 'absent', mayBeUndecidable: true, always: false };

const typeOf = (possible: Pattern, familiar = possible): FieldType => ({
  expected: 'a text',
  noun: 'text',
  kind: 'text',
  operators: [],
  words: [],
  declared: [],
  values: () => faulty(),
  value: () => faulty(),
  possible,
  familiar,
});
const numberType: FieldType = { ...typeOf(anyText), kind: 'number', range: { low: 0, high: 2 ** 32 - 2 } };
const visible = repeat(byteIn([0x21, 0x7e]), 1);
const text = typeOf(anyText, visible);
const path = typeOf(sequence(literal('/'), repeat(byteIn([1, 255]), 0)), sequence(literal('/'), visible));
const method = typeOf(either(...['GET', 'POST', 'PUT', 'DELETE', 'HEAD'].map(literal)));

const field = (name: string, type: FieldType, quantity: Quantity): FieldSpec => ({ name, summary: name, type, ...quantity });
const header: FieldSpec = { ...field('header', text, every), key: { expected: 'a header name', read: () => faulty() } };
const domain = (name: string, over: DomainSpec['over'], fields: readonly FieldSpec[]): DomainSpec => ({
  name,
  summary: name,
  form: over.length === 0 ? 'process' : 'request',
  over,
  encryptedPorts: [],
  positional: [],
  mayBeEmpty: true,
  fields,
  match: () => faulty(),
  content: () => faulty(),
});

const conditions = [
  field('parent', path, optional),
  field('user', numberType, always),
  field('scope', typeOf(either(literal('container'), literal('host'))), always),
];

export const smallDomains: readonly DomainSpec[] = [
  domain(
    'http',
    ['tcp'],
    [
      field('method', method, always),
      field('path', path, always),
      field('host', text, optional),
      field('query', text, optional),
      header,
      field('target', path, always),
    ],
  ),
  domain('dns', ['udp', 'tcp'], [field('name', text, always), field('type', text, always)]),
  domain('tls', ['tcp'], [field('sni', text, optional), field('alpn', text, every)]),
  domain('exec', [], [field('path', path, always), field('argument', text, argument), ...conditions]),
  domain('read', [], [field('path', path, always), field('binary', path, always), ...conditions]),
];
