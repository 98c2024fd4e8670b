// The kernel's look-ups, in TypeScript: the same tables, the same order of questions, nothing cleverer. What this says
// and what the C programs do is held together by tests; what this says and what policies mean, too.
import { eventDomain, fixedCause, layouts, requestDomains, section as sectionNumber, verdictAction } from '../../compiler/ir/abi.ts';
import type { StaticTable } from '../../compiler/ir/bundle.ts';
import type { Direction } from '../../compiler/ir/typed.ts';
import type { Address } from '../../compiler/space/address.ts';
import type { TransportPoint } from '../../compiler/space/transport.ts';
import type { GenerationTables } from './generation.ts';
import { memoryImage } from './memory/image.ts';
import { MemoryReader } from './memory/reader.ts';
import { type KernelRequest, nameLookup, requestLookup } from './request-lookup.ts';
import { absent, type Entry } from './verdict-table.ts';

/** What a reader in the kernel makes of a program start: its path, or nothing that it could read. */
export type KernelContent = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'undecidable' };

/** The other end: an endpoint of the inventory by id, or an address that is nobody's, with the names that are known for it. */
export type Peer =
  | { readonly kind: 'endpoint'; readonly id: number }
  | { readonly kind: 'address'; readonly address: Address; readonly names?: readonly string[] };

/** One side's question. Without `request`: the connection itself. */
export type NetworkQuestion = {
  readonly subject: number;
  readonly peer: Peer;
  readonly direction: Direction;
  readonly point: TransportPoint;
  readonly request?: KernelRequest;
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

/** Answers questions out of one generation's tables. */
export function lookupOf(tables: GenerationTables, images: Images): Lookup {
  const memory = new MemoryReader(memoryImage(tables, { prefixes: images.prefixes, addresses: [] }).bytes);
  const classOf = new Map<number, ReturnType<typeof requestLookup>>(
    requestDomains.map((domain) => [eventDomain[domain], requestLookup(domain, images[domain])]),
  );
  const nameClass = nameLookup(images.dns);
  const execClass = contentLookup(images.exec);
  const verdictAt = (number: number): Entry => {
    const entry = memory.verdict(number);
    return entry === undefined || entry.action === verdictAction.absent ? internal : entry;
  };
  const peerClass = (peer: Peer): number | undefined =>
    peer.kind === 'endpoint' ? memory.endpoint(peer.id)?.peerClass : memory.address(peer.address)?.number;

  const network = ({ subject, peer, direction, point, request }: NetworkQuestion): Entry => {
    if (peer.kind === 'endpoint' && peer.id === subject) return allowed(fixedCause.self);
    const subjectClass = memory.endpoint(subject)?.subjectClass;
    if (subjectClass === undefined) return internal;
    if (subjectClass === 0) return allowed(fixedCause.defaultAllow);
    const peers = peerClass(peer);
    if (peers === undefined) return internal;
    const names = peer.kind === 'address' ? (peer.names ?? []).map(nameClass) : [];
    const entry = verdictAt(memory.network({ subjectClass, section: sectionNumber[direction], peerClass: peers, point, names }));
    if (request === undefined || entry.action !== verdictAction.inspect) return entry;
    const found = classOf.get(entry.domain)?.(request);
    return found === undefined ? internal : verdictAt(entry.next + found);
  };
  const exec = (subject: number, content: KernelContent): Entry => {
    const subjectClass = memory.endpoint(subject)?.subjectClass;
    if (subjectClass === undefined) return internal;
    if (subjectClass === 0) return allowed(fixedCause.defaultAllow);
    return verdictAt(memory.process(subjectClass) + execClass(content));
  };
  return { network, exec };
}
