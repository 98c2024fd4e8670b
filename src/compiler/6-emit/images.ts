// The static kernel tables as bytes, laid out as ir/abi.ts says. What they will take is known before a byte is written.
import { invariant } from '../base/assert.ts';
import { layouts, limits, type RequestDomain, requestDomains } from '../ir/abi.ts';
import { type PortStart, portsImage } from '../ir/class-pieces.ts';
import type { Image, TableSize } from '../ir/emitted.ts';
import { encode, encodeInto } from '../ir/layout.ts';
import type { ContentClasses, NetworkClasses, PortClasses, RequestClasses, VerdictSpace } from '../ir/verdict-space.ts';
import { addressBytes } from '../space/address.ts';
import type { Automaton } from '../space/automaton.ts';
import { transportPoints } from '../space/transport.ts';
import { requestLayout } from './request-image.ts';

/** A table that is to be written. */
type Layout = TableSize & { readonly written: () => Uint8Array };

/** Bytes of one entry of `prefixes`: the key, then the class. */
const prefixEntry = layouts.prefixKey.size + 4;

/** Where another class begins; pieces are ascending and without a gap. */
function portsLayout(pieces: PortClasses): Layout {
  const starts: PortStart[] = [];
  let next = 0;
  for (const { low, high, class: number } of pieces) {
    invariant(low === next, `no port class at the transport point ${next}`);
    if (starts[starts.length - 1]?.class !== number) starts.push({ low, class: number });
    next = high + 1;
  }
  invariant(next === transportPoints, `no port class at the transport point ${next}`);
  return { table: 'ports', entries: starts.length, bytes: starts.length * layouts.portPiece.size, written: () => portsImage(starts) };
}

function prefixesBytes(networks: NetworkClasses): Uint8Array {
  const bytes = new Uint8Array(networks.length * prefixEntry);
  const view = new DataView(bytes.buffer);
  networks.forEach(({ address, length, class: number }, i) => {
    encodeInto(layouts.prefixKey, { length, address: addressBytes(address) }, view, i * prefixEntry);
    view.setUint32(i * prefixEntry + layouts.prefixKey.size, number, true);
  });
  return bytes;
}

/** Without an automaton: zeros, "no rule of this domain". */
function automatonBytes({ automaton }: ContentClasses): Uint8Array {
  if (!automaton) return new Uint8Array(layouts.automaton.size);
  const { states, classes, start, byteClass, accept, next } = automaton;
  invariant(states <= limits.automatonStates && next.length <= limits.automatonCells, 'the automaton of programs does not fit its table');
  return encode(layouts.automaton, {
    states,
    classes,
    start,
    byte_class: byteClass,
    accept: Uint16Array.from(accept),
    next: Uint16Array.from(next),
  });
}

function requestsLayout(table: RequestDomain, classes: RequestClasses, names?: Automaton): Layout {
  const { pages, written } = requestLayout(classes, names);
  return { table, entries: pages, bytes: layouts.requests.size + pages * layouts.page.size, written };
}

/** In the order of StaticTable. */
function layoutsOf({ ports, networks, exec, names, ...space }: VerdictSpace): readonly Layout[] {
  return [
    portsLayout(ports),
    {
      table: 'prefixes',
      entries: networks.length,
      bytes: networks.length * prefixEntry,
      written: () => prefixesBytes(networks),
    },
    ...requestDomains.map((name) => requestsLayout(name, space[name], name === 'dns' ? names.automaton : undefined)),
    { table: 'exec', entries: exec.automaton?.states ?? 0, bytes: layouts.automaton.size, written: () => automatonBytes(exec) },
  ];
}

export const imagesOf = (space: VerdictSpace): readonly Image[] =>
  layoutsOf(space).map(({ table, entries, written }) => ({ table, entries, bytes: written() }));

export const tableSizesOf = (space: VerdictSpace): readonly TableSize[] =>
  layoutsOf(space).map(({ table, entries, bytes }) => ({ table, entries, bytes }));
