// DNS queries and answers as Hubble's `dns` shows them: a query that policy denied stands with the code `Policy denied`, one that passed
// with none.
import { typeText } from '../../compiler/base/record-types.ts';

const typeName = (type: number | 'other' | 'unreadable'): string => (typeof type === 'number' ? typeText(type) : type);

/** One row of the kernel's table of queries; `type`: its number, or what is told of all others together. */
export type QueryRow = { readonly type: number | 'other' | 'unreadable'; readonly denied: boolean; readonly count: number };

export const querySamples = (rows: readonly QueryRow[]) =>
  rows.map(({ type, denied, count }) => ({
    labels: { rcode: denied ? 'Policy denied' : '', qtypes: typeName(type), ips_returned: '0' },
    value: count,
  }));

/** One row of the kernel's table of answers. */
export type AnswerRow = { readonly type: number | 'other'; readonly code: number; readonly addresses: number; readonly count: number };

export const answerSamples = (rows: readonly AnswerRow[]) =>
  rows.map(({ type, code, addresses, count }) => ({
    labels: {
      rcode: responseCode(code),
      qtypes: typeName(type),
      ips_returned: String(addresses),
    },
    value: count,
  }));

/** One row of the kernel's table of records in answers; `asked`: the type of the question. */
export type RecordRow = { readonly asked: number | 'other'; readonly type: number | 'other'; readonly count: number };

export const recordSamples = (rows: readonly RecordRow[]) =>
  rows.map(({ asked, type, count }) => ({ labels: { type: typeName(type), qtypes: typeName(asked) }, value: count }));

/** RFC 1035 and 2136, in Hubble's words. */
const responseCodes: readonly string[] = [
  'No Error',
  'Format Error',
  'Server Failure',
  'Non-Existent Domain',
  'Not Implemented',
  'Query Refused',
  'Name Exists when it should not',
  'RR Set Exists when it should not',
  'RR Set that should exist does not',
  'Server Not Authoritative for zone',
  'Name not contained in zone',
];
export const responseCode = (code: number): string => responseCodes[code] ?? 'Unknown';
