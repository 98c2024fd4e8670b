// The decision memory as the kernel reads it, in TypeScript: the same loads in the same order (bpf/templates/include/memory.h,
// verdict.h). Whatever is missing is undefined, which is a denial.
import { addressNode, choiceForm, layouts, limits, nothing, rowFlag } from '../../../compiler/ir/abi.ts';
import { type Address, isIpv4 } from '../../../compiler/space/address.ts';
import { type Entry, entryOf } from '../verdict-table.ts';
import { walkAddressTree } from './address-tree.ts';
import { sectionsOfSubject } from './image.ts';

type Fields = readonly { readonly name: string; readonly offset: number }[];
const offsetOf = (fields: Fields, name: string): number => fields.find((field) => field.name === name)?.offset ?? Number.NaN;
type HeaderField = Exclude<keyof typeof layouts.memory.members, 'port_block'>;

export type FoundEndpoint = { readonly subjectClass: number; readonly peerClass: number };
/** What an address is: somebody's own, or of a class. */
export type FoundAddress = { readonly kind: 'class' | 'endpoint'; readonly number: number };

/** A question for a verdict, in classes. */
export type Connection = {
  readonly subjectClass: number;
  readonly section: number;
  readonly peerClass: number;
  readonly point: number;
  readonly names?: readonly number[];
};

export class MemoryReader {
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #field(name: HeaderField): number {
    return this.#word(offsetOf(layouts.memory.fields, name));
  }

  #word(at: number): number {
    return this.#view.getUint32(at, true);
  }

  endpoint(id: number): FoundEndpoint | undefined {
    if (id >= this.#field('endpoint_count')) return undefined;
    const at = this.#field('endpoints') + id * layouts.endpoint.size;
    const subjectClass = this.#word(at);
    return subjectClass === nothing.subjectNone ? undefined : { subjectClass, peerClass: this.#word(at + 4) };
  }

  address(address: Address): FoundAddress | undefined {
    const isMapped = isIpv4(address);
    const word = walkAddressTree(this.#view, this.#field(isMapped ? 'ipv4' : 'ipv6'), { address, from: isMapped ? 96 : 0 });
    const number = word & 0x3fffffff;
    if (word >>> 30 === addressNode.class) return { kind: 'class', number };
    return word >>> 30 === addressNode.endpoint ? { kind: 'endpoint', number } : undefined;
  }

  #section(subjectClass: number, section: number): number {
    return this.#field('subjects') + (subjectClass * sectionsOfSubject + section) * layouts.section.size;
  }

  /** Number of the first verdict of exec classes. */
  process(subjectClass: number): number {
    return this.#word(this.#section(subjectClass, 2) + 8);
  }

  /** Number of the verdict of a connection. `names`: classes of the names of an address. */
  network(asked: Connection): number {
    const section = this.#section(asked.subjectClass, asked.section);
    const row = this.#word(section + 4) + layouts.row.size * this.#choice(this.#word(section), this.#portClass(asked.point));
    const word = this.#word(row + 4);
    const isByName = Math.floor(word / rowFlag.byName) % 2 === 1;
    const names = isByName ? (asked.names ?? []).map((name) => this.#field('names') + name) : [];
    const choices = [asked.peerClass, ...names].map((peer) => this.#choice(this.#word(row), peer)).filter((choice) => choice > 0);
    const choice = choices.length > 0 ? Math.min(...choices) : 0;
    const verdicts = word % rowFlag.byName;
    if (choice > 0) return verdicts + choice;
    return (word >= rowFlag.ownBases ? verdicts - 1 : this.#word(section + 12)) + (asked.peerClass >= this.#field('addresses') ? 1 : 0);
  }

  #choice(cells: number, asked: number): number {
    const form = cells % 4;
    const isGrouped = form === choiceForm.groupedBytes || form === choiceForm.groupedNibbles;
    const bits = this.#field('cell_bits');
    const blockOfRow = Math.floor(asked / limits.choiceBlock);
    const column = isGrouped ? Math.floor(blockOfRow / limits.choiceGroup) : blockOfRow;
    const cell = this.#word(cells - form + column * 4);
    if (cell % 2 ** bits !== column) return 0;
    const number = Math.floor(cell / 2 ** bits);
    const [blocks, within] = [this.#field('blocks'), asked % limits.choiceBlock];
    if (!isGrouped) {
      const block = blocks + number * limits.choiceBlock;
      return form === choiceForm.wide ? this.#view.getUint16(block + within * 2, true) : this.#view.getUint8(block + within);
    }
    const own = blocks + this.#place(number * limits.choiceGroup + (blockOfRow % limits.choiceGroup)) * limits.choiceUnit;
    if (form === choiceForm.groupedBytes) return this.#view.getUint8(own + within);
    return (this.#view.getUint8(own + (within >>> 1)) >>> ((within & 1) * 4)) & 15;
  }

  /** Where a block of a group begins. */
  #place(number: number): number {
    const groups = this.#field('groups');
    return this.#field('wide_groups') === 0 ? this.#view.getUint16(groups + number * 2, true) : this.#word(groups + number * 4);
  }

  #portClass(point: number): number {
    const block = this.#view.getUint16(offsetOf(layouts.memory.fields, 'port_block') + Math.floor(point / limits.portBlock) * 2, true);
    return this.#view.getUint16(this.#field('port_classes') + (block * limits.portBlock + (point % limits.portBlock)) * 2, true);
  }

  verdict(number: number): Entry | undefined {
    if (number >= this.#field('verdict_count')) return undefined;
    return entryOf(this.#word(this.#field('verdicts') + number * 4), (inspected) => this.#inspection(inspected));
  }

  #inspection(number: number): readonly [cause: number, next: number] | undefined {
    if (number >= this.#field('inspection_count')) return undefined;
    const at = this.#field('inspections') + number * layouts.inspection.size;
    return [this.#word(at), this.#word(at + 4)];
  }
}
