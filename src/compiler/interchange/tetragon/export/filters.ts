// Tests of fields as filters of a selector. A test that one filter cannot say is several selectors, one for each part of it.
import { bpfCommands } from '../../../domains/bpf/index.ts';
import { capabilities } from '../../../domains/capability/index.ts';
import type { FieldTest } from '../../../domains/domain.ts';
import { blockOf } from '../../../domains/types/addresses.ts';
import { formatPrefix } from '../../../space/address.ts';
import { subtract } from '../../../space/interval.ts';
import type { Pattern } from '../../../space/pattern.ts';
import type { Json, JsonObject } from '../../importer.ts';
import { type Compared, comparedText, exactTexts, type TextKind } from './values.ts';

/** An entry of `matchArgs`, `matchBinaries` ... */
export type Filter = { readonly key: string; readonly entry: JsonObject };
/** One of them holds, each of whose filters all hold. */
export type Alternatives = readonly (readonly Filter[])[];

/** Values in one filter of an argument, and of one that is a file. */
const limits = { values: 4, files: 8 } as const;

const chunks = <T>(values: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));

export const argument = (index: number, operator: string, values: readonly string[]): Filter => ({
  key: 'matchArgs',
  entry: { index, operator, values },
});

/** All of several alternatives. */
export const allOf = (parts: readonly Alternatives[]): Alternatives =>
  parts.reduce<Alternatives>((so, part) => so.flatMap((one) => part.map((other) => [...one, ...other])), [[]]);

function comparison({ not, any }: Compared, size: number, filter: (operator: string, values: readonly string[]) => Filter): Alternatives {
  const filters = any.flatMap(({ operator, values }) => chunks(values, size).map((some) => filter(`${not ? 'Not' : ''}${operator}`, some)));
  return not ? [filters] : filters.map((one) => [one]);
}

/** A path, or a text, at an argument. */
export function textFilter(test: FieldTest, index: number, kind: TextKind): Alternatives | undefined {
  const compared = test.values.kind === 'text' ? comparedText(test.values.pattern, kind) : undefined;
  return (
    compared &&
    comparison(compared, kind === 'text' ? limits.values : limits.files, (operator, values) => argument(index, operator, values))
  );
}

/** Numbers, and ranges of them. */
export function numberFilter({ values }: FieldTest, index: number): Alternatives | undefined {
  if (values.kind !== 'number') return undefined;
  const single = values.ranges.filter(({ low, high }) => low === high).map(({ low }) => String(low));
  const ranges = values.ranges.filter(({ low, high }) => low !== high).map(({ low, high }) => `${low}:${high}`);
  return [
    ...chunks(single, limits.values).map((some) => [argument(index, 'Equal', some)]),
    ...chunks(ranges, limits.values).map((some) => [argument(index, 'InRange', some)]),
  ];
}

/** Where there may be no port, only a filter of others says so. */
function portFilter({ values, orAbsent }: FieldTest): Alternatives | undefined {
  if (values.kind !== 'number') return undefined;
  const ports = orAbsent ? subtract([{ low: 0, high: 65_535 }], values.ranges) : values.ranges;
  const texts = ports.map(({ low, high }) => (low === high ? String(low) : `${low}:${high}`));
  const filters = chunks(texts, limits.values).map((some) => argument(1, orAbsent ? 'NotSPort' : 'SPort', some));
  return orAbsent ? [filters] : filters.map((one) => [one]);
}

const numberWords: Readonly<Record<string, readonly string[]>> = {
  capability: capabilities,
  bpf: bpfCommands,
  type: ['', 'stream', 'dgram', 'raw', 'rdm', 'seqpacket', 'dccp', '', '', '', 'packet'],
};

/** Words as the numbers that they stand for. */
export function wordFilter({ values }: FieldTest, index: number, words: string): Alternatives | undefined {
  const exact = values.kind === 'text' ? exactTexts(values.pattern) : undefined;
  const numbers = exact?.values.map((value) => String(numberWords[words]?.indexOf(value) ?? -1));
  if (!exact || !numbers || numbers.includes('-1')) return undefined;
  const filters = chunks(numbers, limits.values).map((some) => argument(index, exact.not ? 'NotEqual' : 'Equal', some));
  return exact.not ? [filters] : filters.map((one) => [one]);
}

