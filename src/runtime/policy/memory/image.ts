// The tables of one generation and the blocks of addresses -> the bytes of the decision memory (ir/abi.ts, `pol_memory`): all
// that a packet is decided by, in one piece, so that it can be put in force at once.
import { choiceForm, innerEntries, layouts, limits, nothing, rowFlag } from '../../../compiler/ir/abi.ts';
import { encodeInto } from '../../../compiler/ir/layout.ts';
import { type Address, addressBytes } from '../../../compiler/space/address.ts';
import type { Choices } from '../choices.ts';
import { type EndpointClasses, GenerationLimit, type GenerationTables } from '../generation.ts';
import type { Verdicts } from '../verdict-table.ts';
import { AddressBlocks } from './address-blocks.ts';
import { writeAddressTrees } from './address-tree.ts';
import { bitsFor, displaced, valuesBeside } from './displaced.ts';
import { portBlocks } from './port-blocks.ts';
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

class ImageWriter {
  readonly #writer = new MemoryWriter();
  readonly #header: number;
  readonly #fields: Partial<Record<keyof typeof layouts.memory.members, number | Uint16Array>> = {};

  constructor() {
    this.#header = this.#writer.place('header', layouts.memory.size);
  }

  ports(image: Uint8Array): void {
    const { numbers, classes } = portBlocks(image);
    this.#fields.port_block = numbers;
    this.#fields.port_classes = this.#writer.place('ports', classes.byteLength);
    this.#writer.setShorts(this.#fields.port_classes, classes);
  }

  endpoints(endpoints: readonly EndpointClasses[]): void {
    const count = endpoints.reduce((most, { id }) => Math.max(most, id + 1), 0);
    if (count > innerEntries.endpoints) throw new GenerationLimit('endpoint numbers', count, innerEntries.endpoints);
    const at = this.#writer.place('endpoints', count * layouts.endpoint.size);
    const words = this.#writer.words(at, count * 2).fill(nothing.subjectNone);
    for (const { id, subjectClass, peerClass } of endpoints) words.set([subjectClass, peerClass], id * 2);
    Object.assign(this.#fields, { endpoints: at, endpoint_count: count });
  }

  verdicts({ words, inspections }: Verdicts): void {
    this.#fields.verdicts = this.#words('verdicts', words);
    this.#fields.verdict_count = words.length;
    this.#fields.inspections = this.#words('inspections', inspections);
    this.#fields.inspection_count = inspections.byteLength / layouts.inspection.size;
  }

  #words(part: string, words: Uint32Array): number {
    const at = this.#writer.place(part, words.byteLength);
    this.#writer.words(at, words.length).set(words);
    return at;
  }

  /** Address of the cells of each row of choices. */
  choices({ columns, rows, groups, blocks }: Choices): readonly number[] {
    const most = valuesBeside(bitsFor(columns));
    const count = Math.max(blocks.length / limits.choiceBlock, groups.length / limits.choiceGroup);
    if (count > most) throw new GenerationLimit('blocks of choices', count, most);
    const { cells, bases, bits } = displaced(rows, columns);
    const at = this.#writer.place('blocks', blocks.length);
    this.#writer.setBytes(at, blocks);
    const areWide = blocks.length / limits.choiceUnit > mostShortPlaces;
    const groupsAt = areWide ? this.#words('groups', groups) : this.#shorts('groups', groups);
    const base = this.#words('cells', cells);
    Object.assign(this.#fields, { blocks: at, groups: groupsAt, wide_groups: areWide ? 1 : 0, cell_bits: bits });
    return rows.map(({ form }, number) => base + (bases[number] ?? 0) * 4 + choiceForm[form]);
  }

  #shorts(part: string, values: Uint32Array): number {
    const at = this.#writer.place(part, values.length * 2);
    this.#writer.setShorts(at, Uint16Array.from(values));
    return at;
  }

  /** Their place; they are written when it is known where the cells of each row of choices are. */
  sections({ sections, rows, networks, names }: GenerationTables): (cellsOf: readonly number[]) => void {
    const subjects = sections.length / sectionsOfSubject + 1;
    const at = this.#writer.place('subjects', subjects * sectionsOfSubject * layouts.section.size);
    const first = this.#writer.place('rows', sections.reduce((sum, section) => sum + section.rows.length, 0) * layouts.row.size);
    Object.assign(this.#fields, { subjects: at, subject_count: subjects, addresses: networks + names, names: names > 0 ? networks : 0 });
    return (cellsOf) => {
      let next = first;
      sections.forEach((section, i) => {
        const record = at + (i + sectionsOfSubject) * layouts.section.size;
        this.#writer.words(record, 4).set([cellsOf[section.choices] ?? 0, next, section.starts, section.bases]);
        for (const number of section.rows) {
          const { choices, verdicts, hasBases, isByName } = rows[number] ?? { choices: 0, verdicts: 0, hasBases: false, isByName: false };
          this.#writer
            .words(next, 2)
            .set([cellsOf[choices] ?? 0, verdicts + (hasBases ? rowFlag.ownBases : 0) + (isByName ? rowFlag.byName : 0)]);
          next += layouts.row.size;
        }
      });
    };
  }

  addresses(tables: AddressTables): void {
    Object.assign(this.#fields, writeAddressTrees(blocksOf(tables), this.#writer));
  }

  done(): MemoryImage {
    const bytes = this.#writer.bytes();
    encodeInto(layouts.memory, this.#fields, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), this.#header);
    return { bytes, parts: this.#writer.parts };
  }
}

/** Lays a generation out: what most questions ask first stands first. @throws GenerationLimit when it does not fit. */
export function memoryImage(tables: GenerationTables, addresses: AddressTables): MemoryImage {
  const image = new ImageWriter();
  image.ports(tables.ports);
  const writeSections = image.sections(tables);
  writeSections(image.choices(tables.choices));
  image.verdicts(tables.verdicts);
  image.endpoints(tables.endpoints);
  image.addresses(addresses);
  return image.done();
}
