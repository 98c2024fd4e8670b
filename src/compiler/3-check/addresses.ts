// Addresses and CIDR blocks as texts -> sets. A block of IPv6 does not hold the IPv4 addresses that are mapped into
// it, unless it lies inside the mapped block.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Value } from '../ir/resolved.ts';
import {
  type Address,
  type AddressSet,
  addressSet,
  formatAddress,
  formatPrefix,
  ipv4Space,
  isIpv4,
  type Prefix,
  parseAddress,
  parsePrefix,
} from '../space/address.ts';
import { subtract } from '../space/interval.ts';

/** An address, bare or as a text. */
type AddressValue = Extract<Value, { readonly kind: 'address' | 'text' }>;

/** The block; undefined (after a report) when the text is none, or has bits set behind its length. */
export function prefixOf({ text, span }: AddressValue, report: Report): Prefix | undefined {
  const prefix = parsePrefix(text);
  if (!prefix) {
    report('check/bad-address', span, { text, hint: hintFor(text) });
    return undefined;
  }
  if (!prefix.hostBits) return prefix;
  const address = parseAddress(text.split('/')[0] ?? '');
  report('check/host-bits', span, { text, block: formatPrefix(prefix), address: address === undefined ? '' : formatAddress(address) });
  return undefined;
}

function hintFor(text: string): string | undefined {
  const [host = '', length] = text.split('/');
  const numbers = host.split('.');
  if (/^[\d.]+$/.test(host) && numbers.length < 4) return 'an IPv4 address has four numbers';
  if (/^[\d.]+$/.test(host) && numbers.some((part) => Number(part) > 255)) return 'each number of an IPv4 address is at most 255';
  if (/^[\d.]+$/.test(host) && numbers.some((part) => /^0\d/.test(part)))
    return 'a number of an address has no leading zero: some programs read it as octal';
  if (length !== undefined && parseAddress(host) !== undefined) return `a length is at most ${host.includes(':') ? 128 : 32}`;
  return /[a-z]\.[a-z]/i.test(text) ? 'a name of a domain stands in a `domain`, or by itself in `to`' : undefined;
}

/** The addresses of one literal. */
export function networkOf(value: AddressValue, report: Report): AddressSet | undefined {
  const prefix = prefixOf(value, report);
  if (!prefix) return undefined;
  const set = addressSet([prefix]);
  return isIpv4(prefix.address) && prefix.length >= 96 ? set : subtract(set, ipv4Space);
}

/** The address of a literal that is one; undefined after a report. */
export function singleAddress(value: AddressValue, report: Report): Address | undefined {
  const prefix = prefixOf(value, report);
  if (!prefix) return undefined;
  if (prefix.length === 128) return prefix.address;
  report('check/test-endpoint', value.span, { found: `the block \`${value.text}\``, hint: 'name one address of it' });
  return undefined;
}