const protocols: Readonly<Record<string, string>> = {
  ...{ tcp: 'IPPROTO_TCP', udp: 'IPPROTO_UDP', sctp: 'IPPROTO_SCTP', dccp: 'IPPROTO_DCCP', icmp: 'IPPROTO_ICMP', icmpv6: 'IPPROTO_ICMPV6' },
};

/** `connect`: its address, port and protocol. */
export function peerFilter(test: FieldTest): Alternatives | undefined {
  if (test.field === 'remote-port') return portFilter(test);
  if (test.values.kind !== 'text') return undefined;
  const { pattern } = test.values;
  if (test.field === 'protocol') {
    const exact = exactTexts(pattern);
    const names = exact?.values.map((value) => protocols[value]);
    return exact && !exact.not && names?.every((name) => name !== undefined)
      ? [
          [
            argument(
              0,
              'Protocol',
              names.flatMap((name) => name ?? []),
            ),
          ],
        ]
      : undefined;
  }
  const not = pattern.kind === 'not';
  const blocks = partsOf(not ? pattern.part : pattern).map(blockOf);
  if (blocks.some((block) => !block)) return undefined;
  const texts = blocks.flatMap((block) => (block ? [formatPrefix(block)] : []));
  const filters = chunks(texts, limits.values).map((some) => argument(1, not ? 'NotSAddr' : 'SAddr', some));
  return not ? [filters] : filters.map((one) => [one]);
}

const partsOf = (pattern: Pattern): readonly Pattern[] => (pattern.kind === 'either' ? pattern.parts.flatMap(partsOf) : [pattern]);

/** Conditions of every class; `undefined`: there is no such filter. */
export function conditionFilter(test: FieldTest): Alternatives | undefined {
  switch (test.field) {
    case 'binary':
    case 'caller':
      return binaryFilter(test, 'matchBinaries');
    case 'parent':
      return binaryFilter(test, 'matchParentBinaries');
    case 'scope':
      return choice(test, 'host', 'matchNamespaces', { namespace: 'Pid', values: ['host_ns'] });
    case 'lineage':
      return choice(test, 'init', 'matchPIDs', { isNamespacePID: true, followForks: true, values: [1] });
    default:
      return undefined;
  }
}

/** A selector has one filter of programs. */
function binaryFilter({ values }: FieldTest, key: string): Alternatives | undefined {
  const compared = values.kind === 'text' ? comparedText(values.pattern, 'program') : undefined;
  if (!compared || (compared.not && compared.any.length > 1) || compared.any.some(({ operator }) => operator === 'SubString'))
    return undefined;
  const nameOf = (operator: string): string =>
    operator === 'Equal' ? (compared.not ? 'NotIn' : 'In') : `${compared.not ? 'Not' : ''}${operator}`;
  return compared.any.map(({ operator, values: some }) => [{ key, entry: { operator: nameOf(operator), values: some } }]);
}

/** One of two words. */
function choice({ values }: FieldTest, first: string, key: string, entry: JsonObject): Alternatives | undefined {
  const exact = values.kind === 'text' ? exactTexts(values.pattern) : undefined;
  if (exact?.values.length !== 1) return undefined;
  const isFirst = (exact.values[0] === first) !== exact.not;
  return [[{ key, entry: { ...entry, operator: isFirst ? 'In' : 'NotIn' } }]];
}

/** A selector of filters; those of one kind stand in one list. */
export function selectorOf(filters: readonly Filter[], actions: readonly Json[]): JsonObject {
  const keys = [...new Set(filters.map(({ key }) => key))];
  const lists = keys.map((key) => [key, filters.filter((one) => one.key === key).map(({ entry }) => entry)] as const);
  return { ...Object.fromEntries(lists), ...(actions.length > 0 && { matchActions: actions }) };
}
