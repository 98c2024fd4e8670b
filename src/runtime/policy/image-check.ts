// Do the images of a bundle name only classes and states that exist? The kernel adds a class to a row's base without
// asking again, so a number out of range would read another row's verdict.
import { layouts, limits } from '../../compiler/ir/abi.ts';
import type { PolicyProgram, StaticTable } from '../../compiler/ir/bundle.ts';

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

function automatonFault(table: 'http' | 'exec', image: Uint8Array, contentClasses: number): string | undefined {
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

function prefixesFault(image: Uint8Array, networks: number): string | undefined {
  const view = viewOf(image);
  const size = layouts.prefixKey.size + 4;
  for (let at = 0; at < image.length; at += size) {
    if (view.getUint32(at, true) > 128) return 'the image `prefixes` has a block of more than 128 bits';
    if (view.getUint32(at + size - 4, true) >= networks) return 'the image `prefixes` names a network class that does not exist';
  }
  return undefined;
}

/** What is wrong with the content of one image, as text; undefined when all is well. The size is checked before. */
export function imageFault(table: StaticTable, image: Uint8Array, { classes }: PolicyProgram): string | undefined {
  switch (table) {
    case 'ports': {
      const fits = allBelow(viewOf(image), { offset: 0, count: layouts.ports.size / 2, end: classes.ports });
      return fits ? undefined : 'the image `ports` names a port class that does not exist';
    }
    case 'prefixes':
      return prefixesFault(image, classes.networks);
    case 'http':
    case 'exec':
      return automatonFault(table, image, classes[table]);
  }
}
