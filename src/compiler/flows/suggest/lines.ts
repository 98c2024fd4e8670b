// Recorded requests as lines of a block.
import type { FieldValues } from '../../domains/domain.ts';
import { type Generalize, several } from './generalization.ts';
import { httpLines } from './http-lines.ts';
import { type BlockLine, single } from './line-text.ts';

/** The lines that hold for these requests of one protocol; undefined where one of them cannot be named, and only a rule without a block allows it. */
export function blockLines(domain: string, requests: readonly FieldValues[], generalize: Generalize): readonly BlockLine[] | undefined {
  const lines =
    domain === 'http' ? httpLines(requests, generalize) : domain === 'dns' ? dnsLines(requests, generalize) : kafkaLines(requests);
  if (!lines) return undefined;
  const distinct = new Map(lines.map((line) => [line.text, line]));
  return [...distinct.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
}

const name = /^[-0-9a-z_]{1,63}(\.[-0-9a-z_]{1,63})*$/;

function dnsLines(requests: readonly FieldValues[], generalize: Generalize): readonly BlockLine[] | undefined {
  const asked = requests.map((fields) => ({ name: single(fields, 'name') ?? '', type: single(fields, 'type') }));
  if (asked.some((one) => one.name !== '' && (!name.test(one.name) || one.name.length > 253))) return undefined;
  if (generalize.has('names')) {
    const names = [...new Set(asked.map((one) => one.name))].sort();
    return [
      ...(names.includes('') ? [{ text: 'name absent', note: 'the root; any type of records' }] : []),
      ...namePatterns(names.filter((one) => one !== '')),
    ];
  }
  const types = new Map<string, Set<string | undefined>>();
  for (const one of asked) types.set(one.name, (types.get(one.name) ?? new Set()).add(one.type));
  return [...types].map(([asked, own]) => ({ text: `${asked === '' ? 'name absent' : `"${asked}"`}${typesText([...own])}` }));
}

function typesText(types: readonly (string | undefined)[]): string {
  const known = types.filter((type) => type !== undefined).sort();
  if (known.length < types.length || known.length === 0) return '';
  return ` type ${known.length === 1 ? known[0] : `[${known.join(', ')}]`}`;
}

/** Names of one parent as one pattern, where they are several. */
function namePatterns(names: readonly string[]): readonly BlockLine[] {
  const parents = new Map<string, string[]>();
  const parentOf = (one: string): string => one.slice(one.indexOf('.') + 1);
  for (const one of names) if (one.includes('.')) parents.set(parentOf(one), [...(parents.get(parentOf(one)) ?? []), one]);
  const isWide = (one: string): boolean =>
    one.includes('.') && parentOf(one).includes('.') && (parents.get(parentOf(one))?.length ?? 0) >= several;
  const wide = [...new Set(names.filter(isWide).map(parentOf))];
  return [
    ...wide.map((parent) => ({ text: `"*.${parent}"`, note: `any one label before it; recorded: ${parents.get(parent)?.length} names` })),
    ...names.filter((one) => !isWide(one)).map((one) => ({ text: `"${one}"` })),
  ];
}

function kafkaLines(requests: readonly FieldValues[]): readonly BlockLine[] | undefined {
  const topics = new Map<string, Set<string>>();
  for (const fields of requests) {
    const [key, topic] = [single(fields, 'key'), single(fields, 'topic')];
    if (key === undefined || (topic !== undefined && !/^[-.\w]+$/.test(topic))) return undefined;
    topics.set(key, (topics.get(key) ?? new Set()).add(topic ?? ''));
  }
  return [...topics].flatMap(([key, own]) => [...own].map((topic) => ({ text: topic === '' ? key : `${key} topic "${topic}"` })));
}
