// The question of a DNS query as it was sent (RFC 1035, 4.1.2) -> the name and the number of the type, for people to read.
export type DnsQuestion = {
  /** In lower case, without a dot at the end; empty: the root, or nothing that could be read. */
  readonly name: string;
  readonly type: number | undefined;
};

/** Labels of names that are judged are ASCII; whatever else stands there is shown as U+FFFD. */
export function dnsQuestion(bytes: Uint8Array): DnsQuestion {
  const labels: string[] = [];
  const decoder = new TextDecoder();
  let at = 0;
  for (let length = bytes[at]; length !== undefined && length > 0 && length < 64; length = bytes[at]) {
    labels.push(decoder.decode(bytes.subarray(at + 1, at + 1 + length)).toLowerCase());
    at += 1 + length;
  }
  const [high, low] = bytes.subarray(at + 1);
  return { name: labels.join('.'), type: high === undefined || low === undefined ? undefined : high * 256 + low };
}
