// What the head of an HTTP/1.1 request means for policy (RFC 9110, 9112, RFC 3986 section 6). The kernel's walker,
// bpf/templates/l7/http.h, must give the same answer for every byte string; the oracle and the tests ask this one.
// Whatever two servers could read differently is undecidable: an allow rule never matches it, a deny rule always does.

/** Why a request is undecidable: names of the kernel border's undecidable reasons. */
export type RequestFault =
  | 'malformedRequest'
  | 'ambiguousTarget'
  | 'ambiguousLength'
  | 'headTooLong'
  | 'notHttp'
  /** A header bids some servers to take another method than that of the request line. */
  | 'ambiguousMethod'
  /** After it the connection may speak another protocol, and not as WebSocket has it. */
  | 'unknownStreamPosition';

/** What a request says: the fields of the domain, by name. */
export type RequestContent =
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, readonly string[]>> }
  | { readonly kind: 'undecidable'; readonly reason: RequestFault };

/**
 * What follows the head: nothing, so many bytes (at most 18 digits), chunks; or, behind a request for WebSocket, what the response
 * says: frames if it is 101, else the next request. Where that begins must be known: behind a response whose end is not plain the
 * whole is undecidable (`unknownStreamPosition`).
 */
export type RequestBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'upgrade' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' };

export type RequestHead =
  /** `headBytes` includes the empty line. Content can be undecidable here too: an ambiguous target in a well-framed request. */
  | { readonly kind: 'head'; readonly content: RequestContent; readonly headBytes: number; readonly body: RequestBody }
  /** Undecidable, and where the next request starts is unknown: nothing after it can be judged. */
  | { readonly kind: 'lost'; readonly content: RequestContent }
  /** Right so far; the head goes on. */
  | { readonly kind: 'incomplete' };

/** Bytes of a head, its empty line included; a longer one is `headTooLong`. Equals POL_HTTP_HEAD_LIMIT in http-state.h. */
export const headLimit = 8192;
/** Digits of a Content-Length; more are `ambiguousLength`. */
export const lengthDigits = 18;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** A request line up to the byte that is not of `HTTP/1.0` or `HTTP/1.1`; a CR counts, other control bytes are wrong in every version. */
const otherVersion = ((control: string) =>
  new RegExp(`^[!#$%&'*+\\-.^_\`|~0-9A-Za-z]+ [^\\x00-\\x20\\x7f]* HTTP/(?:[^1${control}]|1[^.${control}]|1\\.[^01${control}])`))(
  '\\x00-\\x0c\\x0e-\\x1f\\x7f',
);
const undecidable = (reason: RequestFault): RequestContent & { readonly kind: 'undecidable' } => ({ kind: 'undecidable', reason });

/**
 * What a request line says: method, target as sent, path and query. Strings hold one byte a character. The path ends at `?`;
 * every visible ASCII byte in it stands as itself however it was sent, every other byte as `%` and two upper-case digits.
 * Undecidable: targets that do not begin with `/`, and paths that servers are known to read differently.
 */
export function canonicalTarget(method: string, target: string): RequestContent {
  if (!token.test(method)) return undecidable('malformedRequest');
  if (method === 'CONNECT' || !/^\/[\x21\x22\x24-\x7e]*$/.test(target)) return undecidable('ambiguousTarget');
  const path = canonicalPath(target.replace(/\?.*$/, ''));
  if (path === undefined) return undecidable('ambiguousTarget');
  const query = target.includes('?') ? { query: [target.slice(target.indexOf('?') + 1)] } : {};
  return { kind: 'fields', fields: { method: [method], path: [path], target: [target], ...query } };
}

/** The host without its port, in lower case and without a dot at the end; an address in brackets is no name, and what is no host neither. */
export function canonicalHost(sent: string): string | undefined {
  const host = sent.replace(/:\d*$/, '').toLowerCase().replace(/\.$/, '');
  return /^[-0-9_a-z]+(?:\.[-0-9_a-z]+)*$/.test(host) ? host : undefined;
}

/** Is it neither a host (RFC 9110, 7.2) nor empty? Servers that do not refuse it read it differently. */
const isAmbiguousHost = (sent: string): boolean =>
  sent !== '' && canonicalHost(sent) === undefined && !/^\[[\x21-\x5a\x5c\x5e-\x7e]*\](?::\d*)?$/.test(sent);

function canonicalPath(sent: string): string | undefined {
  if (sent.includes('\\') || /%(?![0-9A-Fa-f]{2})/.test(sent)) return undefined;
  const encoded = [...sent.matchAll(/%(..)/g)].map((match) => Number.parseInt(match[1] ?? '', 16));
  if (encoded.some((byte) => byte < 0x20 || byte === 0x7f || '/\\%'.includes(String.fromCharCode(byte)))) return undefined;
  const path = sent.replace(/%(..)/g, (code, digits: string) => decoded(Number.parseInt(digits, 16)) ?? code.toUpperCase());
  const segments = path.split('/').slice(1);
  return segments.some((segment, i) => isAmbiguous(segment, i === segments.length - 1)) ? undefined : path;
}

/** `?` and `#` stay encoded: as themselves they would end the path. */
const decoded = (byte: number): string | undefined =>
  byte > 0x20 && byte < 0x7f && byte !== 0x3f && byte !== 0x23 ? String.fromCharCode(byte) : undefined;

/** `//`, `/./`, `/../`, and the same before path parameters, which some servers cut off (`/..;x/`). A closing `/` is fine. */
function isAmbiguous(segment: string, last: boolean): boolean {
  const name = segment.split(';')[0] ?? '';
  return name === '.' || name === '..' || (name === '' && !(last && segment === ''));
}

