// The beginning of a DNS answer as it came (RFC 1035, 4) -> what it says, for people to read. Records that are not all there are left out.
import { addressOfBytes } from '../../compiler/space/address.ts';
import { type DnsQuestion, dnsQuestion } from './dns-question.ts';

export type DnsAnswer = {
  /** 0: no error. */
  readonly code: number;
  readonly addresses: readonly bigint[];
  /** What aliases lead to, in lower case, without a dot at the end. */
  readonly aliases: readonly string[];
  /** Numbers of the types of its records, each once. */
  readonly types: readonly number[];
  /** How long it holds: the shortest of its records; absent where it has none. */
  readonly seconds?: number;
};

const bytesOf = { header: 12, kind: 4, recordHead: 10 } as const;
const recordType = { a: 1, alias: 5, aaaa: 28 } as const;

export function dnsAnswer(bytes: Uint8Array): { readonly question: DnsQuestion; readonly answer: DnsAnswer } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records = bytes.length < bytesOf.header ? [] : recordsOf(view, view.getUint16(6));
  const seconds = Math.min(...records.map((one) => one.seconds));
  return {
    question: dnsQuestion(bytes.subarray(bytesOf.header)),
    answer: {
      code: (bytes[3] ?? 0) & 0xf,
      addresses: records.flatMap(({ type, data }) => addressIn(type, data)),
      aliases: records.flatMap(({ type, at }) => (type === recordType.alias ? [nameAt(bytes, at)] : [])),
      types: [...new Set(records.map(({ type }) => type))],
      ...(records.length > 0 && { seconds }),
    },
  };
}

type AnswerRecord = { readonly type: number; readonly seconds: number; readonly at: number; readonly data: Uint8Array };

function recordsOf(view: DataView, count: number): readonly AnswerRecord[] {
  const records: AnswerRecord[] = [];
  let at = nameEnd(view, bytesOf.header) + bytesOf.kind;
  for (let i = 0; i < count; i++) {
    const head = nameEnd(view, at);
    const start = head + bytesOf.recordHead;
    if (start > view.byteLength) break;
    at = start + view.getUint16(head + 8);
    if (at > view.byteLength) break;
    const data = new Uint8Array(view.buffer, view.byteOffset + start, at - start);
    records.push({ type: view.getUint16(head), seconds: view.getUint32(head + 4), at: start, data });
  }
  return records;
}

/** Place behind the name at `at`, where it stands. */
function nameEnd(view: DataView, at: number): number {
  for (let place = at; place < view.byteLength; ) {
    const length = view.getUint8(place);
    if (length >= 64) return place + 2;
    place += length + 1;
    if (length === 0) return place;
  }
  return view.byteLength;
}

const ipv4Prefix = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);
function addressIn(type: number, data: Uint8Array): readonly bigint[] {
  if (type === recordType.a && data.length === 4) return [addressOfBytes(Uint8Array.of(...ipv4Prefix, ...data))];
  return type === recordType.aaaa && data.length === 16 ? [addressOfBytes(data)] : [];
}

/** Through pointers, which lead backwards. */
function nameAt(bytes: Uint8Array, from: number): string {
  const labels: string[] = [];
  let at = from;
  for (let steps = 0; steps < 128; steps++) {
    const length = bytes[at] ?? 0;
    if (length === 0) break;
    if (length >= 64) {
      at = ((length & 0x3f) << 8) | (bytes[at + 1] ?? 0);
      continue;
    }
    labels.push(new TextDecoder().decode(bytes.subarray(at + 1, at + 1 + length)).toLowerCase());
    at += 1 + length;
  }
  return labels.join('.');
}
