// DNS queries as Hubble's `dns` shows them: one that policy denied stands with the code `Policy denied`, one that passed with none.
import { typeText } from '../../compiler/base/record-types.ts';

/** One row of the kernel's table of queries; `type`: its number, or what is told of all others together. */
export type QueryRow = { readonly type: number | 'other' | 'unreadable'; readonly denied: boolean; readonly count: number };

export const querySamples = (rows: readonly QueryRow[]) =>
  rows.map(({ type, denied, count }) => ({
    labels: { rcode: denied ? 'Policy denied' : '', qtypes: typeof type === 'number' ? typeText(type) : type, ips_returned: '0' },
    value: count,
  }));
