// Tricks by their names: what is sent to bring `GET /admin` past a rule that denies it. None of it may reach a server, whichever
// way it goes. Where nginx and node read something differently it is ambiguous, and denied.
import { typedPolicy } from './compile.ts';

const denied = 'default allow\n deny at tcp http { "/admin"; host "evil.example"; header "x-role" = "admin" }';
/** What the tricks are to get past, each way. */
export const evadedPolicy = typedPolicy(`policy web for { app: "web" } { ingress { ${denied} } egress { ${denied} } }`);

const post = 'POST /x HTTP/1.1\r\nHost: x\r\n';
const hidden = 'GET /admin HTTP/1.1\r\nHost: x\r\n\r\n';
const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`;
const get = (target: string, ...lines: readonly string[]): string => [`GET ${target} HTTP/1.1`, 'Host: x', ...lines, '', ''].join('\r\n');

/** Name of the trick -> what the client sends. */
export const evasions: Readonly<Record<string, string>> = {
  'length, then chunked (CL.TE)': `${post}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'chunked, then length (TE.CL)': `${post}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n${hidden}`,
  'two lengths': `${post}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  'a list of lengths': `${post}Content-Length: 0, ${hidden.length}\r\n\r\n${hidden}`,
  'a signed length': `${post}Content-Length: +0\r\n\r\n${hidden}`,
  'a blank before the colon': `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'an unknown coding': `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
  'two codings': `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
  'chunked in HTTP/1.0': `POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'a folded header': `${post}Content-Length:\r\n 5\r\n\r\n12345${hidden}`,
  'a folded header behind a tab': `${post}X: y\r\n\tContent-Length: 5\r\n\r\n12345${hidden}`,
  'two hosts': `GET /x HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n${hidden}`,
  'a host with a user': 'GET /x HTTP/1.1\r\nHost: u@x\r\n\r\n',
  'a chunk extension that ends in LF': `${chunked}5;ext=\n\r\nhello\r\n0\r\n\r\n${hidden}`,
  'a chunk extension': `${chunked}5;a=b\r\nhello\r\n0\r\n\r\n${hidden}`,
  'a chunk size in C': `${chunked}0x5\r\nhello\r\n0\r\n\r\n${hidden}`,
  'a chunk size that overflows': `${chunked}100000005\r\nhello\r\n0\r\n\r\n${hidden}`,
  'a length in the trailer': `${chunked}0\r\nContent-Length: 5\r\n\r\n${hidden}`,
  'bare LF': 'GET /x HTTP/1.1\nHost: x\n\n',
  'bare LF in chunks': `${chunked}5\nhello\n0\n\n${hidden}`,
  'bare CR': 'GET /x HTTP/1.1\r\nX: y\rGET /admin HTTP/1.1\r\n\r\n',
  'NUL in a header': get('/x', 'X: a\0b'),
  'NUL in the target': get('/admin\0.png'),
  'NUL, encoded': get('/admin%00.png'),
  'two slashes': get('//admin'),
  'a dot': get('/./admin'),
  'two dots': get('/x/../admin'),
  'two dots with a parameter': get('/x/..;a/admin'),
  'two dots, encoded': get('/x/%2e%2e/admin'),
  'percent-encoding': get('/%61dmin'),
  'percent-encoding, twice': get('/%2561dmin'),
  'an encoded slash': get('/x%2f..%2fadmin'),
  'a backslash': get('/x\\..\\admin'),
  'overlong UTF-8': get('/x/%c0%ae%c0%ae/admin').replace('%c0%ae%c0%ae', '\xc0\xae\xc0\xae'),
  'absolute form': get('http://x/admin'),
  'authority form': 'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n',
  'asterisk form': 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
  'a tab for a blank': 'GET\t/admin HTTP/1.1\r\nHost: x\r\n\r\n',
  'two blanks': 'GET  /admin HTTP/1.1\r\nHost: x\r\n\r\n',
  'an empty line first': `\r\n${hidden}`,
  'a fragment': get('/x#/../admin'),
  'HTTP/0.9': 'GET /admin\r\n',
  'h2c upgrade': get('/x', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
  'an upgrade to two protocols': get('/x', 'Connection: Upgrade', 'Upgrade: websocket, h2c'),
  'a WebSocket upgrade with a body': `${post}Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  'method override': `${post}X-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n\r\n`,
  'method override by another name': get('/x', 'x-method-override: DELETE'),
  'framing in another case': `${post}tRANSFER-eNCODING: cHUNKED\r\nCONTENT-LENGTH: 6\r\n\r\n0\r\n\r\n${hidden}`,
  'a host in another case': 'GET /x HTTP/1.1\r\nhOsT: EVIL.eXAMPLE\r\n\r\n',
  'a host with a dot at its end': 'GET /x HTTP/1.1\r\nHost: evil.example.:80\r\n\r\n',
  'a header in another case': get('/x', 'X-ROLE: admin'),
  'a header between tabs': get('/x', 'x-role:\tadmin\t'),
  'a header sent again': get('/x', 'x-role: guest', 'X-Role: admin'),
  'an encoded path in either case': get('/ad%6Din%2F').replace('%2F', '%2f'),
  'lower-case method': 'get /admin HTTP/1.1\r\nHost: x\r\n\r\n',
  'folded white space in a length': `${post}Content-Length: 5\r\n \r\n\r\n12345${hidden}`,
  'HTTP/2 with prior knowledge': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
  TLS: '\x16\x03\x01\x00\xf1\x01\x00\x00\xed\x03\x03',
  'a head that is too long': get('/x', `X: ${'y'.repeat(9000)}`),
};
