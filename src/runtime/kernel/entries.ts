// What one inner map holds, and of which form it is.
import { limits } from '../../compiler/ir/abi.ts';

/** As bpf(2) takes it to create a map. */
export type InnerShape = {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly flags: number;
  /** Most entries. */
  readonly limit: number;
};

/** Keys and values of one inner map, each one after the other. */
export type Entries = { readonly count: number; readonly keys: Uint8Array; readonly values: Uint8Array };

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a === b || Buffer.compare(a, b) === 0;
export const sameEntries = (a: Entries, b: Entries): boolean => sameBytes(a.keys, b.keys) && sameBytes(a.values, b.values);

export const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** The last page is filled up with zeros. */
export function memoryPages(bytes: Uint8Array): readonly Entries[] {
  const size = limits.memoryPage;
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, page) => {
    const part = bytes.subarray(page * size, (page + 1) * size);
    const values = part.length === size ? part : new Uint8Array(size);
    if (values !== part) values.set(part);
    return { count: 1, keys: u32(0), values };
  });
}
