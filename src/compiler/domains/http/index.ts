// HTTP/1.1 requests: method, path as request.ts normalises it, host, query, headers, and the target as it was sent.
import { anyText, byteIn, either, literal, not, type Pattern, repeat, sequence } from '../../space/pattern.ts';
import { defineDomain } from '../define.ts';
import { expected, textFault } from '../describe.ts';
import {
  type FieldSpec,
  type FieldTest,
  type FieldValues,
  faulty,
  type Line,
  type LineMatch,
  type Operand,
  type Read,
  read,
  type WrittenContent,
} from '../domain.ts';
import { domainName } from '../types/names.ts';
import { globText, plainText } from '../types/texts.ts';
import { method } from './methods.ts';
import { path, sentTarget } from './path.ts';
import { canonicalTarget, lengthDigits, readRequestHead } from './request.ts';
import { sentTarget as shared } from './sent-target.ts';

/** Visible ASCII but `#`. */
const targetByte = byteIn([0x21, 0x22], [0x24, 0x7e]);
const sent = (text: string) => {
  if (text.includes('#')) return { reason: 'a target is sent without its fragment `#`' };
  const checked = sentTarget(text.replaceAll('\0', ''));
  return 'reason' in checked ? checked : undefined;
};

const query = globText({ noun: 'query', expected: 'a query ("page=*")', possible: repeat(targetByte, 0), mistake: sent });
const target = globText({
  noun: 'target',
  expected: 'a target as it is sent ("/a?b=c")',
  possible: sequence(literal('/'), repeat(targetByte, 0)),
  familiar: sequence(literal('/'), plainText),
  mistake: (text) => sent(text) ?? (/^[/\0]/.test(text) ? undefined : { reason: 'a target begins with `/`' }),
});

const visible = byteIn([0x21, 0x7e], [0x80, 0xff]);
const headerByte = byteIn([0x09, 0x09], [0x20, 0x7e], [0x80, 0xff]);
/** Without the white space around it (RFC 9110, 5.5). */
const headerText: Pattern = either(literal(''), visible, sequence(visible, repeat(headerByte, 0), visible));

const headerValue = globText({
  noun: 'header value',
  expected: 'a value ("application/json")',
  possible: headerText,
  mistake: (text) => {
    if (/^[ \t]|[ \t]$/.test(text)) return { reason: 'the white space around a value is not part of it' };
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control bytes are what is looked for; NUL stands for a wildcard
    return /[\x01-\x08\x0a-\x1f\x7f]/.test(text) ? { reason: 'a value has no control characters' } : undefined;
  },
});

function headerName(operand: Operand): Read<string> {
  const what = 'the name of a header ("content-type")';
  if (operand.kind !== 'string') return faulty(expected(what, operand));
  const name = operand.text.toLowerCase();
  if (name === 'host')
    return faulty(textFault('header name', operand, { reason: 'the host is a field', hint: 'write `host "shop.example"`' }));
  const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
  return token.test(name) ? read(name) : faulty(textFault('header name', operand, { reason: 'it is no token of letters, digits and `-`' }));
}

/** What says where a request ends, that the connection becomes another, or what the method is: request.ts reads no other values. */
const framing: Readonly<Record<string, Pattern>> = {
  upgrade: sequence(...[...'websocket'].map((letter) => either(literal(letter), literal(letter.toUpperCase())))),
  'content-length': between(byteIn([0x30, 0x39]), lengthDigits),
  'transfer-encoding': literal('chunked'),
  'x-http-method': either(),
  'x-http-method-override': either(),
  'x-method-override': either(),
};
const asked = (field: string, pattern: Pattern): FieldTest => ({ field, every: false, orAbsent: false, values: { kind: 'text', pattern } });
const [upgrade, length, coding] = ['upgrade', 'content-length', 'transfer-encoding'].map((name) => asked(`header ${name}`, anyText));
const never: readonly LineMatch[] =
  upgrade && length && coding
    ? [
        [length, coding],
        [upgrade, length],
        [upgrade, coding],
        [upgrade, asked('method', not(literal('GET')))],
      ]
    : [];

function between(part: Pattern, most: number): Pattern {
  return most === 1 ? part : sequence(part, either(literal(''), between(part, most - 1)));
}

const one = { quantity: 'one', mayBeUndecidable: false } as const;
const fields: readonly FieldSpec[] = [
  { ...one, name: 'method', summary: 'the method', type: method, unstated: 'any', always: true },
  { ...one, name: 'path', summary: 'the normalised path, without the query', type: path, unstated: 'any', always: true },
  { ...one, name: 'host', summary: 'the host that is asked, without its port', type: domainName, unstated: 'any', always: false },
  { ...one, name: 'query', summary: 'the text behind `?`, as sent', type: query, unstated: 'absent', always: false },
  {
    name: 'header',
    summary: 'the values of a header',
    type: headerValue,
    quantity: 'every',
    unstated: 'absent',
    mayBeUndecidable: false,
    always: false,
    key: {
      expected: 'the name of a header ("content-type")',
      read: headerName,
      only: (name) => (Object.hasOwn(framing, name) ? framing[name] : undefined),
    },
  },
  { ...one, name: 'target', summary: 'path and query as sent', type: target, unstated: 'any', always: true },
];

/** A test line writes the path as it is sent, or the target: path, query and target are what a server would read of it. */
function derive({ fields: written, open }: WrittenContent & { readonly kind: 'fields' }, { span }: Line): Read<WrittenContent> {
  const said = (name: string): string | undefined => {
    const values = written[name];
    return values === undefined || 'kind' in values ? undefined : values[0];
  };
  const fault = framingFault(written);
  if (fault) return read({ kind: 'undecidable', reason: fault });
  const [sentPath, sentWhole, sentQuery] = [said('path'), said('target'), said('query')];
  if (sentWhole !== undefined && (sentPath ?? sentQuery) !== undefined)
    return faulty({ kind: 'expected', expected: 'a path or a target', found: 'both', span });
  const withQuery = sentPath === undefined || sentQuery === undefined || sentPath.includes('?') ? sentPath : `${sentPath}?${sentQuery}`;
  const whole = sentWhole ?? withQuery;
  if (whole === undefined) return read({ kind: 'fields', fields: written, open });
  const request = canonicalTarget(said('method') ?? 'GET', whole);
  if (request.kind === 'undecidable') return read(request);
  const { method: asked, ...derived } = request.fields;
  const known: FieldValues = open.includes('method') || !asked ? derived : { ...derived, method: asked };
  return read({ kind: 'fields', fields: { ...written, ...known }, open: open.filter((name) => !(name in derived)) });
}

/** What request.ts says of a head with these headers. */
function framingFault(written: FieldValues): string | undefined {
  const headers = Object.entries(written).flatMap(([field, values]) =>
    field.startsWith('header ') && !('kind' in values) ? values.map((value) => `${field.slice('header '.length)}: ${value}\r\n`) : [],
  );
  if (headers.length === 0) return undefined;
  const [method = 'GET'] = written['method'] && !('kind' in written['method']) ? written['method'] : [];
  const head = readRequestHead(encoder.encode(`${method} / HTTP/1.1\r\n${headers.join('')}\r\n`));
  return head.kind !== 'incomplete' && head.content.kind === 'undecidable' ? head.content.reason : undefined;
}

const encoder = new TextEncoder();

export const http = defineDomain({
  name: 'http',
  summary: 'HTTP/1.1 requests',
  form: 'request',
  over: ['tcp'],
  encryptedPorts: [443, 8443],
  positional: ['method', 'path'],
  fields,
  shared,
  never,
  mayBeEmpty: false,
  derive,
});
