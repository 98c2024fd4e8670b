// FNV-1a of 32 bits (Fowler, Noll, Vo; RFC 9923): no secret, the same on every machine.

const [offset, prime] = [0x811c9dc5, 0x01000193];

/** 0 to 2^32 - 1. Of a text its UTF-16 units, each as one byte of the sum. */
export function hashOf(text: string | Uint8Array): number {
  let hash = offset;
  if (typeof text === 'string') for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), prime);
  else for (const byte of text) hash = Math.imul(hash ^ byte, prime);
  return hash >>> 0;
}
