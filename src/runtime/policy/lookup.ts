// The kernel's look-ups, in TypeScript: the same tables, the same order of questions, nothing cleverer. What this says
// and what the C programs do is held together by tests; what this says and what policies mean, too.
import { fixedCause, layouts, section as sectionNumber, verdictAction } from '../../compiler/ir/abi.ts';
import type { StaticTable } from '../../compiler/ir/bundle.ts';
import type { Direction } from '../../compiler/ir/typed.ts';
import { type Address, addressOfBytes } from '../../compiler/space/address.ts';
import type { TransportPoint } from '../../compiler/space/transport.ts';
import type { GenerationTables } from './generation.ts';
import { absent, type Entry } from './verdict-table.ts';

/** What a reader in the kernel makes of content: one text (`METHOD SP path`; a path), or nothing that it could read. */
export type KernelContent = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'undecidable' };

/** The other end: an endpoint of the inventory by id, or an address that is nobody's. */
export type Peer = { readonly kind: 'endpoint'; readonly id: number } | { readonly kind: 'address'; readonly address: Address };

/** One side's question. Without `request`: the connection itself. */
export type NetworkQuestion = {
  readonly subject: number;
  readonly peer: Peer;
  readonly direction: Direction;
  readonly point: TransportPoint;
  readonly request?: KernelContent;
};

export type Lookup = {
  readonly network: (question: NetworkQuestion) => Entry;
  readonly exec: (subject: number, content: KernelContent) => Entry;
};

type Images = Readonly<Record<Exclude<StaticTable, 'ports'>, Uint8Array>>;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const encoder = new TextEncoder();
const allowed = (cause: number): Entry => ({ ...absent, action: verdictAction.allow, cause });
/** A missing table entry denies. */
const internal: Entry = { ...absent, action: verdictAction.deny, cause: fixedCause.internal };

function offsetsOf(fields: readonly { readonly name: string; readonly offset: number }[]): (name: string) => number {
  return (name) => fields.find((field) => field.name === name)?.offset ?? Number.NaN;
}

/** Longest prefix first. */
function prefixLookup(image: Uint8Array): (address: Address) => number | undefined {
  const byLength = new Map<number, Map<Address, number>>();
  const size = layouts.prefixKey.size + 4;
  const view = viewOf(image);
  for (let at = 0; at < image.length; at += size) {
    const length = view.getUint32(at, true);
    const address = addressOfBytes(image.subarray(at + 4, at + 20)) >> BigInt(128 - length);
    const blocks = byLength.get(length) ?? new Map<Address, number>();
    byLength.set(length, blocks.set(address, view.getUint32(at + layouts.prefixKey.size, true)));
  }
  const lengths = [...byLength.keys()].sort((a, b) => b - a);
  return (address) => {
    const length = lengths.find((one) => byLength.get(one)?.has(address >> BigInt(128 - one)));
    return length === undefined ? undefined : byLength.get(length)?.get(address >> BigInt(128 - length));
  };
}

/** Content -> class; 0 for what is undecidable, 1 for every text where no policy speaks of the domain. */
function contentLookup(image: Uint8Array): (content: KernelContent) => number {
  const view = viewOf(image);
  const offset = offsetsOf(layouts.automaton.fields);
  const classes = view.getUint32(offset('classes'), true);
  const isEmpty = view.getUint32(offset('states'), true) === 0;
  return (content) => {
    if (content.kind === 'undecidable') return 0;
    if (isEmpty) return 1;
    let state = view.getUint32(offset('start'), true);
    for (const byte of encoder.encode(content.text)) {
      const column = view.getUint8(offset('byte_class') + byte);
      state = view.getUint16(offset('next') + (state * classes + column) * 2, true);
    }
    return view.getUint16(offset('accept') + state * 2, true);
  };
}

function verdictAt(verdicts: DataView, index: number): Entry {
  const base = index * layouts.verdict.size;
  if (base + layouts.verdict.size > verdicts.byteLength) return internal;
  const offset = offsetsOf(layouts.verdict.fields);
  const entry = {
    action: verdicts.getUint8(base + offset('action')),
    cause: verdicts.getUint32(base + offset('cause'), true),
    match: verdicts.getUint8(base + offset('match')),
    next: verdicts.getUint32(base + offset('next'), true),
    domain: verdicts.getUint8(base + offset('domain')),
    flags: verdicts.getUint8(base + offset('flags')),
  };
  return entry.action === verdictAction.absent ? internal : entry;
}

/** Answers questions out of one generation's tables. */
export function lookupOf(tables: GenerationTables, images: Images): Lookup {
  const verdicts = viewOf(tables.verdicts);
  const ports = viewOf(tables.ports);
  const rowKey = (subject: number, peer: number, section: number): string => `${subject},${peer},${section}`;
  const rows = new Map(tables.rows.map((row) => [rowKey(row.subjectClass, row.peerClass, row.section), row.base]));
  const endpoints = new Map(tables.endpoints.map((endpoint) => [endpoint.id, endpoint]));
  const networkClass = prefixLookup(images.prefixes);
  const requestClass = contentLookup(images.http);
  const execClass = contentLookup(images.exec);

  const peerClass = (peer: Peer): number | undefined =>
    peer.kind === 'endpoint' ? endpoints.get(peer.id)?.peerClass : networkClass(peer.address);

  const network = ({ subject, peer, direction, point, request }: NetworkQuestion): Entry => {
    if (peer.kind === 'endpoint' && peer.id === subject) return allowed(fixedCause.self);
    const subjectClass = endpoints.get(subject)?.subjectClass ?? 0;
    if (subjectClass === 0) return allowed(fixedCause.defaultAllow);
    const base = rows.get(rowKey(subjectClass, peerClass(peer) ?? -1, sectionNumber[direction]));
    if (base === undefined) return internal;
    const entry = verdictAt(verdicts, base + ports.getUint16(point * 2, true));
    if (request === undefined || entry.action !== verdictAction.inspect) return entry;
    return verdictAt(verdicts, entry.next + requestClass(request));
  };
  const exec = (subject: number, content: KernelContent): Entry => {
    const subjectClass = endpoints.get(subject)?.subjectClass ?? 0;
    if (subjectClass === 0) return allowed(fixedCause.defaultAllow);
    const base = rows.get(rowKey(subjectClass, 0, sectionNumber.process));
    return base === undefined ? internal : verdictAt(verdicts, base + execClass(content));
  };
  return { network, exec };
}
