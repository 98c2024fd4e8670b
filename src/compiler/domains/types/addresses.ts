// IPv4 and IPv6 addresses as texts: IPv4 in dotted form, IPv6 as eight groups of four digits. An address or a CIDR block is written
// bare or as a text; a block is a pattern over its octets or digits, so that the algebra of texts holds for addresses, too.
import { type Address, formatAddress, isIpv4, type Prefix, parsePrefix } from '../../space/address.ts';
import { decimalRange } from '../../space/decimal.ts';
import { byteIn, either, literal, type Pattern, sequence } from '../../space/pattern.ts';
import { expected } from '../describe.ts';
import { type FieldType, faulty, type Operand, type Read, read } from '../domain.ts';

const noun = 'address';
const what = 'an address or a CIDR block (10.0.0.0/8)';

const digits = byteIn([0x30, 0x39], [0x61, 0x66]);
const joined = (parts: readonly Pattern[], sign: string): Pattern =>
  sequence(...parts.flatMap((part, i) => (i === 0 ? [part] : [literal(sign), part])));

/** Numbers of `width` bits of which the first `fixed` are those of `value`. */
const numbersBelow = (value: number, fixed: number, width: number): { low: number; high: number } => {
  const free = Math.min(width, Math.max(0, width - fixed));
  const low = value - (value % 2 ** free);
  return { low, high: low + 2 ** free - 1 };
};

function ipv4Block({ address, length }: Prefix): Pattern {
  const octets = formatAddress(address).split('.').map(Number);
  const parts = octets.map((octet, i) => numbersBelow(octet, length - 96 - 8 * i, 8));
  return joined(
    parts.map(({ low, high }) => decimalRange(low, high)),
    '.',
  );
}

const hex = (address: Address): string => address.toString(16).padStart(32, '0');

function nibbleRange(low: number, high: number): Pattern {
  const inside = [...'0123456789abcdef'].slice(low, high + 1).map(literal);
  return inside.length === 16 ? digits : either(...inside);
}

function ipv6Block({ address, length }: Prefix): Pattern {
  const nibbles = [...hex(address)].map((digit, i) => {
    const { low, high } = numbersBelow(Number.parseInt(digit, 16), length - 4 * i, 4);
    return nibbleRange(low, high);
  });
  return joined(
    Array.from({ length: 8 }, (_, i) => sequence(...nibbles.slice(4 * i, 4 * i + 4))),
    ':',
  );
}

/** What one octet, or one digit, can be; by the pattern that says it. */
const partsOf = (bits: number, pattern: (low: number, high: number) => Pattern): ReadonlyMap<string, { low: number; fixed: number }> =>
  new Map(
    Array.from({ length: bits + 1 }, (_, fixed) => fixed).flatMap((fixed) =>
      Array.from({ length: 2 ** fixed }, (_, i) => {
        const low = i * 2 ** (bits - fixed);
        return [JSON.stringify(pattern(low, low + 2 ** (bits - fixed) - 1)), { low, fixed }] as const;
      }),
    ),
  );
const octets = partsOf(8, decimalRange);
const nibbles = partsOf(4, nibbleRange);

/** The block that a pattern of a value is, if it is one. */
export function blockOf(pattern: Pattern): Prefix | undefined {
  if (pattern.kind !== 'sequence') return undefined;
  const groups = pattern.parts.filter((_, i) => i % 2 === 0);
  const isIpv6 = groups.length === 8;
  const parts = isIpv6 ? groups.flatMap((group) => (group.kind === 'sequence' ? group.parts : [])) : groups;
  const width = isIpv6 ? 4 : 8;
  const found = parts.map((part) => (isIpv6 ? nibbles : octets).get(JSON.stringify(part)));
  if (found.length * width !== (isIpv6 ? 128 : 32) || found.some((part) => !part)) return undefined;
  const known = found.flatMap((part) => part ?? []);
  const length = known.reduce((sum, { fixed }) => sum + fixed, 0);
  if (known.some(({ fixed }, i) => fixed !== Math.min(width, Math.max(0, length - width * i)))) return undefined;
  const bits = known.reduce((sum, { low }) => (sum << BigInt(width)) | BigInt(low), 0n);
  return isIpv6 ? { address: bits, length } : { address: (0xffffn << 32n) | bits, length: length + 96 };
}

const blockPattern = (prefix: Prefix): Pattern => (isIpv4(prefix.address) && prefix.length >= 96 ? ipv4Block(prefix) : ipv6Block(prefix));
const canonical = (address: Address): string => (isIpv4(address) ? formatAddress(address) : (hex(address).match(/.{4}/g) ?? []).join(':'));

function readPrefix(operand: Operand): Read<Prefix> {
  if (operand.kind !== 'address' && operand.kind !== 'string') return faulty(expected(what, operand));
  const prefix = parsePrefix(operand.text);
  const reason = !prefix ? 'it is neither an address nor a CIDR block' : 'it has bits set behind its length';
  return prefix && !prefix.hostBits ? read(prefix) : faulty({ kind: 'text', what: noun, text: operand.text, reason, span: operand.span });
}

const anyIpv4 = blockPattern({ address: 0xffffn << 32n, length: 96 });
const anyIpv6 = blockPattern({ address: 0n, length: 0 });

export const networkAddress: FieldType = {
  noun,
  expected: what,
  kind: 'text',
  operators: [],
  words: [],
  declared: [],
  values: (operand) => {
    const prefix = readPrefix(operand);
    return prefix.ok ? read({ kind: 'text', pattern: blockPattern(prefix.value) }) : prefix;
  },
  value: (operand) => {
    const prefix = readPrefix(operand);
    if (!prefix.ok) return prefix;
    return prefix.value.length === 128 ? read(canonical(prefix.value.address)) : faulty(expected('an address (192.0.2.1)', operand));
  },
  possible: either(anyIpv4, anyIpv6),
  familiar: anyIpv4,
};
