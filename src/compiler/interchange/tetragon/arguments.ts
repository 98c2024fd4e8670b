// `matchArgs`: what a filter of an argument says of the fields of a class. A filter that no event can pass leaves no line.
import { errnoNames } from '../../base/kernel-names.ts';
import { bpfCommands } from '../../domains/bpf/index.ts';
import { capabilities } from '../../domains/capability/index.ts';
import { formatPrefix, parsePrefix } from '../../space/address.ts';
import { type Field, itemsOf, member, textOf, textsIn } from '../fields.ts';
import { literalText } from '../texts.ts';
import type { Argument } from './hooks.ts';
import { is, isNot, type Test } from './tests.ts';

/** Tests to be made, or the only classes that remain; `values`: none of them can be. */
export type Effect =
  | { readonly kind: 'tests'; readonly tests: readonly Test[] }
  | { readonly kind: 'classes'; readonly classes: readonly string[] }
  | { readonly kind: 'never' }
  | { readonly kind: 'unsaid'; readonly reason: string };

const unsaid = (reason: string): Effect => ({ kind: 'unsaid', reason });
const tests = (...all: readonly Test[]): Effect => ({ kind: 'tests', tests: all });

/** `Equal`, `NotEqual` ...: what is compared, and whether it has to differ. */
const negation = (operator: string): { readonly base: string; readonly not: boolean } =>
  operator.startsWith('Not') ? { base: operator.slice(3), not: true } : { base: operator, not: false };

const test = (field: string, not: boolean, values: readonly string[]): Test => (not ? isNot(field, ...values) : is(field, ...values));

