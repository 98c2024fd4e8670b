// The static kernel tables as bytes, laid out as ir/abi.ts says.
import { invariant } from '../base/assert.ts';
import { layouts, limits, type RequestDomain, requestDomains } from '../ir/abi.ts';
import type { Image } from '../ir/emitted.ts';
import { encode, encodeInto } from '../ir/layout.ts';
import type { ContentClasses, NetworkClasses, PortClasses, RequestClasses, VerdictSpace } from '../ir/verdict-space.ts';
import { addressBytes } from '../space/address.ts';
import { transportPoints } from '../space/transport.ts';
import { requestImage } from './request-image.ts';

/** Bytes of one entry of `prefixes`: the key, then the class. */
const prefixEntry = layouts.prefixKey.size + 4;

function portsImage(pieces: PortClasses): Image {
  const bytes = new Uint8Array(layouts.ports.size);
  const view = new DataView(bytes.buffer);
  for (const { low, high, class: number } of pieces) {
    for (let point = low; point <= high; point++) view.setUint16(point * 2, number, true);
  }
  return { table: 'ports', entries: transportPoints, bytes };
}

function prefixesImage(networks: NetworkClasses): Image {
  const bytes = new Uint8Array(networks.length * prefixEntry);
  const view = new DataView(bytes.buffer);
  networks.forEach(({ address, length, class: number }, i) => {
    encodeInto(layouts.prefixKey, { length, address: addressBytes(address) }, view, i * prefixEntry);
    view.setUint32(i * prefixEntry + layouts.prefixKey.size, number, true);
  });
  return { table: 'prefixes', entries: networks.length, bytes };
}

/** Without an automaton: zeros, "no rule of this domain". */
function automatonImage(table: 'exec', { automaton }: ContentClasses): Image {
  if (!automaton) return { table, entries: 0, bytes: new Uint8Array(layouts.automaton.size) };
  const { states, classes, start, byteClass, accept, next } = automaton;
  invariant(states <= limits.automatonStates && next.length <= limits.automatonCells, `the ${table} automaton does not fit its table`);
  const bytes = encode(layouts.automaton, {
    states,
    classes,
    start,
    byte_class: byteClass,
    accept: Uint16Array.from(accept),
    next: Uint16Array.from(next),
  });
  return { table, entries: states, bytes };
}

function requestsImage(table: RequestDomain, classes: RequestClasses): Image {
  const bytes = requestImage(classes);
  return { table, entries: (bytes.length - layouts.requests.size) / layouts.page.size, bytes };
}

/** The images, in the order of StaticTable. */
export function imagesOf({ ports, networks, exec, ...space }: VerdictSpace): readonly Image[] {
  return [
    portsImage(ports),
    prefixesImage(networks),
    ...requestDomains.map((name) => requestsImage(name, space[name])),
    automatonImage('exec', exec),
  ];
}
