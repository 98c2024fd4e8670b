// The names of a ClientHello as the programs kept them: each a kind, a length and its bytes (bpf/templates/l7/tls-state.h).
export type TlsNames = {
  /** In lower case; absent: none was sent, or none could be read. */
  readonly serverName?: string;
  /** What ALPN offers, in its order; bytes that are no UTF-8 are shown as U+FFFD. */
  readonly protocols: readonly string[];
};

const serverNameKind = 0;

/** Of names that were cut off, those that are whole. */
export function tlsNames(bytes: Uint8Array): TlsNames {
  const decoder = new TextDecoder();
  const protocols: string[] = [];
  let serverName: string | undefined;
  for (let at = 0; at + 2 <= bytes.length; ) {
    const [kind, length = 0] = bytes.subarray(at, at + 2);
    const name = bytes.subarray(at + 2, at + 2 + length);
    if (name.length < length) break;
    if (kind === serverNameKind) serverName = decoder.decode(name);
    else protocols.push(decoder.decode(name));
    at += 2 + length;
  }
  return { ...(serverName !== undefined && { serverName }), protocols };
}
