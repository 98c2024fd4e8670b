// The tables of one generation and the blocks of addresses -> the bytes of the decision memory (ir/abi.ts, `pol_memory`): all
// that a packet is decided by, in one piece, so that it can be put in force at once.
import { choiceForm, innerEntries, layouts, limits, nothing, rowFlag } from '../../../compiler/ir/abi.ts';
import { encodeInto } from '../../../compiler/ir/layout.ts';
import { type Address, addressBytes } from '../../../compiler/space/address.ts';
import type { Choices } from '../choices.ts';
import { type EndpointClasses, GenerationLimit, type GenerationTables } from '../generation.ts';
import { AddressBlocks } from './address-blocks.ts';
import { type AddressTrees, addressTrees, placedNode, writeAddressTrees } from './address-tree.ts';
import { bitsFor, type Displaced, displaced, valuesBeside } from './displaced.ts';
import { type PortBlocks, portBlocks } from './port-blocks.ts';
import { MemoryWriter } from './writer.ts';

/** `prefixes`: image of a bundle. `addresses`: those that are listed for endpoints. */
export type AddressTables = {
  readonly prefixes: Uint8Array;
  readonly addresses: readonly { readonly address: Address; readonly endpoint: number }[];
};
/** `parts`: bytes of each part. */
export type MemoryImage = { readonly bytes: Uint8Array; readonly parts: Readonly<Record<string, number>> };

/** Places of blocks that 16 bits have room for. */
const mostShortPlaces = 1 << 16;
/** Sections of a subject. */
export const sectionsOfSubject = 3;

const blocksOfAddresses = new WeakMap<AddressTables['addresses'], { readonly prefixes: Uint8Array; readonly blocks: AddressBlocks }>();

/** Neither of the two ever changes. */
function blocksOf(tables: AddressTables): AddressBlocks {
  const known = blocksOfAddresses.get(tables.addresses);
  const blocks = known?.prefixes === tables.prefixes ? known.blocks : joined(tables);
  blocksOfAddresses.set(tables.addresses, { prefixes: tables.prefixes, blocks });
  return blocks;
}

function joined({ prefixes, addresses }: AddressTables): AddressBlocks {
  const blocks = new AddressBlocks();
  const size = layouts.prefixKey.size + 4;
  const view = new DataView(prefixes.buffer, prefixes.byteOffset, prefixes.byteLength);
  for (let at = 0; at < prefixes.length; at += size) {
    const address = new DataView(prefixes.buffer, prefixes.byteOffset + at + 4, 16);
    blocks.add(address, view.getUint32(at, true), { kind: 'class', number: view.getUint32(at + size - 4, true) });
  }
  for (const { address, endpoint } of addresses)
    blocks.add(new DataView(addressBytes(address).buffer), 128, { kind: 'endpoint', number: endpoint });
  return blocks;
}

/**
 * How often a usual decision loads from a part. What is loaded most for its bytes stands first: the first page is at hand, all others
 * have to be looked up.
 */
const loads = {
  ...{ ports: 1, subjects: 1, rows: 1, cells: 2, groups: 2, blocks: 2 },
  ...{ verdicts: 1, inspections: 0.1, endpoints: 2, addresses: 4 },
} as const;
type PartName = keyof typeof loads;
type OfParts = Readonly<Record<PartName, number>>;
const partNames: readonly PartName[] = [
  ...(['ports', 'subjects', 'rows', 'cells', 'groups'] as const),
  ...(['blocks', 'verdicts', 'inspections', 'endpoints', 'addresses'] as const),
];

/** Address of each part, of so many bytes. */
function placed(writer: MemoryWriter, bytes: OfParts): OfParts {
  const at = { ...bytes };
  const order = [...partNames].sort((a, b) => bytes[a] / loads[a] - bytes[b] / loads[b]);
  for (const name of order) at[name] = writer.place(name, bytes[name]);
  return at;
}

/** What is known of a generation before it has places. `endpoints`: one more than their highest number. */
type Parts = {
  readonly ports: PortBlocks;
  readonly cells: Displaced;
  readonly groups: Uint16Array | Uint32Array;
  readonly trees: AddressTrees;
  readonly subjects: number;
  readonly endpoints: number;
};

function partsOf(tables: GenerationTables, addresses: AddressTables): Parts {
  const endpoints = tables.endpoints.reduce((most, { id }) => Math.max(most, id + 1), 0);
  if (endpoints > innerEntries.endpoints) throw new GenerationLimit('endpoint numbers', endpoints, innerEntries.endpoints);
  const { groups, blocks } = tables.choices;
  const areWide = blocks.length / limits.choiceUnit > mostShortPlaces;
  return {
    ports: portBlocks(tables.ports),
    cells: cellsOf(tables.choices),
    groups: areWide ? groups : Uint16Array.from(groups),
    trees: addressTrees(blocksOf(addresses)),
    subjects: tables.sections.length / sectionsOfSubject + 1,
    endpoints,
  };
}

