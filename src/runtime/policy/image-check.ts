// Do the images of a bundle name only classes and states that exist? The kernel adds a class to a row's base without
// asking again, so a number out of range would read another row's verdict.
import { layouts, limits } from '../../compiler/ir/abi.ts';
import type { ProgramFrame, StaticTable } from '../../compiler/ir/bundle.ts';
import { type PortPieces, portPieces } from '../../compiler/ir/class-pieces.ts';
import { transportPoints } from '../../compiler/space/transport.ts';
import { RequestTable } from './request-lookup.ts';

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Are `count` numbers of 16 bit at `offset` all below `end`? */
function allBelow(
  view: DataView,
  { offset, count, end }: { readonly offset: number; readonly count: number; readonly end: number },
): boolean {
  for (let at = offset; at < offset + count * 2; at += 2) if (view.getUint16(at, true) >= end) return false;
  return true;
}

const offsetIn = (fields: readonly { readonly name: string; readonly offset: number }[], name: string): number =>
  fields.find((field) => field.name === name)?.offset ?? 0;

function automatonFault(table: 'exec', image: Uint8Array, contentClasses: number): string | undefined {
  const view = viewOf(image);
  const { fields } = layouts.automaton;
  const word = (name: string): number => view.getUint32(offsetIn(fields, name), true);
  const [states, classes, start] = [word('states'), word('classes'), word('start')];
  if (states === 0) return undefined;
  const columns = image.subarray(offsetIn(fields, 'byte_class'), offsetIn(fields, 'byte_class') + 256);
  const fits =
    states <= limits.automatonStates &&
    states * classes <= limits.automatonCells &&
    start < states &&
    columns.every((column) => column < classes) &&
    allBelow(view, { offset: offsetIn(fields, 'accept'), count: states, end: contentClasses }) &&
    allBelow(view, { offset: offsetIn(fields, 'next'), count: states * classes, end: states });
  return fits ? undefined : `the image \`${table}\` is no automaton`;
}

function portsFault({ lows, classes }: PortPieces, count: number): string | undefined {
  if (lows[0] !== 0) return 'the pieces of the image `ports` are in no order';
  for (let piece = 0; piece < lows.length; piece++) {
    if ((lows[piece] ?? 0) >= (lows[piece + 1] ?? transportPoints)) return 'the pieces of the image `ports` are in no order';
    if ((classes[piece] ?? count) >= count) return 'the image `ports` names a port class that does not exist';
  }
  return undefined;
}

function prefixesFault(image: Uint8Array, networks: number): string | undefined {
  const view = viewOf(image);
  const size = layouts.prefixKey.size + 4;
  for (let at = 0; at < image.length; at += size) {
    if (view.getUint32(at, true) > 128) return 'the image `prefixes` has a block of more than 128 bits';
    if (view.getUint32(at + size - 4, true) >= networks) return 'the image `prefixes` names a network class that does not exist';
  }
  return undefined;
}

type Part = { readonly at: number; readonly count: number; readonly end: number };
/** Are `count` cells from `at` on there, and all below `end`? */
function cellsBelow(table: RequestTable, { at, count, end }: Part): boolean {
  if (at + count > table.cells) return false;
  for (let i = at; i < at + count; i++) if (table.cell(i) >= end) return false;
  return true;
}

/** The automaton of a slot: as many states as its cells name. */
function slotFits(table: RequestTable, slot: number, values: number): boolean {
  const [width, begin, next, accept] = [table.at('width', slot), table.at('begin', slot), table.at('next', slot), table.at('accept', slot)];
  const states = width === 0 ? 0 : Math.floor((accept - next) / width);
  if (states <= begin || accept !== next + states * width) return false;
  for (let byte = 0; byte < 256; byte++) if (table.byteClass(slot, byte) >= width) return false;
  return (
    cellsBelow(table, { at: next, count: states * width, end: states }) && cellsBelow(table, { at: accept, count: states, end: values })
  );
}

function fieldFits(table: RequestTable, slot: number, after: number): boolean {
  const [values, folded, live] = [table.at('values', slot), table.at('folded', slot), table.at('live', slot)];
  return (
    slotFits(table, slot, values === 0 ? folded : values) &&
    values <= folded &&
    cellsBelow(table, { at: table.at('fold', slot), count: folded * values, end: folded }) &&
    cellsBelow(table, { at: table.at('combine', slot), count: live * folded, end: after })
  );
}

/** `pol_requests` and its pages. */
function areRequests(image: Uint8Array, classes: number, names: number): boolean {
  const table = new RequestTable(image);
  const asked = Array.from({ length: limits.namesSlot }, (_, slot) => slot).filter((slot) => table.isAsked(slot));
  /** One more than the highest state at a slot: live ones, then classes. */
  const endAt = (i: number): number => (asked[i] === undefined ? 0 : table.at('live', asked[i])) + classes;
  return (
    table.at('classes') === classes &&
    table.at('start') < endAt(0) &&
    (!table.isAsked(limits.namesSlot) || slotFits(table, limits.namesSlot, names)) &&
    asked.every((slot, i) => fieldFits(table, slot, endAt(i + 1)))
  );
}

/** The numbers of classes that the content of an image is held against. */
export function countsFor(table: StaticTable, classes: ProgramFrame['classes']): readonly number[] {
  switch (table) {
    case 'prefixes':
      return [classes.networks];
    case 'dns':
      return [classes.dns, classes.names];
    default:
      return [classes[table]];
  }
}

/** What is wrong with the content of one image, as text; undefined when all is well. The size is checked before. */
export function imageFault(table: StaticTable, image: Uint8Array, classes: ProgramFrame['classes']): string | undefined {
  switch (table) {
    case 'ports':
      return portsFault(portPieces(image), classes.ports);
    case 'prefixes':
      return prefixesFault(image, classes.networks);
    case 'http':
    case 'dns':
    case 'tls':
      return areRequests(image, classes[table], table === 'dns' ? classes.names : limits.namesSlot)
        ? undefined
        : `the image \`${table}\` is no table of requests`;
    case 'exec':
      return automatonFault(table, image, classes[table]);
  }
}
