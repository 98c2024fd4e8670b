// HTTP/1.1 requests. Canonical text `METHOD SP path`, the path as request.ts normalises it; a line is an optional
// method (or list of methods) and an optional path pattern. A pattern is brought into the same normal form, and one
// that no normalised path can match is a mistake at its place.
import { closest } from '../../base/closest.ts';
import { anyText, literal, type Pattern, sequence } from '../../space/pattern.ts';
import { type DomainContent, defineDomain, type Fault, faulty, type Line, type Operand, type Read, read } from '../domain.ts';
import { expected, joined, outline, type Piece, patternOf, readEach, readPieces, readText, textFault, tokenText } from '../fields.ts';
import { canonicalTarget } from './request.ts';

/** Methods of the IANA registry that stand in HTTP/1.1 requests with a path, and PURGE. */
const methods: readonly string[] = [
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY', 'PURGE'],
  ...['ACL', 'BASELINE-CONTROL', 'BIND', 'CHECKIN', 'CHECKOUT', 'COPY', 'LABEL', 'LINK', 'LOCK', 'MERGE', 'MKACTIVITY', 'MKCALENDAR'],
  ...['MKCOL', 'MKREDIRECTREF', 'MKWORKSPACE', 'MOVE', 'ORDERPATCH', 'PROPFIND', 'PROPPATCH', 'REBIND', 'REPORT', 'SEARCH', 'UNBIND'],
  ...['UNCHECKOUT', 'UNLINK', 'UNLOCK', 'UPDATE', 'UPDATEREDIRECTREF', 'VERSION-CONTROL'],
];
const known: ReadonlySet<string> = new Set(methods);
const laterFields: ReadonlySet<string> = new Set(['method', 'host', 'path', 'query', 'header', 'target']);

const what = 'a method (`GET`) or a path pattern ("/cart/{id}")';

function readMethod(operand: Operand): Read<Pattern> {
  if (operand.kind !== 'word') return faulty(expected('a method', operand));
  if (known.has(operand.text)) return read(literal(operand.text));
  const { text, span } = operand;
  if (text === 'CONNECT')
    return faulty({ kind: 'text', what: 'method', text, reason: 'its target is no path, so every such request is undecidable', span });
  return faulty({ kind: 'unknown', what: 'HTTP method', text, suggestion: closest(text, methods), span });
}

/** Visible ASCII stands as itself, all other bytes and `?`, `#` as `%` and two upper-case digits. */
function canonicalLiteral(text: string): string {
  const bytes = [...new TextEncoder().encode(text)].map((byte) =>
    byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return bytes.join('').replace(/%([0-9A-Fa-f]{2})/g, (code, digits: string) => {
    const byte = Number.parseInt(digits, 16);
    return byte > 0x20 && byte < 0x7f && byte !== 0x3f && byte !== 0x23 ? String.fromCharCode(byte) : code.toUpperCase();
  });
}

const neverSent = 'a request with it is undecidable and matches no pattern';

/** Why no normalised path has the form of this pattern, or undefined. */
function mistakeIn(pieces: readonly Piece[]): { readonly reason: string; readonly hint?: string } | undefined {
  const written = outline(pieces);
  if (!written.startsWith('/'))
    return { reason: 'a path begins with `/`', ...(written.startsWith('\u0000') ? { hint: 'write `/**` for every path' } : {}) };
  if (/[?#]/.test(written))
    return { reason: 'the path ends before `?` and `#`', hint: 'leave the query out: it is not in this version of the language' };
  if (written.includes('\\')) return { reason: `a path has no backslash: ${neverSent}` };
  if (/%(?![0-9A-Fa-f]{2})/.test(written)) return { reason: '`%` needs two hexadecimal digits' };
  if (/%(?:[01][0-9A-Fa-f]|7[Ff]|2[Ff]|5[Cc]|25)/.test(written))
    return { reason: `an encoded control byte, \`/\`, \`\\\` or \`%\`: ${neverSent}` };
  const segments = canonicalLiteral(written.replaceAll('\u0000', 'x')).split('/').slice(1);
  const bad = segments.some(
    (segment, i) =>
      /^\.{1,2}$/.test(segment.split(';')[0] ?? '') || (segment.split(';')[0] === '' && (segment !== '' || i < segments.length - 1)),
  );
  return bad ? { reason: `an empty segment, \`.\` or \`..\`: ${neverSent}` } : undefined;
}

const readPath = (operand: Operand): Read<Pattern> =>
  readText(operand, 'a path pattern', (text) => {
    const pieces = readPieces(text.raw, 'template');
    if ('reason' in pieces) return faulty(textFault('path pattern', text, pieces));
    const mistake = mistakeIn(pieces);
    if (mistake) return faulty(textFault('path pattern', text, mistake));
    return read(patternOf(pieces.map((piece) => (piece.kind === 'literal' ? { ...piece, text: canonicalLiteral(piece.text) } : piece))));
  });

const isPath = (operand: Operand | undefined): boolean =>
  operand?.kind === 'string' || (operand?.kind === 'list' && operand.items[0]?.kind === 'string');

/** The operand that neither a method nor a path can be. */
function surplus(operand: Operand): Fault {
  if (operand.kind === 'word' && laterFields.has(operand.text))
    return { kind: 'not-supported', what: `http field \`${operand.text}\``, span: operand.span };
  return expected('the end of the line', operand, operand.kind === 'other' ? undefined : 'write `;` or a line end between two lines');
}

function match({ operands, span }: Line): Read<Pattern> {
  const [first, ...others] = operands;
  if (!first) return faulty({ kind: 'expected', expected: what, found: 'nothing', span });
  if (first.kind === 'word' && laterFields.has(first.text)) return faulty(surplus(first));
  const method = isPath(first) ? read(tokenText) : readEach(first, 'a method', readMethod);
  const [path, ...rest] = isPath(first) ? operands : others;
  const afterMethod =
    path === undefined ? read(anyText) : isPath(path) ? readEach(path, 'a path pattern', readPath) : faulty(surplus(path));
  const [extra] = isPath(path) ? rest : [];
  const whole = extra ? [method, afterMethod, faulty(surplus(extra))] : [method, afterMethod];
  const faults = joined(whole);
  return method.ok && afterMethod.ok && faults.ok ? read(sequence(method.value, literal(' '), afterMethod.value)) : faults;
}

function content({ operands, span }: Line): Read<DomainContent> {
  const [method, target, extra] = operands;
  if (!method || !target)
    return faulty({ kind: 'expected', expected: 'a method and a path', found: method ? 'one of them' : 'nothing', span });
  if (extra) return faulty(surplus(extra));
  const checked = readMethod(method);
  if (!checked.ok) return faulty(...checked.faults);
  if (method.kind !== 'word' || target.kind !== 'string') return faulty(expected('a path as it is sent', target));
  if (/[^\x21-\x7e]/.test(target.text)) {
    return faulty(
      textFault('request target', target, {
        reason: 'a request has only visible ASCII',
        hint: 'write other bytes as they are sent: `%20`, `%C3%A9`',
      }),
    );
  }
  return read(canonicalTarget(method.text, target.text));
}

export const http = defineDomain({
  name: 'http',
  form: 'request',
  over: ['tcp'],
  template: 'l7/stream',
  operators: [],
  words: methods,
  match,
  content,
});
