// Requests for tests: what a stream of bytes means by request.ts, random requests biased to what servers disagree about,
// and policies over them.
import { verdictIn } from '../../src/compiler/analysis/oracle.ts';
import type { LineMatch } from '../../src/compiler/domains/domain.ts';
import { type RequestContent, readRequestHead } from '../../src/compiler/domains/http/request.ts';
import type { Verdict } from '../../src/compiler/ir/event.ts';
import type { Action, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import { host, workload } from './governed.ts';
import type { Random } from './random.ts';
import { networkRule, samplePolicy, sampleUnit } from './sample-policy.ts';

/** One request of a stream; `end` undefined: lost, or not whole. `upgrade`: it must be the first, and its response says what follows. */
export type StreamRequest = {
  readonly content: RequestContent;
  readonly framed: boolean;
  readonly upgrade: boolean;
  readonly start: number;
  readonly end?: number;
};

/** Size and data, each with CRLF, no extensions, a trailer of at most nothing that frames; undefined where it is anything else. */
function chunkedEnd(text: string, from: number): number | undefined {
  for (let at = from; ; ) {
    const line = /^([0-9a-fA-F]{1,8})\r\n/.exec(text.slice(at, at + 10));
    if (!line) return undefined;
    const size = Number.parseInt(line[1] ?? '', 16);
    at += line[0].length;
    if (size === 0) return text.startsWith('\r\n', at) ? at + 2 : undefined;
    if (text.slice(at + size, at + size + 2) !== '\r\n') return undefined;
    at += size + 2;
  }
}

/** The request at `start` of a stream; undefined while its head is not whole. */
export function requestAt(text: string, start: number): StreamRequest | undefined {
  const head = readRequestHead(Buffer.from(text.slice(start), 'latin1'));
  if (head.kind === 'incomplete') return undefined;
  if (head.kind === 'lost') return { content: head.content, framed: false, upgrade: false, start };
  const body = start + head.headBytes;
  const end = head.body.kind === 'chunked' ? chunkedEnd(text, body) : body + (head.body.kind === 'length' ? head.body.bytes : 0);
  const whole = end !== undefined && end <= text.length;
  return { content: head.content, framed: true, upgrade: head.body.kind === 'upgrade', start, ...(whole && { end }) };
}

const methods = ['GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'DELETE', 'CONNECT', 'get', 'G T', 'PRI'];
const segments = [
  'a',
  'b',
  'admin',
  'a',
  'b',
  'up',
  'a%20b',
  '%61',
  '%61dmin',
  'x;y',
  '.',
  '..',
  '%2e%2E',
  '',
  '%2F',
  '%zz',
  '%',
  'A',
  '~%7e',
];
const endings = ['', '', '', '', '/', '?', '?q=/../x', '?a#b', '#', '\\', '\t', ' ', '\x80'];
const headers = [
  'X: y',
  'Cookie: a=b; c="d"',
  'Accept:*/*',
  'x-empty:',
  'Content-Type: text/plain',
  'Host: y',
  'Expectation: nothing',
  'X-Utf: \xc3\xa9',
];
const oddHeaders = [
  ' folded',
  'A : b',
  'NoColon',
  'Upgrade: websocket',
  'upgrade:\tWebSocket ',
  'Upgrade: h2c',
  'X-HTTP-Method-Override: DELETE',
  'x-method-override: GET',
  'X-HTTP-Method: PUT',
  'Content-Length: 1',
  'Content-Length: 0x1',
  'Transfer-Encoding: gzip',
  'B: \x00',
  'C: \n',
];
const versions = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 '];

function randomTarget(random: Random): string {
  if (random.chance(0.03)) return random.pick(['*', 'http://x/a', 'a', '']);
  const length = random.chance(0.6) ? 1 : random.int(4);
  const path = Array.from({ length }, () => `/${random.pick(segments)}`).join('');
  return (path || '/') + (random.chance(0.25) ? random.pick(endings) : '');
}

/** One request: mostly right, and then exactly as long as it says; or one whose framing is lost. */
export function randomRequest(random: Random): string {
  for (;;) {
    const usual = random.chance(0.7);
    const lines = [
      `${usual ? random.pick(methods.slice(0, 8)) : random.pick(methods)} ${randomTarget(random)} ${usual ? 'HTTP/1.1' : random.pick(versions)}`,
    ];
    lines.push(
      'Host: x',
      ...random.some(
        headers.filter((line) => !line.startsWith('Host')),
        0.3,
      ),
    );
    if (random.chance(0.08)) lines.push(random.pick([...headers, ...oddHeaders]));
    const body = 'x'.repeat(random.chance(0.1) ? random.int(5000) : random.int(40));
    const framing = random.int(3);
    if (framing === 1) lines.push(`Content-Length: ${body.length}`);
    if (framing === 2) lines.push('Transfer-Encoding: chunked');
    const chunks = `${body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`}0\r\n\r\n`;
    const text = `${lines.join('\r\n')}\r\n\r\n${['', body, chunks][framing]}`;
    const read = requestAt(text, 0);
    if (read && (!read.framed || read.end === text.length)) return text;
  }
}

const hosts = [
  ...['shop.example', 'shop.example', 'Shop.EXAMPLE:80', 'shop.example.', ' shop.example\t', 'evil.example', 'EVIL.example.:8080', 'x'],
  ...[
    '[::1]:80',
    '[::1]',
    '',
    'a..b',
    ':80',
    'u@shop.example',
    'shop.example:8a',
    'shop.example evil.example',
    '%65vil.example',
    '10.0.0.1',
  ],
];
const fieldNames = ['x-role', 'X-Role', 'x-tag', 'X-TAG', 'x-utf', 'Content-Type', 'x-ro', 'x-role2', 'Accept'];
const fieldValues = [
  ...['admin', 'admin', 'admin ', '\tadmin', 'admin\t \t', 'Admin', 'ad min', 'good', 'bad', 'bad', 'text/plain', 'text/xml; q=1', ''],
  ...[
    '\xc3\xa9',
    '\xc3\xa9tude',
    '\xe9',
    '\xc3',
    '\xc3 \xa9',
    '\xed\xa0\x80',
    '\xf0\x9f\x98\x80!',
    '\xf0\x9f\x98',
    '\xef\xbb\xbfadmin',
    'x\xff',
  ],
];
const queries = ['', '', '?', '?q=1', '?q=', '?debug', '?a=1&debug=%20', '?q=/../x', '?q=\xe9'];

/** One whose host, query and headers are near those of policies about them. */
export function randomFieldedRequest(random: Random): string {
  const lines = Array.from(
    { length: random.int(4) },
    () => `${random.pick(fieldNames)}:${random.pick(['', ' '])}${random.pick(fieldValues)}`,
  );
  if (random.chance(0.95)) lines.splice(random.int(lines.length + 1), 0, `Host: ${random.pick(hosts)}`);
  const body = random.chance(0.2) ? 'x'.repeat(random.int(60)) : undefined;
  if (body !== undefined) lines.push(`Content-Length: ${body.length}`);
  const path = random.pick(['/a', '/a', '/b', '/q', '/up/1', '/up/', '/%61', '/b//c']);
  return [`${random.pick(['GET', 'GET', 'POST'])} ${path}${random.pick(queries)} HTTP/1.1`, ...lines, '', body ?? ''].join('\r\n');
}

/** One that a server answers without closing. */
export function randomFramedRequest(random: Random): string {
  for (;;) {
    const text = randomRequest(random);
    const read = /^(GET|POST|PUT|HEAD|DELETE) \/[!-~]* HTTP\/1.1\r\n/.test(text) ? requestAt(text, 0) : undefined;
    if (read?.framed && !read.upgrade) return text;
  }
}

/** Rules about requests from anybody to the server, which match one of the lines; a rule without lines is about every request. */
export const httpPolicy = (defaultDeny: boolean, rules: readonly (readonly [Action, ...LineMatch[]])[]): TypedPolicy =>
  sampleUnit(
    [samplePolicy(0, { name: 'web', defaultDeny: { ingress: defaultDeny, egress: false, process: [] } })],
    rules.map(([action, ...lines], id) => networkRule(id, { action, ...(lines.length > 0 && { layer7: { domain: 'http', lines } }) })),
  );

/** What the oracle says of a request of the client at this port. */
export const verdictOfRequest = (policy: TypedPolicy, content: RequestContent, port: number): Verdict =>
  verdictIn(policy, 'ingress', { subject: workload, peer: host, point: transportPoint('tcp', port), request: { domain: 'http', content } });
