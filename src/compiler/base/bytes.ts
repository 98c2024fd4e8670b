// Fixed-width little-endian integers: what the kernel structs of x86-64 and arm64 are made of.

export type Width = 'u8' | 'u16' | 'u32' | 'u64';
export const widthBytes = { u8: 1, u16: 2, u32: 4, u64: 8 } as const satisfies Record<Width, number>;

/** Reads one integer at `offset`; `u64` comes as a bigint, all else as a number. */
export function readInteger(view: DataView, offset: number, width: Width): number | bigint {
  switch (width) {
    case 'u8':
      return view.getUint8(offset);
    case 'u16':
      return view.getUint16(offset, true);
    case 'u32':
      return view.getUint32(offset, true);
    case 'u64':
      return view.getBigUint64(offset, true);
  }
}

const writers: Readonly<Record<Width, (view: DataView, offset: number, value: number | bigint) => void>> = {
  u8: (view, offset, value) => view.setUint8(offset, Number(value)),
  u16: (view, offset, value) => view.setUint16(offset, Number(value), true),
  u32: (view, offset, value) => view.setUint32(offset, Number(value), true),
  u64: (view, offset, value) => view.setBigUint64(offset, BigInt(value), true),
};

/** Writes one integer at `offset`. */
export const writeInteger = (view: DataView, offset: number, width: Width, value: number | bigint): void =>
  writers[width](view, offset, value);
