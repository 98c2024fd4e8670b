// How the kernel classifies a request (bpf/templates/l7/requests.h), in TypeScript over the same bytes: each field's values
// through its automaton, then the classes through the table of combinations, slot by slot.
import { kernelFields, layouts, limits } from '../../compiler/ir/abi.ts';

/** A text, or the bytes of a number. */
export type KernelValue = string | Uint8Array;
/** What a reader in the kernel makes of a request: values by the names of fields, or nothing that it could read. */
export type KernelRequest =
  | { readonly kind: 'fields'; readonly domain: string; readonly fields: Readonly<Record<string, readonly KernelValue[]>> }
  | { readonly kind: 'undecidable' };

const encoder = new TextEncoder();

/** Numbers of `pol_requests`, and its cells. */
export class RequestTable {
  readonly #view: DataView;
  readonly #offsets = new Map(layouts.requests.fields.map(({ name, offset, width }) => [name, { offset, bytes: width === 'u32' ? 4 : 2 }]));

  constructor(image: Uint8Array) {
    this.#view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  }

  /** Those of the pages follow those in the struct. */
  get #cells(): number {
    return this.#offsets.get('near')?.offset ?? 0;
  }

  get cells(): number {
    return (this.#view.byteLength - this.#cells) / 2;
  }

  /** Member `name`, at `slot` where it has one for each. */
  at(name: keyof typeof layouts.requests.members, slot = 0): number {
    const { offset = 0, bytes = 4 } = this.#offsets.get(name) ?? {};
    return bytes === 4 ? this.#view.getUint32(offset + slot * 4, true) : this.#view.getUint16(offset + slot * 2, true);
  }

  byteClass(slot: number, byte: number): number {
    return this.#view.getUint8((this.#offsets.get('byte_class')?.offset ?? 0) + slot * 256 + byte);
  }

  cell(at: number): number {
    return this.#view.getUint16(this.#cells + at * 2, true);
  }

  isAsked(slot: number): boolean {
    return ((this.at('asked') >>> slot) & 1) === 1;
  }

  /** What the automaton of a slot makes of a text. */
  classOf(slot: number, text: KernelValue): number {
    let state = this.at('begin', slot);
    for (const byte of typeof text === 'string' ? encoder.encode(text) : text)
      state = this.cell(this.at('next', slot) + state * this.at('width', slot) + this.byteClass(slot, byte));
    return this.cell(this.at('accept', slot) + state);
  }
}

/** Request -> its class; 0 for what is undecidable. */
export function requestLookup(domain: string, image: Uint8Array): (request: KernelRequest) => number {
  const table = new RequestTable(image);
  const names = kernelFields[domain] ?? [];
  const slotOf = (name: string): number => {
    const space = name.indexOf(' ');
    if (space < 0) return names.indexOf(name);
    return table.isAsked(limits.namesSlot) ? table.classOf(limits.namesSlot, name.slice(space + 1)) : 0;
  };
  return (request) => {
    if (request.kind === 'undecidable' || request.domain !== domain) return 0;
    const classes = new Map<number, number>();
    for (const [name, values] of Object.entries(request.fields)) {
      const slot = slotOf(name);
      if (slot < 0 || !table.isAsked(slot) || (name.includes(' ') && slot === 0)) continue;
      for (const value of values) {
        const found = table.classOf(slot, value);
        const several = table.at('values', slot);
        const before = classes.get(slot) ?? 0;
        if (found === 0) return 0;
        classes.set(slot, several === 0 ? found : table.cell(table.at('fold', slot) + before * several + found));
      }
    }
    return combined(table, classes);
  };
}

function combined(table: RequestTable, classes: ReadonlyMap<number, number>): number {
  let state = table.at('start');
  for (let slot = 0; slot < limits.namesSlot; slot++) {
    if (!table.isAsked(slot)) continue;
    if (state >= table.at('live', slot)) return state - table.at('live', slot);
    state = table.cell(table.at('combine', slot) + state * table.at('folded', slot) + (classes.get(slot) ?? 0));
  }
  return state;
}

/** Name of a peer -> its class; 0 where no rule is about names. */
export function nameLookup(image: Uint8Array): (name: string) => number {
  const table = new RequestTable(image);
  return (name) => (table.isAsked(limits.namesSlot) ? table.classOf(limits.namesSlot, name) : 0);
}
