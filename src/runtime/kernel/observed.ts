// Ports whose HTTP requests are told although no rule asks for them. Nothing is decided about such a request; the programs look at
// connections that are accepted from then on.
import { mapUpdateBatch } from '../ffi/libbpf.ts';
import type { MapSource } from './tables.ts';

const ports = 65_536;
const wordBits = 64;

/** Writes the ports (0..65535) to the map `http_observed`, in the place of others; nothing where there is no such map. */
export function observePorts(maps: MapSource, observed: readonly number[]): void {
  const fd = maps.get('http_observed');
  if (fd === undefined) return;
  const words = new BigUint64Array(ports / wordBits);
  for (const port of observed) {
    const word = Math.floor(port / wordBits);
    words[word] = (words[word] ?? 0n) | (1n << BigInt(port % wordBits));
  }
  const keys = Uint32Array.from(words, (_, word) => word);
  mapUpdateBatch(fd, new Uint8Array(keys.buffer), new Uint8Array(words.buffer), words.length);
}