/** What is known after each header line. */
type Framing = {
  readonly host: boolean;
  /** The first header that two servers could read differently, though all agree where the request ends. */
  readonly unclear: RequestFault | undefined;
  /** It asks for WebSocket. */
  readonly upgrade: boolean;
  /** `host`, and `header NAME`: the values so far. */
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly version: string;
  readonly length: number | undefined;
  readonly chunked: boolean;
};

const unframed: Omit<Framing, 'version'> = {
  host: false,
  unclear: undefined,
  upgrade: false,
  fields: {},
  length: undefined,
  chunked: false,
};

/** Reads the head at the start of `bytes`; more may follow it. */
export function readRequestHead(bytes: Uint8Array): RequestHead {
  const text = String.fromCharCode(...bytes.subarray(0, headLimit));
  const unfinished: RequestHead = bytes.length > headLimit ? lost('headTooLong') : { kind: 'incomplete' };
  if (text !== '' && !token.test(text.charAt(0))) return lost(/[\r\n]/.test(text.charAt(0)) ? 'malformedRequest' : 'notHttp');
  const first = readLine(text, 0);
  if (first === undefined) return unfinished;
  // The first byte that is wrong says why: another version is met before what stands behind it.
  if (otherVersion.test(text)) return lost('notHttp');
  if ('fault' in first) return lost(first.fault);
  const request = readRequestLine(first.line);
  if ('fault' in request) return lost(request.fault);
  let framing: Framing = { ...unframed, version: request.version };
  for (let at = first.line.length + 2; ; ) {
    const next = readLine(text, at);
    if (next === undefined) return unfinished;
    if ('fault' in next) return lost(next.fault);
    at += next.line.length + 2;
    if (next.line === '') {
      if (framing.upgrade && !isHandshake(first.line, framing)) return lost('unknownStreamPosition');
      return { kind: 'head', content: withFields(request.content, framing), headBytes: at, body: bodyOf(framing) };
    }
    const known = readHeader(next.line, framing);
    if ('fault' in known) return lost(known.fault);
    framing = known;
  }
}

/** As RFC 6455 has it; in any other request servers do various things with it. */
const isHandshake = (requestLine: string, { version, length, chunked }: Framing): boolean =>
  requestLine.startsWith('GET ') && version === 'HTTP/1.1' && length === undefined && !chunked;

function withFields(content: RequestContent, { fields, unclear }: Framing): RequestContent {
  if (content.kind === 'undecidable') return content;
  return unclear ? undecidable(unclear) : { kind: 'fields', fields: { ...content.fields, ...fields } };
}

const lost = (reason: RequestFault): RequestHead => ({ kind: 'lost', content: undecidable(reason) });

type Fault = { readonly fault: RequestFault };
const fault = (reason: RequestFault): Fault => ({ fault: reason });

/** The line at `at`, without its CRLF; undefined while it is not whole. No other control byte but a tab may stand in a head. */
function readLine(text: string, at: number): { readonly line: string } | Fault | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control bytes are what is looked for
  const length = text.slice(at).search(/[\x00-\x08\x0a-\x1f\x7f]/);
  if (length < 0) return undefined;
  const end = text.slice(at + length, at + length + 2);
  if (end === '\r') return undefined;
  return end === '\r\n' ? { line: text.slice(at, at + length) } : fault('malformedRequest');
}

function readRequestLine(line: string): { readonly content: RequestContent; readonly version: string } | Fault {
  const [method = '', target = '', version = '', ...more] = line.split(' ');
  if (line.includes('\t') || !token.test(method)) return fault('malformedRequest');
  if (!/^HTTP\/1\.[01]$/.test(version) || more.length > 0) return fault('malformedRequest');
  return method === 'CONNECT' ? fault('ambiguousTarget') : { content: canonicalTarget(method, target), version };
}

function readHeader(line: string, before: Framing): Framing | Fault {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
  if (!token.test(name)) return fault('malformedRequest');
  const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
  if (name === 'host') return withHost(before, value);
  const known = { ...before, fields: fieldsOf(before, name, value) };
  const framed = known.length !== undefined || known.chunked;
  switch (name) {
    case 'upgrade':
      return known.upgrade || !/^websocket$/i.test(value) ? fault('unknownStreamPosition') : { ...known, upgrade: true };
    case 'x-http-method':
    case 'x-http-method-override':
    case 'x-method-override':
      return { ...known, unclear: known.unclear ?? 'ambiguousMethod' };
    case 'content-length':
      if (framed || !/^\d+$/.test(value) || value.length > lengthDigits) return fault('ambiguousLength');
      return { ...known, length: Number(value) };
    case 'transfer-encoding':
      if (framed || value !== 'chunked' || known.version === 'HTTP/1.0') return fault('ambiguousLength');
      return { ...known, chunked: true };
    default:
      return known;
  }
}

function withHost(before: Framing, sent: string): Framing | Fault {
  if (before.host) return fault('malformedRequest');
  const host = canonicalHost(sent);
  const fields = host === undefined ? before.fields : { ...before.fields, host: [host] };
  const unclear = before.unclear ?? (isAmbiguousHost(sent) ? 'malformedRequest' : undefined);
  return { ...before, host: true, unclear, fields };
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A header that is sent repeatedly has several values, in order. */
function fieldsOf({ fields }: Framing, name: string, value: string): Framing['fields'] {
  const field = `header ${name}`;
  return { ...fields, [field]: [...(fields[field] ?? []), decoder.decode(Uint8Array.from(value, (byte) => byte.charCodeAt(0)))] };
}

function bodyOf({ chunked, length, upgrade }: Framing): RequestBody {
  if (upgrade) return { kind: 'upgrade' };
  if (chunked) return { kind: 'chunked' };
  return length === undefined || length === 0 ? { kind: 'none' } : { kind: 'length', bytes: length };
}