function cellsOf({ columns, rows, groups, blocks }: Choices): Displaced {
  const most = valuesBeside(bitsFor(columns));
  const count = Math.max(blocks.length / limits.choiceBlock, groups.length / limits.choiceGroup);
  if (count > most) throw new GenerationLimit('blocks of choices', count, most);
  return displaced(rows, columns);
}

const bytesOf = ({ choices, verdicts, sections }: GenerationTables, parts: Parts): OfParts => ({
  ports: parts.ports.classes.byteLength,
  subjects: parts.subjects * sectionsOfSubject * layouts.section.size,
  rows: sections.reduce((sum, { rows }) => sum + rows.length, 0) * layouts.row.size,
  cells: parts.cells.cells.byteLength,
  groups: parts.groups.byteLength,
  blocks: choices.blocks.length,
  verdicts: verdicts.words.byteLength,
  inspections: verdicts.inspections.byteLength,
  endpoints: parts.endpoints * layouts.endpoint.size,
  addresses: parts.trees.words.byteLength,
});

/** `at`: where the parts stand. */
function headerOf({ verdicts, networks, names }: GenerationTables, parts: Parts, at: OfParts): Parameters<typeof encodeInto>[1] {
  const { ports, cells, trees } = parts;
  return {
    ...{ port_block: ports.numbers, port_classes: at.ports },
    ...{ subjects: at.subjects, subject_count: parts.subjects, addresses: networks + names, names: names > 0 ? networks : 0 },
    ...{ blocks: at.blocks, groups: at.groups, wide_groups: parts.groups instanceof Uint32Array ? 1 : 0, cell_bits: cells.bits },
    ...{ verdicts: at.verdicts, verdict_count: verdicts.words.length },
    ...{ inspections: at.inspections, inspection_count: verdicts.inspections.byteLength / layouts.inspection.size },
    ...{ endpoints: at.endpoints, endpoint_count: parts.endpoints },
    ...{ ipv4: placedNode(trees.ipv4, at.addresses), ipv6: placedNode(trees.ipv6, at.addresses) },
  };
}

function writeEndpoints(words: Uint32Array, endpoints: readonly EndpointClasses[]): void {
  words.fill(nothing.subjectNone);
  for (const { id, subjectClass, peerClass } of endpoints) {
    words[2 * id] = subjectClass;
    words[2 * id + 1] = peerClass;
  }
}

function writeSections(writer: MemoryWriter, { sections, rows, choices }: GenerationTables, { bases }: Displaced, at: OfParts): void {
  const cells = choices.rows.map(({ form }, number) => at.cells + (bases[number] ?? 0) * 4 + choiceForm[form]);
  let next = at.rows;
  sections.forEach((section, i) => {
    const record = at.subjects + (i + sectionsOfSubject) * layouts.section.size;
    writer.words(record, 4).set([cells[section.choices] ?? 0, next, section.starts, section.bases]);
    for (const number of section.rows) {
      const { choices: own, verdicts, hasBases, isByName } = rows[number] ?? { choices: 0, verdicts: 0, hasBases: false, isByName: false };
      writer.words(next, 2).set([cells[own] ?? 0, verdicts + (hasBases ? rowFlag.ownBases : 0) + (isByName ? rowFlag.byName : 0)]);
      next += layouts.row.size;
    }
  });
}

/** Lays a generation out. @throws GenerationLimit when it does not fit. */
export function memoryImage(tables: GenerationTables, addresses: AddressTables): MemoryImage {
  const writer = new MemoryWriter();
  const header = writer.place('header', layouts.memory.size);
  const parts = partsOf(tables, addresses);
  const at = placed(writer, bytesOf(tables, parts));
  const words = (place: number, values: Uint32Array): void => writer.words(place, values.length).set(values);
  writer.setShorts(at.ports, parts.ports.classes);
  writeSections(writer, tables, parts.cells, at);
  words(at.cells, parts.cells.cells);
  if (parts.groups instanceof Uint32Array) words(at.groups, parts.groups);
  else writer.setShorts(at.groups, parts.groups);
  writer.setBytes(at.blocks, tables.choices.blocks);
  words(at.verdicts, tables.verdicts.words);
  words(at.inspections, tables.verdicts.inspections);
  writeEndpoints(writer.words(at.endpoints, parts.endpoints * 2), tables.endpoints);
  writeAddressTrees(parts.trees, writer.words(at.addresses, parts.trees.words.length), at.addresses);
  const bytes = writer.bytes();
  encodeInto(layouts.memory, headerOf(tables, parts, at), new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), header);
  return { bytes, parts: writer.parts };
}
