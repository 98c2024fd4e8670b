// What a request head means, case by case: canonical text, framing, and every way to be undecidable.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { canonicalHost, canonicalTarget, headLimit, readRequestHead } from '../../src/compiler/domains/http/request.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const read = (text: string) => readRequestHead(bytes(text));
/** What a request without a query and headers says. */
const says = (method: string, path: string, more: object = {}) => ({
  kind: 'fields',
  fields: { method: [method], path: [path], target: [path], ...more },
});
const undecidable = (reason: string) => ({ kind: 'undecidable', reason });
const lost = (reason: string) => ({ kind: 'lost', content: undecidable(reason) });

const canonical: readonly (readonly [target: string, path: string])[] = [
  ['/', '/'],
  ['/cart/42', '/cart/42'],
  ['/cart/', '/cart/'],
  ['/cart?id=1', '/cart'],
  ['/cart?next=/../x//y%zz', '/cart'],
  ['/%61dmin', '/admin'],
  ['/%7euser', '/~user'],
  ['/a%3ab%40c', '/a:b@c'],
  ['/a|b', '/a|b'],
  ['/a%7Cb', '/a|b'],
  ['/a%20b', '/a%20b'],
  ['/caf%c3%a9', '/caf%C3%A9'],
  ['/a%3fb%23c', '/a%3Fb%23c'],
  ['/..a/.b/c..', '/..a/.b/c..'],
  ['/a;v=1/b', '/a;v=1/b'],
  ['/ADMIN', '/ADMIN'],
];
for (const [target, path] of canonical) {
  const query = target.includes('?') ? { query: [target.slice(target.indexOf('?') + 1)] } : {};
  test(`${target} is ${path}`, () => assert.equal(canonicalTarget('GET', target), says('GET', path, { target: [target], ...query })));
}

const ambiguous = [
  '',
  '*',
  '?x',
  'a',
  'http://host/a',
  'host:443',
  '//',
  '//a',
  '/a//b',
  '/a//',
  '/.',
  '/..',
  '/./a',
  '/a/../b',
  '/a/..',
  '/%2e',
  '/a/%2E%2e/b',
  '/a/.%2e',
  '/..;/b',
  '/a/.;x/b',
  '/;x/b',
  '/a/;',
  '/..%3b/b',
  '/a%2fb',
  '/a%2Fb',
  '/a%5cb',
  '/a%252fb',
  '/a%00',
  '/a%1f',
  '/a%7F',
  '/a%',
  '/a%2',
  '/a%zz',
  '/a\\b',
  '/a#b',
  '/a?b#c',
  '/a b',
  '/a\tb',
  '/a\u0080',
  '/a?\u00ff',
];
for (const target of ambiguous) {
  test(`${JSON.stringify(target)} is ambiguous`, () => assert.equal(canonicalTarget('GET', target), undecidable('ambiguousTarget')));
}

test('methods are tokens, case-sensitive; CONNECT opens a tunnel', () => {
  assert.equal(canonicalTarget('get', '/a'), says('get', '/a'));
  assert.equal(canonicalTarget('M-SEARCH', '/a'), says('M-SEARCH', '/a'));
  assert.equal(canonicalTarget('G@T', '/a'), undecidable('malformedRequest'));
  assert.equal(canonicalTarget('CONNECT', '/a'), undecidable('ambiguousTarget'));
});

test('a head is read with its framing', () => {
  const head = (content: object, headBytes: number, body: object) => ({ kind: 'head', content, headBytes, body });
  const none = { kind: 'none' };
  assert.equal(read('GET /a HTTP/1.1\r\nHost: x\r\n\r\nrest'), head(says('GET', '/a', { host: ['x'] }), 28, none));
  assert.equal(read('GET /a HTTP/1.0\r\n\r\n'), head(says('GET', '/a'), 19, none));
  assert.equal(read('GET /a//b HTTP/1.0\r\n\r\n'), head(undecidable('ambiguousTarget'), 22, none));
  assert.equal(
    read('POST /a HTTP/1.1\r\ncontent-LENGTH:\t12 \r\n\r\n'),
    head(says('POST', '/a', { 'header content-length': ['12'] }), 41, { kind: 'length', bytes: 12 }),
  );
  assert.equal(
    read('POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n'),
    head(says('POST', '/a', { 'header content-length': ['0'] }), 39, none),
  );
  assert.equal(
    read('POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n'),
    head(says('POST', '/a', { 'header transfer-encoding': ['chunked'] }), 48, { kind: 'chunked' }),
  );
  assert.equal(read('GET /a HTTP/1.1\r\nX: \u00c3\u00a9\t!\r\n\r\n'), head(says('GET', '/a', { 'header x': ['\u00e9\t!'] }), 28, none));
});

