// Sections of an ELF object: 64 bit, little-endian, as clang makes them for the bpf target.

const headerSize = 64;
const sectionHeaderSize = 64;

function textAt(bytes: Uint8Array, start: number): string {
  const end = bytes.indexOf(0, start);
  return new TextDecoder().decode(bytes.subarray(start, end < 0 ? bytes.length : end));
}

type Section = { readonly name: number; readonly offset: number; readonly size: number; readonly isExecutable: boolean };
/** SHF_EXECINSTR. */
const executableFlag = 4n;

function sectionAt(view: DataView, base: number): Section {
  return {
    name: view.getUint32(base, true),
    isExecutable: (view.getBigUint64(base + 8, true) & executableFlag) !== 0n,
    offset: Number(view.getBigUint64(base + 24, true)),
    size: Number(view.getBigUint64(base + 32, true)),
  };
}

type Parsed = { readonly sections: readonly Section[]; readonly names: Section | undefined };

function parse(object: Uint8Array): Parsed | undefined {
  const view = new DataView(object.buffer, object.byteOffset, object.byteLength);
  const isElf = object.length >= headerSize && view.getUint32(0, false) === 0x7f454c46 && object[4] === 2 && object[5] === 1;
  if (!isElf) return undefined;
  const table = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  if (table + count * sectionHeaderSize > object.length) return undefined;
  const sections = Array.from({ length: count }, (_, i) => sectionAt(view, table + i * sectionHeaderSize));
  return { sections, names: sections[view.getUint16(62, true)] };
}

/** The bytes of section `name`; undefined if the object has none, or is no such ELF file. */
export function elfSection(object: Uint8Array, name: string): Uint8Array | undefined {
  const { sections, names } = parse(object) ?? { sections: [], names: undefined };
  const found = sections.find((section) => names !== undefined && textAt(object, names.offset + section.name) === name);
  return found && object.subarray(found.offset, found.offset + found.size);
}

/** Bytes of instructions in all sections together. */
export const executableBytes = (object: Uint8Array): number =>
  (parse(object)?.sections ?? []).reduce((sum, { size, isExecutable }) => sum + (isExecutable ? size : 0), 0);

/** All sections, in their order: a symbol names one by its number. */
export function elfSections(
  object: Uint8Array,
): readonly { readonly name: string; readonly isExecutable: boolean; readonly bytes: Uint8Array }[] {
  const { sections, names } = parse(object) ?? { sections: [], names: undefined };
  return sections.map(({ name, offset, size, isExecutable }) => ({
    name: names ? textAt(object, names.offset + name) : '',
    isExecutable,
    bytes: object.subarray(offset, offset + size),
  }));
}
