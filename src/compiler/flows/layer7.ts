// What a recorded request says, as content that rules match. Fields that are not recorded are `open`: they may have been anything.

import type { WrittenContent } from '../domains/domain.ts';
import { canonicalHost, canonicalTarget } from '../domains/http/request.ts';
import { apiKeys } from '../domains/kafka/api-keys.ts';
import type { RecordedAttribution, RecordedDns, RecordedHttp, RecordedKafka, RecordedLayer7 } from './record.ts';

/** `header *`: every header is open. */
export const openHeaders = 'header *';
export type RecordedRequest = { readonly domain: string; readonly content: WrittenContent };

/** Undefined of a protocol that is not known here. */
export function requestOf(layer7: RecordedLayer7, attribution: RecordedAttribution): RecordedRequest | undefined {
  switch (layer7.kind) {
    case 'http':
      return { domain: 'http', content: attribution.isOwn ? ownContent(layer7.http, attribution) : httpContent(layer7.http) };
    case 'dns':
      return { domain: 'dns', content: dnsContent(layer7.dns) };
    case 'kafka':
      return { domain: 'kafka', content: kafkaContent(layer7.kafka) };
    case 'other':
      return undefined;
  }
}

type Fields = Record<string, readonly string[]>;

/** Bytes of method and path that our own export keeps; some of them may be several characters less. */
const keptBytes = 240;
const anyTarget = ['query', 'target', 'host', openHeaders];

/** Our own export says the method and the normalised path. */
function ownContent({ method, url }: RecordedHttp, { reason }: RecordedAttribution): WrittenContent {
  if (reason !== '') return { kind: 'undecidable', reason };
  const isCut = method.length + url.length >= keptBytes;
  const path = isCut || url === '' ? {} : { path: [url] };
  const open = [...(method === '' ? ['method'] : []), ...('path' in path ? [] : ['path']), ...anyTarget];
  return { kind: 'fields', fields: { ...(method !== '' && { method: [method] }), ...path }, open };
}

function httpContent({ method, url, headers }: RecordedHttp): WrittenContent {
  const [, authority, rest = ''] = /^(?:[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*))?(.*)$/s.exec(url) ?? [];
  const sent = headers?.find(({ key }) => key.toLowerCase() === 'host')?.value;
  const host = canonicalHost((authority || sent || '').replace(/^.*@/, ''));
  const target = rest.replace(/#.*$/s, '');
  const read = canonicalTarget(method === '' ? 'GET' : method, target.startsWith('/') ? target : `/${target}`);
  if (read.kind === 'undecidable') return read;
  const { method: _, ...derived } = read.fields;
  // Of a request that has no target, it was not recorded.
  const fields: Fields = {
    ...(target !== '' && derived),
    ...(method !== '' && { method: [method] }),
    ...(host !== undefined && { host: [host] }),
    ...headerFields(headers ?? []),
  };
  const open = [
    ...(method === '' ? ['method'] : []),
    ...(target === '' ? ['path', 'query', 'target'] : []),
    ...(authority === undefined && sent === undefined ? ['host'] : []),
    ...openOf(headers),
  ];
  return { kind: 'fields', fields, open };
}

const redacted = 'HUBBLE_REDACTED';

function headerFields(headers: NonNullable<RecordedHttp['headers']>): Fields {
  const fields: Fields = {};
  for (const { key, value } of headers) {
    const name = `header ${key.toLowerCase()}`;
    if (name !== 'header host' && value !== redacted) fields[name] = [...(fields[name] ?? []), value.trim()];
  }
  return fields;
}

/** Headers of which it is not known what they were. */
const openOf = (headers: RecordedHttp['headers']): readonly string[] =>
  headers ? [...new Set(headers.filter(({ value }) => value === redacted).map(({ key }) => `header ${key.toLowerCase()}`))] : [openHeaders];

function dnsContent({ query, types }: RecordedDns): WrittenContent {
  const name = query.toLowerCase().replace(/\.$/, '');
  const [type, another] = types;
  if (another !== undefined) return { kind: 'undecidable', reason: 'several types in one query' };
  const fields: Fields = { ...(name !== '' && { name: [name] }), ...(type !== undefined && { type: [type] }) };
  return { kind: 'fields', fields, open: type === undefined ? ['type'] : [] };
}

/** As Cilium writes them: `findcoordinator`, and `offsets` of `list-offsets`. */
const keyNames: ReadonlyMap<string, string> = new Map([
  ...apiKeys.flatMap((name) => [[name, name] as const, [name.replaceAll('-', ''), name] as const]),
  ['offsets', 'list-offsets'],
]);

function kafkaContent({ key, topic }: RecordedKafka): WrittenContent {
  const known = keyNames.get(key.toLowerCase());
  const fields: Fields = { ...(known !== undefined && { key: [known] }), ...(topic !== '' && { topic: [topic] }) };
  return { kind: 'fields', fields, open: ['client', ...(known === undefined ? ['key'] : []), ...(topic === '' ? ['topic'] : [])] };
}
