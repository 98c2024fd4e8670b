// Layout of a C struct, stated once: natural alignment, no implicit padding (a hole is an error), little-endian.
// `bpf/templates/include/abi.generated.h` is printed from these, and every object's BTF is checked against them.
import { invariant } from '../base/assert.ts';
import { readInteger, type Width, widthBytes, writeInteger } from '../base/bytes.ts';

/** One member: a scalar, or `count` of them in a row. */
export type Member = { readonly width: Width; readonly count: number; readonly comment: string };
export type Field = Member & { readonly name: string; readonly offset: number };
export type Layout<Names extends string = string> = {
  readonly name: string;
  readonly comment: string;
  readonly size: number;
  readonly fields: readonly Field[];
  readonly members: Readonly<Record<Names, Member>>;
};

export const scalar = (width: Width, comment: string): Member => ({ width, count: 1, comment });
export const array = (width: Width, count: number, comment: string): Member => ({ width, count, comment });

/** Lays out a struct; throws where C would insert padding. */
export function layout<Names extends string>(name: string, comment: string, members: Readonly<Record<Names, Member>>): Layout<Names> {
  let offset = 0;
  let alignment = 1;
  const fields: Field[] = [];
  for (const [field, member] of Object.entries<Member>(members)) {
    const bytes = widthBytes[member.width];
    invariant(offset % bytes === 0, `hole before ${name}.${field}`);
    fields.push({ ...member, name: field, offset });
    offset += bytes * member.count;
    alignment = Math.max(alignment, bytes);
  }
  invariant(offset % alignment === 0, `hole at the end of ${name}`);
  return { name, comment, size: offset, fields, members };
}

export type Value = number | bigint | Uint8Array | Uint16Array | Uint32Array;

/** Bytes of one struct; absent members are zero. */
export function encode<Names extends string>(struct: Layout<Names>, values: Readonly<Partial<Record<Names, Value>>>): Uint8Array {
  const out = new Uint8Array(struct.size);
  encodeInto(struct, values, new DataView(out.buffer), 0);
  return out;
}

/** Writes one struct at `base`; absent members are left as they are. */
export function encodeInto<Names extends string>(
  struct: Layout<Names>,
  values: Readonly<Partial<Record<Names, Value>>>,
  view: DataView,
  base: number,
): void {
  for (const field of struct.fields) {
    const value: Value | undefined = values[field.name as Names];
    if (value === undefined) continue;
    const [at, step] = [base + field.offset, widthBytes[field.width]];
    if (typeof value !== 'object') {
      writeInteger(view, at, field.width, value);
      continue;
    }
    invariant(value.length <= field.count, `${struct.name}.${field.name} holds ${field.count}`);
    // Tables of half a million bytes pass here.
    if (field.width === 'u8') new Uint8Array(view.buffer, view.byteOffset + at, value.length).set(value);
    else for (let i = 0; i < value.length; i++) writeInteger(view, at + i * step, field.width, value[i] ?? 0);
  }
}

/** The members of one struct at `base`: scalars as number (u64: bigint), byte arrays as Uint8Array copies. */
export function decode<Names extends string>(struct: Layout<Names>, view: DataView, base = 0): Record<Names, number | bigint | Uint8Array> {
  const out: Partial<Record<Names, number | bigint | Uint8Array>> = {};
  for (const field of struct.fields) {
    const at = base + field.offset;
    out[field.name as Names] =
      field.count === 1
        ? readInteger(view, at, field.width)
        : new Uint8Array(view.buffer.slice(view.byteOffset + at, view.byteOffset + at + field.count * widthBytes[field.width]));
  }
  return out as Record<Names, number | bigint | Uint8Array>;
}
