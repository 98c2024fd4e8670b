// The two slots of every table, and how a generation gets into the one that nobody reads:
//
//  - in place, where the slot has a map of its own for what changes: a write is a copy, nothing waits;
//  - else as a new map, put into the outer one, for which the kernel waits until all running programs have ended.
//
// INVARIANT: a slot is written only when nobody can read it: since the revision left it, all programs that ran have ended
// (`awaitReaders`). After a switch that is waited for beside the road, so that the next change finds it done.
import { mapById, mapCreate, mapDelete, mapLookup, mapUpdate, mapUpdateBatch } from '../ffi/libbpf.ts';
import { closeFd } from './descriptor.ts';
import { type Entries, type InnerShape, sameEntries, u32 } from './entries.ts';
import { RunningPrograms } from './running-programs.ts';

/** One table: `pages` of a slot, `own`: the first so many have a map for each slot from the beginning, all others once they change. */
export type TableShape = InnerShape & { readonly name: string; readonly pages: number; readonly own: number };
/** Its outer map, and what a generation has in it. */
export type Filled = { readonly shape: TableShape; readonly outer: number; readonly pages: readonly Entries[] };

/** What a page of a slot holds. `own`: descriptor of a map that the other slot has not. */
type Held = { readonly entries: Entries; readonly own: number | undefined; readonly capacity: number };
type Made = { readonly page: number; readonly fd: number; readonly isOwn: boolean; readonly entries: Entries; readonly capacity: number };
type Target = { readonly slot: number; readonly keepsOther: boolean };
type Place = { readonly slot: number; readonly page: number };

/** Are stores seen by other processors in the order in which they were made? Else the wait is the barrier before the revision. */
const keepsStoresInOrder = process.arch === 'x64';

/** Room for more entries of a hash, so that one that comes finds a place. */
const roomFor = (count: number): number => Math.max(64, count * 2);

