// Reads the structs out of an object's BTF (Documentation/bpf/btf.rst of the kernel) and holds them against the layouts
// of ir/abi.ts: a C program that was compiled against other structs is refused before it meets a kernel.
import type { Layout } from '../ir/layout.ts';
import { elfSection } from './elf.ts';

/** `bytes`: size of the whole member. `offset` in bytes; not whole for bit fields. */
export type BtfMember = { readonly name: string; readonly offset: number; readonly bytes: number };
export type BtfStruct = { readonly name: string; readonly size: number; readonly members: readonly BtfMember[] };

const kind = { integer: 1, pointer: 2, array: 3, struct: 4, union: 5, enumeration: 6, typedef: 8, volatile: 9, const: 10 } as const;
const restrictKind = 11;
const enumeration64 = 19;
const typeTag = 18;
/** Bytes after the three words of a type: fixed, and for each of its `vlen` items. */
const trailing: Readonly<Record<number, readonly [fixed: number, each: number]>> = {
  1: [4, 0],
  3: [12, 0],
  4: [0, 12],
  5: [0, 12],
  6: [0, 8],
  13: [0, 8],
  14: [4, 0],
  15: [0, 12],
  17: [4, 0],
  19: [0, 12],
};
const transparent: readonly number[] = [kind.typedef, kind.volatile, kind.const, restrictKind, typeTag];
const sized: readonly number[] = [kind.integer, kind.struct, kind.union, kind.enumeration, enumeration64];

type BtfType = {
  readonly name: string;
  readonly kind: number;
  readonly items: number;
  readonly bitFields: boolean;
  readonly sizeOrType: number;
  readonly body: number;
};

class Btf {
  readonly #view: DataView;
  readonly #strings: Uint8Array;
  /** Type 0 is `void`. */
  readonly types: (BtfType | undefined)[] = [undefined];

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const [, typeOffset = 0, typeBytes = 0, stringOffset = 0, stringBytes = 0, header = 0] = [0, 8, 12, 16, 20, 4].map((at) =>
      this.#word(at),
    );
    this.#strings = bytes.subarray(header + stringOffset, header + stringOffset + stringBytes);
    for (let at = header + typeOffset; at < header + typeOffset + typeBytes; ) at = this.#readType(at);
  }

  #word(at: number): number {
    return this.#view.getUint32(at, true);
  }

  #text(offset: number): string {
    return new TextDecoder().decode(this.#strings.subarray(offset, this.#strings.indexOf(0, offset)));
  }

  #readType(at: number): number {
    const info = this.#word(at + 4);
    const items = info & 0xffff;
    const typeKind = (info >>> 24) & 0x1f;
    const [fixed, each] = trailing[typeKind] ?? [0, 0];
    this.types.push({
      name: this.#text(this.#word(at)),
      kind: typeKind,
      items,
      bitFields: info >>> 31 === 1,
      sizeOrType: this.#word(at + 8),
      body: at + 12,
    });
    return at + 12 + fixed + each * items;
  }

  #sizeOf(id: number): number {
    const type = this.types[id];
    if (!type) return 0;
    if (transparent.includes(type.kind)) return this.#sizeOf(type.sizeOrType);
    if (type.kind === kind.pointer) return 8;
    if (type.kind === kind.array) return this.#sizeOf(this.#word(type.body)) * this.#word(type.body + 8);
    return sized.includes(type.kind) ? type.sizeOrType : 0;
  }

  struct({ name, sizeOrType, items, body, bitFields }: BtfType): BtfStruct {
    const members = Array.from({ length: items }, (_, i) => {
      const at = body + i * 12;
      const bits = bitFields ? this.#word(at + 8) & 0xffffff : this.#word(at + 8);
      return { name: this.#text(this.#word(at)), offset: bits / 8, bytes: this.#sizeOf(this.#word(at + 4)) };
    });
    return { name, size: sizeOrType, members };
  }
}

/** The structs with a name that an object's BTF holds; undefined if it has no BTF. */
export function structsOf(object: Uint8Array): readonly BtfStruct[] | undefined {
  const section = elfSection(object, '.BTF');
  if (!section || section.length < 24 || section[0] !== 0x9f || section[1] !== 0xeb) return undefined;
  const btf = new Btf(section);
  return btf.types.flatMap((type) => (type?.kind === kind.struct && type.name !== '' ? [btf.struct(type)] : []));
}

function memberDifferences(layout: Layout, { members }: BtfStruct, widths: Readonly<Record<string, number>>): readonly string[] {
  const missing = layout.fields.filter((field) => !members.some(({ name }) => name === field.name));
  const different = members.flatMap(({ name, offset, bytes }) => {
    const field = layout.fields.find((one) => one.name === name);
    if (!field) return [`${layout.name}.${name} is not in the layout`];
    const wanted = (widths[field.width] ?? 0) * field.count;
    if (offset === field.offset && bytes === wanted) return [];
    return [`${layout.name}.${name} is ${bytes} bytes at ${offset}, the layout has ${wanted} at ${field.offset}`];
  });
  return [...missing.map((field) => `${layout.name}.${field.name} is missing`), ...different];
}

/** What differs between an object's structs and the layouts of the same names, as texts; empty when all agree. */
export function layoutDifferences(
  object: Uint8Array,
  layouts: readonly Layout[],
  widths: Readonly<Record<string, number>>,
): readonly string[] {
  const structs = structsOf(object);
  if (!structs) return ['it has no BTF: compile it with -g'];
  return layouts.flatMap((layout) =>
    structs
      .filter(({ name }) => name === layout.name)
      .flatMap((struct) => [
        ...(struct.size === layout.size ? [] : [`${layout.name} has ${struct.size} bytes, the layout ${layout.size}`]),
        ...memberDifferences(layout, struct, widths),
      ]),
  );
}
