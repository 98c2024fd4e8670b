// Ports whose HTTP requests or DNS messages are told although no rule asks for them. Nothing is decided about them; of HTTP, the
// programs look at connections that begin from then on.
import { mapUpdateBatch } from '../ffi/libbpf.ts';
import type { MapSource } from './tables.ts';

const ports = 65_536;
const wordBits = 64;

export type Observed = { readonly http: readonly number[]; readonly dns: readonly number[] };

/** Writes the ports (0..65535) to the kernel, in the place of others; nothing where no program looks at them. */
export function observePorts(maps: MapSource, { http, dns }: Observed): void {
  write(maps, 'http_observed', http);
  write(maps, 'dns_observed', dns);
}

function write(maps: MapSource, table: 'http_observed' | 'dns_observed', observed: readonly number[]): void {
  const fd = maps.get(table);
  if (fd === undefined) return;
  const words = new BigUint64Array(ports / wordBits);
  for (const port of observed) {
    const word = Math.floor(port / wordBits);
    words[word] = (words[word] ?? 0n) | (1n << BigInt(port % wordBits));
  }
  const keys = Uint32Array.from(words, (_, word) => word);
  mapUpdateBatch(fd, new Uint8Array(keys.buffer), new Uint8Array(words.buffer), words.length);
}