/** A filled map; the descriptor is the caller's. */
function innerMap({ name, type, keySize, valueSize, flags }: TableShape, { count, keys, values }: Entries, capacity: number): number {
  const fd = mapCreate({ type, name, keySize, valueSize, maxEntries: Math.max(1, capacity), flags });
  try {
    if (count === 1) mapUpdate(fd, keys, values);
    else if (count > 1) mapUpdateBatch(fd, keys, values, count);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** Makes a map hold `next` instead of `before`, writing what differs. */
function rewrite(fd: number, { keySize, valueSize }: InnerShape, [before, next]: readonly [Entries, Entries]): void {
  const key = ({ keys }: Entries, i: number): Uint8Array => keys.slice(i * keySize, (i + 1) * keySize);
  const value = ({ values }: Entries, i: number): Uint8Array => values.subarray(i * valueSize, (i + 1) * valueSize);
  const known = new Map<string, Uint8Array>();
  const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  for (let i = 0; i < before.count; i++) known.set(textOf(key(before, i)), value(before, i));
  const kept = new Set(Array.from({ length: next.count }, (_, i) => textOf(key(next, i))));
  // First, so that there is room for the others.
  for (const gone of known.keys()) if (!kept.has(gone)) mapDelete(fd, new Uint8Array(Buffer.from(gone, 'latin1')));
  for (let i = 0; i < next.count; i++) {
    const [at, wanted] = [key(next, i), value(next, i)];
    const present = known.get(textOf(at));
    if (!present || Buffer.compare(present, wanted) !== 0) mapUpdate(fd, at, wanted.slice());
  }
}

export class Slots {
  /** By slot and table. */
  readonly #held: readonly Map<string, Held[]>[] = [new Map(), new Map()];
  /** Slots that no program reads. */
  readonly #unread = new Set<number>();
  readonly #programs = new RunningPrograms();
  #switches = 0;

  /** What a table's pages hold in a slot; undefined: nobody wrote them yet. */
  held(slot: number, { name }: TableShape): readonly Entries[] | undefined {
    return this.#held[slot]?.get(name)?.map(({ entries }) => entries);
  }

  /**
   * Puts `tables` into `slot` and calls `flip`, which puts that in force; whatever throws before leaves what is in force whole.
   * Afterwards the other slot's maps are those of this generation, or its own, unless it `keepsOther`: then it is as it was, and may be read.
   */
  install(tables: readonly Filled[], { slot, keepsOther }: Target, flip: () => void): void {
    this.#switches++;
    this.#awaitReaders(slot);
    this.#unread.clear();
    const made = new Map<Filled, readonly Made[]>();
    try {
      for (const table of tables) made.set(table, this.#fill(table, slot));
      for (const [table, maps] of made) putInto(table, maps, slot);
      for (const table of tables) if (isAsked(table.shape)) this.#release(table, slot);
      if (!keepsStoresInOrder) this.#programs.await();
      flip();
      if (keepsOther) return;
      if (tables.every((table) => this.#isSettled(table, made.get(table) ?? [], slot))) this.#awaitLater(1 - slot);
      else this.#settle(tables, made, slot);
    } catch (error) {
      this.#forget();
      throw error;
    } finally {
      for (const maps of made.values()) for (const { fd, isOwn } of maps) if (!isOwn) closeFd(fd);
    }
  }

  /** Has the other slot all that is to be in it, and no slot too much? */
  #isSettled({ shape, pages }: Filled, made: readonly Made[], slot: number): boolean {
    const isGiven = ({ page, isOwn }: Made): boolean => isOwn && this.#page(shape, 1 - slot, page) !== undefined;
    return made.every(isGiven) && this.#held.every((held) => (held.get(shape.name)?.length ?? 0) <= pages.length);
  }

  #page(shape: TableShape, slot: number, page: number): Held | undefined {
    return this.#held[slot]?.get(shape.name)?.[page];
  }

  #keep({ name }: TableShape, { slot, page }: Place, held: Held | undefined): void {
    const pages = this.#held[slot]?.get(name) ?? [];
    this.#held[slot]?.set(name, pages);
    if (held) pages[page] = held;
    else pages.length = Math.min(pages.length, page);
  }

  /** Rewrites what is the slot's own, and makes maps for the rest of what is not as it is to be. */
  #fill(table: Filled, slot: number): readonly Made[] {
    const { shape, pages } = table;
    const made: Made[] = [];
    try {
      pages.forEach((entries, page) => {
        const held = this.#page(shape, slot, page);
        if (held && sameEntries(held.entries, entries)) return;
        if (held?.own !== undefined && entries.count <= held.capacity) this.#rewrite(shape, { slot, page }, entries);
        else made.push(this.#make(table, { slot, page }, entries));
      });
      return made;
    } catch (error) {
      for (const { fd, isOwn } of made) if (!isOwn) closeFd(fd);
      throw error;
    }
  }

  #rewrite(shape: TableShape, at: Place, entries: Entries): void {
    const held = this.#page(shape, at.slot, at.page);
    if (held?.own === undefined) return;
    // What a write that fails leaves behind nobody knows: then all of it is written the next time.
    const unknown = { ...held, own: undefined, entries: { count: 0, keys: new Uint8Array(), values: new Uint8Array() } };
    this.#keep(shape, at, unknown);
    if (shape.limit === 1) mapUpdate(held.own, entries.keys, entries.values);
    else rewrite(held.own, shape, [held.entries, entries]);
    this.#keep(shape, at, { ...held, entries });
  }

  /** A new map for one page: the slot's own where the page has one for each, or had another before. */
  #make({ shape, outer }: Filled, { slot, page }: Place, entries: Entries): Made {
    const capacity = shape.own > 0 && shape.limit > 1 ? Math.min(shape.limit, roomFor(entries.count)) : entries.count;
    const fd = innerMap(shape, entries, capacity);
    const [before, other] = [this.#page(shape, slot, page), this.#page(shape, 1 - slot, page)];
    if (before?.own !== undefined) closeFd(before.own);
    const isOwn = shape.own > 0 && (page < shape.own || other !== undefined);
    this.#keep(shape, { slot, page }, { entries, own: isOwn ? fd : undefined, capacity });
    // The map that both had is the other's alone now.
    if (isOwn && other && other.own === undefined) {
      const own = innerOf(outer, (1 - slot) * shape.pages + page);
      if (own !== undefined) this.#keep(shape, { slot: 1 - slot, page }, { ...other, own });
    }
    return { page, fd, isOwn, entries, capacity };
  }

  /** Gives the slot that was left the new maps of both, and takes away what is too much. */
  #settle(tables: readonly Filled[], made: ReadonlyMap<Filled, readonly Made[]>, slot: number): void {
    const left = 1 - slot;
    this.#awaitReaders(left);
    for (const [table, maps] of made) {
      const { shape } = table;
      const given = maps.flatMap((one): readonly Made[] => {
        const { page, isOwn, entries, capacity } = one;
        if (!isOwn) {
          const before = this.#page(shape, left, page)?.own;
          if (before !== undefined) closeFd(before);
          this.#keep(shape, { slot: left, page }, { entries, own: undefined, capacity });
          return [one];
        }
        if (this.#page(shape, left, page) !== undefined) return [];
        const fd = innerMap(shape, entries, capacity);
        this.#keep(shape, { slot: left, page }, { entries, own: fd, capacity });
        return [{ ...one, fd }];
      });
      putInto(table, given, left);
    }
    for (const table of tables) for (const one of [slot, left]) this.#release(table, one);
  }

  /** Takes away pages behind those of the generation; each waits for the programs that run. */
  #release({ shape, outer, pages }: Filled, slot: number): void {
    const id = new Uint8Array(4);
    const held = this.#held[slot]?.get(shape.name) ?? [];
    for (const { own } of held.slice(pages.length)) if (own !== undefined) closeFd(own);
    this.#keep(shape, { slot, page: pages.length }, undefined);
    const end = (slot + 1) * shape.pages;
    for (let page = slot * shape.pages + pages.length; page < end && mapLookup(outer, u32(page), id); page++) mapDelete(outer, u32(page));
  }

  /** Returns when no program can read `slot` any more, which is not in force. */
  #awaitReaders(slot: number): void {
    if (!this.#unread.has(slot)) this.#programs.await();
    this.#unread.add(slot);
  }

  /** The same, without waiting for it. */
  #awaitLater(slot: number): void {
    const number = ++this.#switches;
    this.#programs.awaitLater(() => {
      if (number === this.#switches) this.#unread.add(slot);
    });
  }

  /** Lets go of descriptors. */
  close(): void {
    this.#forget();
    this.#programs.close();
  }

  /** What the slots hold is not known any more. */
  #forget(): void {
    this.#switches++;
    this.#unread.clear();
    for (const held of this.#held) {
      for (const pages of held.values()) for (const { own } of pages) if (own !== undefined) closeFd(own);
      held.clear();
    }
  }
}

/** A descriptor of the inner map at `index`; undefined: there is none. */
function innerOf(outer: number, index: number): number | undefined {
  const id = new Uint32Array(1);
  return mapLookup(outer, u32(index), new Uint8Array(id.buffer)) ? mapById(id[0] ?? 0) : undefined;
}

/** Is it asked by itself, and not by what another table says? */
const isAsked = ({ pages }: TableShape): boolean => pages === 1;

/** Puts new inner maps into `slot`: one call, in which the kernel waits for the programs that run. */
function putInto({ shape, outer }: Filled, made: readonly Made[], slot: number): void {
  if (made.length === 0) return;
  const keys = Uint32Array.from(made, ({ page }) => slot * shape.pages + page);
  const values = Uint32Array.from(made, ({ fd }) => fd);
  mapUpdateBatch(outer, new Uint8Array(keys.buffer), new Uint8Array(values.buffer), keys.length);
}
