// What deciding one request costs the kernel, read from the tables that the policy has made: one look-up for each byte of a
// field that some rule asks for (none once its text can match no more), one for each field to combine them, one verdict.
import { kernelFields, layouts, limits, type RequestDomain } from '../ir/abi.ts';
import type { Emitted } from '../ir/emitted.ts';

/** `fields`: those that are read; `headers`: how many of them are headers. `bytes`: of the tables, for all workloads together. */
export type RequestCost = {
  readonly domain: RequestDomain;
  readonly fields: readonly string[];
  readonly headers: number;
  readonly bytes: number;
  /** Look-ups for one request, beside those for the bytes of its fields. */
  readonly lookups: number;
};

/** The cost of requests of a domain; undefined where no rule reads them. */
export function requestCost({ images }: Emitted, domain: RequestDomain): RequestCost | undefined {
  const image = images.find(({ table }) => table === domain);
  const offset = layouts.requests.fields.find(({ name }) => name === 'asked')?.offset;
  if (!image || offset === undefined) return undefined;
  const asked = new DataView(image.bytes.buffer, image.bytes.byteOffset).getUint32(offset, true);
  if (asked === 0) return undefined;
  const slots = Array.from({ length: limits.namesSlot }, (_, slot) => slot).filter((slot) => ((asked >>> slot) & 1) === 1);
  const named = (kernelFields[domain] ?? []).filter((name) => name !== 'header');
  const fields = slots.flatMap((slot) => named[slot] ?? []);
  const headers = slots.length - fields.length;
  return { domain, fields, headers, bytes: image.bytes.length, lookups: slots.length * 2 + headers + 1 };
}

/** `http: a request costs a look-up for each byte of its method, path and 2 headers, and 8 more; 13 KiB of tables`. */
export function requestCostText({ domain, fields, headers, bytes, lookups }: RequestCost): string {
  const parts = [...fields, ...(headers === 0 ? [] : [headers === 1 ? '1 header' : `${headers} headers`])];
  const read = parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
  const one = { http: 'request', dns: 'query', tls: 'hello' }[domain];
  return `${domain}: a ${one} costs a look-up for each byte of its ${read}, and ${lookups} more; ${Math.ceil(bytes / 1024)} KiB of tables`;
}
