// The tables of one request domain as bytes: `pol_requests`, which ends with the first of the cells that its numbers point into, then pages of the others. The kernel
// walks them byte by byte; runtime/policy/request-lookup.ts does the same in TypeScript.
import { invariant } from '../base/assert.ts';
import { hashOf } from '../base/hash.ts';
import { layouts, limits } from '../ir/abi.ts';
import { encodeInto } from '../ir/layout.ts';
import type { RequestClasses } from '../ir/verdict-space.ts';
import { type Automaton, classify } from '../space/automaton.ts';
import { literal } from '../space/pattern.ts';

/** Cells one after the other; `put` says where a list begins. */
class Cells {
  readonly lists: ArrayLike<number>[] = [];
  count = 0;

  put(list: ArrayLike<number>): number {
    const at = this.count;
    this.lists.push(list);
    this.count += list.length;
    return at;
  }
}

const slots = (): Uint32Array => new Uint32Array(limits.requestFields);

/** The members of `pol_requests` that have a number for each slot. */
class Slots {
  readonly next = slots();
  readonly accept = slots();
  readonly fold = slots();
  readonly combine = slots();
  readonly live = slots();
  readonly width = slots();
  readonly begin = slots();
  readonly values = slots();
  readonly folded = slots();
  readonly byteClass = new Uint8Array(limits.requestFields * 256);
  readonly cells = new Cells();

  automaton(slot: number, { next, accept, classes, start, byteClass }: Automaton): void {
    this.next[slot] = this.cells.put(next);
    this.accept[slot] = this.cells.put(accept);
    this.width[slot] = classes;
    this.begin[slot] = start;
    this.byteClass.set(byteClass, slot * 256);
  }
}

/** Name of a header -> the slot of its field, 0 for those that no rule asks for. */
function namesAutomaton({ fields }: RequestClasses): Automaton | undefined {
  const keyed = fields.flatMap(({ name, slot }) => (name.includes(' ') ? [{ name: name.slice(name.indexOf(' ') + 1), slot }] : []));
  if (keyed.length === 0) return undefined;
  const found = classify(
    keyed.map(({ name }) => literal(name)),
    limits.requestStates,
  );
  invariant(found, 'the names of headers do not fit their table');
  const slotOf = new Map(found.classesOf.flatMap((classes, i) => classes.map((number) => [number, keyed[i]?.slot ?? 0] as const)));
  return { ...found.automaton, accept: found.automaton.accept.map((number) => slotOf.get(number) ?? 0) };
}

/** The tables of one domain: `pages` are behind `pol_requests`. */
export type RequestLayout = { readonly pages: number; readonly written: () => Uint8Array };

/** `peers`: of `dns`, what reads the names of peers. */
export function requestLayout(requests: RequestClasses, peers?: Automaton): RequestLayout {
  const table = new Slots();
  let asked = 0;
  for (const { slot, automaton, fold, values, folded, live, combine } of requests.fields) {
    asked |= 1 << slot;
    table.automaton(slot, automaton);
    if (fold) {
      table.fold[slot] = table.cells.put(fold);
      table.values[slot] = values;
    }
    table.folded[slot] = folded;
    table.live[slot] = live;
    table.combine[slot] = table.cells.put(combine);
  }
  const names = peers ?? namesAutomaton(requests);
  if (names) table.automaton(limits.namesSlot, names);
  const all = (asked | (names ? 1 << limits.namesSlot : 0)) >>> 0;
  return { pages: pagesOf(table), written: () => bytesOf(requests, table, all) };
}

const pagesOf = ({ cells }: Slots): number => Math.ceil(Math.max(0, cells.count - limits.nearCells) / limits.pageCells);

function bytesOf({ start, classes }: RequestClasses, table: Slots, asked: number): Uint8Array {
  const pages = pagesOf(table);
  const bytes = new Uint8Array(layouts.requests.size + pages * layouts.page.size);
  const cells = new Uint16Array(limits.nearCells + pages * limits.pageCells);
  let at = 0;
  for (const list of table.cells.lists) {
    cells.set(list, at);
    at += list.length;
  }
  const view = new DataView(bytes.buffer);
  const { next, accept, fold, combine, live, width, begin, values, folded, byteClass } = table;
  const members = { next, accept, fold, combine, live, width, begin, values, folded };
  encodeInto(
    layouts.requests,
    { asked, start, classes, ...members, byte_class: byteClass, near: cells.subarray(0, limits.nearCells) },
    view,
    0,
  );
  cells.subarray(limits.nearCells).forEach((cell, i) => view.setUint16(layouts.requests.size + i * 2, cell, true));
  // The kernel tells other tables from the ones that it read half a request with.
  encodeInto(layouts.requests, { identity: hashOf(bytes) }, view, 0);
  return bytes;
}