const inGlob = (text: string): string => text.replace(/["\\*{}?[\]]/g, '\\$&');

/** Paths by a comparison; those that no path is are left out. */
export function pathValues(base: string, values: readonly string[]): readonly string[] | undefined {
  switch (base) {
    case 'Equal':
    case 'In':
      return values.filter((value) => value.startsWith('/')).map(literalText);
    case 'Prefix':
      return values.filter((value) => value.startsWith('/')).map((value) => `glob "${inGlob(value)}**"`);
    case 'Postfix':
      return values.flatMap((value) =>
        value.startsWith('/') ? [literalText(value), `glob "/**${inGlob(value)}"`] : [`glob "/**${inGlob(value)}"`],
      );
    case 'SubString':
      return values.flatMap((value) => [...(value.startsWith('/') ? [`glob "${inGlob(value)}**"`] : []), `glob "/**${inGlob(value)}**"`]);
    default:
      return undefined;
  }
}

function pathEffect(field: string, operator: string, values: readonly string[]): Effect {
  const { base, not } = negation(operator);
  const found = pathValues(base, values);
  if (!found) return unsaid(`paths are not compared by \`${operator}\``);
  if (found.length === 0) return not ? tests() : { kind: 'never' };
  return tests(test(field, not, found));
}

function accessEffect(bits: Readonly<Record<number, string>>, operator: string, values: readonly string[]): Effect {
  if (operator !== 'Equal' && operator !== 'Mask') return unsaid(`\`${operator}\` of what is done with a file`);
  const asked = values.map(Number);
  const known = Object.entries(bits).filter(([bit]) => asked.some((value) => (value & Number(bit)) !== 0));
  return known.length === 0 ? { kind: 'never' } : { kind: 'classes', classes: [...new Set(known.map(([, name]) => name))] };
}

const socketTypes: Readonly<Record<number, string>> = {
  1: 'stream',
  2: 'dgram',
  3: 'raw',
  4: 'rdm',
  5: 'seqpacket',
  6: 'dccp',
  10: 'packet',
};

/** A capability, a bpf command, a type of sockets: by number or by name. */
function wordOf(of: 'capability' | 'bpf' | 'socket-type', value: string): string | undefined {
  if (of === 'socket-type') return socketTypes[Number(value)];
  const names = of === 'capability' ? capabilities : bpfCommands;
  const plain = value.replace(/^(?:CAP|BPF)_/, '').toLowerCase();
  return /^\d+$/.test(value) ? names[Number(value)] : names.find((name) => name === plain);
}

function wordEffect({ field, of }: Extract<Argument, { kind: 'word' }>, operator: string, values: readonly string[]): Effect {
  const { base, not } = negation(operator);
  const words = values.map((value) => wordOf(of, value));
  const unknown = values[words.indexOf(undefined)];
  if (base !== 'Equal') return unsaid(`\`${operator}\` of a number that stands for a word`);
  return unknown !== undefined
    ? unsaid(`no word is known for \`${unknown}\``)
    : tests(
        test(
          field,
          not,
          words.flatMap((word) => word ?? []),
        ),
      );
}

const protocols: Readonly<Record<string, string>> = {
  ...{ IPPROTO_TCP: 'tcp', IPPROTO_UDP: 'udp', IPPROTO_SCTP: 'sctp', IPPROTO_DCCP: 'dccp', IPPROTO_ICMP: 'icmp', IPPROTO_ICMPV6: 'icmpv6' },
  ...{ 6: 'tcp', 17: 'udp', 132: 'sctp', 33: 'dccp', 1: 'icmp', 58: 'icmpv6' },
};
/** Addresses of a family are all but those of the other one. */
const otherFamily: Readonly<Record<string, string>> = { AF_INET: '::/0', 2: '::/0', AF_INET6: '0.0.0.0/0', 10: '0.0.0.0/0' };
const ports = (values: readonly string[]): readonly string[] => values.map((value) => value.replace(':', '-'));

/** Sockets. Of an address that is given to a call the source is the peer; of a connected socket it is the machine itself. */
function peerEffect(type: string | undefined, operator: string, values: readonly string[]): Effect {
  const { base, not } = negation(operator);
  const isPeer = base.startsWith('D') || (base.startsWith('S') && type === 'sockaddr');
  switch (base.replace(/^[DS](?=Addr|Port|port)/, '').toLowerCase()) {
    case 'addr':
      return isPeer ? addressEffect(not, values) : unsaid('rules know no addresses of the machine itself');
    case 'port':
      return isPeer ? tests(test('remote-port', not, ports(values))) : unsaid('rules know no ports of the machine itself');
    case 'portpriv':
      return isPeer ? tests(test('remote-port', not, ['0-1023'])) : unsaid('rules know no ports of the machine itself');
    case 'protocol':
      return protocolEffect(values);
    case 'family':
      return familyEffect(values);
    default:
      return unsaid(`sockets are not asked for \`${operator}\``);
  }
}

function addressEffect(not: boolean, values: readonly string[]): Effect {
  const blocks = values.map((value) => parsePrefix(value));
  const wrong = values[blocks.indexOf(undefined)];
  if (wrong !== undefined) return unsaid(`\`${wrong}\` is neither an address nor a CIDR block`);
  return tests(
    test(
      'address',
      not,
      blocks.flatMap((block) => (block ? [formatPrefix(block)] : [])),
    ),
  );
}

function protocolEffect(values: readonly string[]): Effect {
  const unknown = values.find((value) => !Object.hasOwn(protocols, value));
  if (unknown !== undefined) return unsaid(`\`connect\` knows no protocol \`${unknown}\``);
  return tests(is('protocol', ...values.flatMap((value) => protocols[value] ?? [])));
}

function familyEffect(values: readonly string[]): Effect {
  const others = [...new Set(values.flatMap((value) => otherFamily[value] ?? []))];
  if (values.some((value) => otherFamily[value] === undefined)) return unsaid('`connect` is of IPv4 and IPv6 alone');
  return others.length === 2 ? tests() : tests(isNot('address', ...others));
}

/** What a filter says, where the argument is known. */
export function effectOf(argument: Argument, filter: Field, type: string | undefined): Effect {
  const operator = textOf(filter, 'operator') ?? '';
  const values = textsIn(member(filter, 'values'));
  switch (argument.kind) {
    case 'path':
      return pathEffect(argument.field, operator, values);
    case 'text':
      return textEffect(argument.field, operator, values);
    case 'access':
      return accessEffect(argument.bits, operator, values);
    case 'word':
      return wordEffect(argument, operator, values);
    case 'number':
      return numberEffect(argument.field, operator, values);
    case 'only':
      return values.length === 1 && values[0] === argument.value ? tests() : unsaid(`rules are about ${argument.what}`);
    case 'peer':
      return peerEffect(type, operator, values);
  }
}

function textEffect(field: string, operator: string, values: readonly string[]): Effect {
  const { base, not } = negation(operator);
  const form: Readonly<Record<string, (text: string) => string>> = {
    Equal: (text) => literalText(text),
    Prefix: (text) => `"${inGlob(text)}*"`,
    Postfix: (text) => `"*${inGlob(text)}"`,
    SubString: (text) => `"*${inGlob(text)}*"`,
  };
  const write = form[base];
  return write
    ? tests(
        test(
          field,
          not,
          values.map((value) => write(value.replace(/\0$/, ''))),
        ),
      )
    : unsaid(`texts are not compared by \`${operator}\``);
}

function numberEffect(field: string, operator: string, values: readonly string[]): Effect {
  const { base, not } = negation(operator);
  if (base !== 'Equal' && base !== 'InRange') return unsaid(`numbers are not compared by \`${operator}\``);
  return tests(test(field, not, ports(values)));
}

/** The argument that a filter is about: by its number; of a tracepoint by its place in `args`. */
export function placeOf(filter: Field): number | undefined {
  const index = member(filter, 'index').value ?? itemsOf(filter, 'args')[0]?.value;
  return typeof index === 'number' ? index : undefined;
}

export const errnoName = (number: number): string | undefined => errnoNames[number - 1 - (number > 41 ? 1 : 0) - (number > 58 ? 1 : 0)];