test('the fields of a head: host, query, target, repeated headers', () => {
  const head = read('GET /a%2d?b=/c HTTP/1.1\r\nHOST: Shop.Example.:8080\r\nAccept: a\r\naccept:b \r\n\r\n');
  const more = { target: ['/a%2d?b=/c'], query: ['b=/c'], host: ['shop.example'], 'header accept': ['a', 'b'] };
  assert.equal(head.kind === 'head' && head.content, says('GET', '/a-', more));
});

for (const [sent, host] of [
  ['a.example', 'a.example'],
  ['A.EXAMPLE:80', 'a.example'],
  ['a.example.', 'a.example'],
  ['10.0.0.1:80', '10.0.0.1'],
  ['[::1]:80', undefined],
  ['', undefined],
] as const)
  test(`the host of ${JSON.stringify(sent)} is ${host}`, () => assert.is(canonicalHost(sent), host));

for (const sent of ['a..b', '.a', 'a.b:80:80', ':80', 'u@a', 'a b', 'a/b', '%61', '[::1', '[a]b', '[::1]:x', 'a,b'])
  test(`${JSON.stringify(sent)} is no host`, () => {
    assert.is(canonicalHost(sent), undefined);
    const head = read(`GET /a HTTP/1.1\r\nHost: ${sent}\r\n\r\n`);
    assert.equal(head.kind === 'head' && head.content, undecidable('malformedRequest'));
  });

const handshake = 'GET /chat HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n';
test('a request for WebSocket is a request; what follows it depends on the response', () => {
  const head = read(`${handshake}\r\n`);
  const fields = says('GET', '/chat', { 'header upgrade': ['WebSocket'], 'header connection': ['Upgrade'] });
  assert.equal(head, { kind: 'head', content: fields, headBytes: 63, body: { kind: 'upgrade' } });
});
for (const odd of [
  handshake.replace('WebSocket', 'h2c'),
  handshake.replace('WebSocket', 'websocket, h2c'),
  handshake.replace('WebSocket', 'websocket/13'),
  handshake.replace('WebSocket', ''),
  handshake.replace('GET', 'POST'),
  handshake.replace('1.1', '1.0'),
  `${handshake}Upgrade: websocket\r\n`,
  `${handshake}Content-Length: 0\r\n`,
  `${handshake}Transfer-Encoding: chunked\r\n`,
])
  test(`${JSON.stringify(odd)} is lost`, () => assert.equal(read(`${odd}\r\n`), lost('unknownStreamPosition')));

for (const name of ['X-HTTP-Method-Override', 'x-http-method', 'X-Method-Override'])
  test(`${name}: nobody knows which method the server takes`, () => {
    const head = read(`POST /a HTTP/1.1\r\n${name}: DELETE\r\n\r\n`);
    assert.equal(head.kind === 'head' && head.content, undecidable('ambiguousMethod'));
    const other = read(`POST /a HTTP/1.1\r\n${name}-x: DELETE\r\n\r\n`);
    assert.is(other.kind === 'head' && other.content.kind, 'fields');
  });
test('of several reasons the first counts', () => {
  const reason = (text: string) => {
    const head = read(text);
    return head.kind === 'head' && head.content.kind === 'undecidable' && head.content.reason;
  };
  assert.is(reason('POST /a//b HTTP/1.1\r\nX-HTTP-Method: GET\r\n\r\n'), 'ambiguousTarget');
  assert.is(reason('POST /a HTTP/1.1\r\nX-HTTP-Method: GET\r\nHost: u@x\r\n\r\n'), 'ambiguousMethod');
  assert.is(reason('POST /a HTTP/1.1\r\nHost: u@x\r\nX-HTTP-Method: GET\r\n\r\n'), 'malformedRequest');
});

test('every beginning of a right head is incomplete', () => {
  const whole = 'POST /a%20b?c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n';
  for (let i = 0; i < whole.length; i++) assert.is(read(whole.slice(0, i)).kind, 'incomplete', whole.slice(0, i));
  assert.is(read(whole).kind, 'head');
});

const line = 'GET /a HTTP/1.1\r\n';
const broken: readonly (readonly [head: string, reason: string])[] = [
  ['\r\nGET /a HTTP/1.1\r\n\r\n', 'malformedRequest'],
  ['\n', 'malformedRequest'],
  ['\x16\x03\x01\x02\x00', 'notHttp'],
  ['\x00', 'notHttp'],
  [' GET /a HTTP/1.1\r\n\r\n', 'notHttp'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'notHttp'],
  ['GET /a HTTP/2\r\n\r\n', 'notHttp'],
  ['GET /a HTTP/1.2\r\n\r\n', 'notHttp'],
  ['GET /a HTTP/1.1 \r\n\r\n', 'malformedRequest'],
  ['GET /a HTTP/1.12\r\n\r\n', 'malformedRequest'],
  ['GET /a http/1.1\r\n\r\n', 'malformedRequest'],
  ['GET /a\r\n\r\n', 'malformedRequest'],
  ['GET\t/a HTTP/1.1\r\n\r\n', 'malformedRequest'],
  ['GET /a\tHTTP/1.1\r\n\r\n', 'malformedRequest'],
  ['GET  /a HTTP/1.1\r\n\r\n', 'malformedRequest'],
  ['GET /a b HTTP/1.1\r\n\r\n', 'malformedRequest'],
  ['G(T /a HTTP/1.1\r\n\r\n', 'malformedRequest'],
  ['GET /a HTTP/1.1\n', 'malformedRequest'],
  ['GET /a HTTP/1.1\rX', 'malformedRequest'],
  ['GET /a\0 HTTP/1.1\r\n', 'malformedRequest'],
  ['CONNECT host:1 HTTP/1.1\r\n\r\n', 'ambiguousTarget'],
  [`${line}Host: x\r\nhost: y\r\n\r\n`, 'malformedRequest'],
  [`${line} folded: x\r\n\r\n`, 'malformedRequest'],
  [`${line}A: x\r\n\tfolded\r\n\r\n`, 'malformedRequest'],
  [`${line}A : x\r\n\r\n`, 'malformedRequest'],
  [`${line}A\r\n\r\n`, 'malformedRequest'],
  [`${line}: x\r\n\r\n`, 'malformedRequest'],
  [`${line}A\u00e9: x\r\n\r\n`, 'malformedRequest'],
  [`${line}A: x\0y\r\n\r\n`, 'malformedRequest'],
  [`${line}A: x\x7f\r\n\r\n`, 'malformedRequest'],
  [`${line}A: x\n\r\n`, 'malformedRequest'],
  [`${line}A: x\r\n\n`, 'malformedRequest'],
  [`${line}Upgrade: h2c\r\n\r\n`, 'unknownStreamPosition'],
  [`${line}Content-Length: 5\r\nContent-Length: 5\r\n\r\n`, 'ambiguousLength'],
  [`${line}Content-Length: 5, 5\r\n\r\n`, 'ambiguousLength'],
  [`${line}Content-Length: +5\r\n\r\n`, 'ambiguousLength'],
  [`${line}Content-Length: 0x5\r\n\r\n`, 'ambiguousLength'],
  [`${line}Content-Length: 5 5\r\n\r\n`, 'ambiguousLength'],
  [`${line}Content-Length:\r\n\r\n`, 'ambiguousLength'],
  [`${line}Content-Length: ${'0'.repeat(19)}\r\n\r\n`, 'ambiguousLength'],
  [`${line}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`, 'ambiguousLength'],
  [`${line}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n`, 'ambiguousLength'],
  [`${line}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, 'ambiguousLength'],
  [`${line}Transfer-Encoding: gzip, chunked\r\n\r\n`, 'ambiguousLength'],
  [`${line}Transfer-Encoding: Chunked\r\n\r\n`, 'ambiguousLength'],
  [`${line}Transfer-Encoding: identity\r\n\r\n`, 'ambiguousLength'],
  ['GET /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 'ambiguousLength'],
];
for (const [head, reason] of broken) test(`${JSON.stringify(head)} is lost: ${reason}`, () => assert.equal(read(head), lost(reason)));

test('a head has a limit', () => {
  const padded = (size: number): string => `${line}A: ${'x'.repeat(size - line.length - 7)}\r\n\r\n`;
  assert.is(read(padded(headLimit)).kind, 'head');
  assert.equal(read(padded(headLimit + 1)), lost('headTooLong'));
  assert.is(read(padded(headLimit + 1).slice(0, headLimit)).kind, 'incomplete');
});

test.run();
