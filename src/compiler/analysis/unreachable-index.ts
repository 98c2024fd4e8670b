// Which rules before a rule can match all that it matches? Asked for each of very many rules, of which hardly one does: what
// covers something holds each part of it, so a rule is looked for by one part of the other, where the fewest lie.
import type { LineMatch } from '../domains/domain.ts';
import type { PeerSet, ReservedSet, Rule, Subject, Transport } from '../ir/typed.ts';
import { type Address, isIpv4 } from '../space/address.ts';
import type { Requirement, Selector } from '../space/labels.ts';
import type { Pattern } from '../space/pattern.ts';
import { everyAddress } from './cell.ts';
import { contentOf, cubesIn, governedSets, isSubset, peerParts, subjectCovers } from './rule-cover.ts';

type Keys = readonly string[];

/** Lists by keys. */
class Listed<T> {
  readonly #lists = new Map<string, T[]>();

  add(keys: Keys, item: T): void {
    for (const key of new Set(keys)) {
      const list = this.#lists.get(key);
      if (list) list.push(item);
      else this.#lists.set(key, [item]);
    }
  }

  sizeOf = (key: string): number => this.#lists.get(key)?.length ?? 0;

  /** List after list, none copied: mostly the first few items are enough. */
  *under(keys: Keys, most = Number.POSITIVE_INFINITY): Generator<T> {
    let left = most;
    for (const key of keys) {
      for (const item of this.#lists.get(key) ?? []) {
        if (left-- <= 0) return;
        yield item;
      }
    }
  }
}

type SizeOf = (key: string) => number;

// --- labels -----------------------------------------------------------------------------------------------------------

const keysOfRequirement = (requirement: Requirement): Keys =>
  requirement.kind === 'one-of' ? requirement.values.map((value) => `${requirement.key}=${value}`) : [requirement.key];

/** All label sets of a cube meet each requirement of what covers it: one is enough to be found by, the rarest so far. */
function keysOfSelector(selector: Selector, sizeOf: SizeOf): Keys {
  return selector.flatMap((conjunction) => {
    const choices = conjunction.map(keysOfRequirement).map((keys) => ({ keys, size: keys.reduce((sum, key) => sum + 1 + sizeOf(key), 0) }));
    const [first, ...others] = choices;
    return first ? others.reduce((best, one) => (one.size < best.size ? one : best), first).keys : [''];
  });
}

/** Where selectors that cover this one are listed. */
function selectorSeeks(selector: Selector): Keys {
  const [cube] = cubesIn(selector);
  if (!cube) return [];
  const own = [...cube].flatMap(([key, { absent, others, values }]) => (absent || others ? [key] : [key, `${key}=${values[0]}`]));
  return ['', ...own];
}

const reservedKey = ({ name }: ReservedSet): string => `reserved ${name ?? 'any'}`;
const reservedSeeks = (set: ReservedSet): Keys => [...new Set([reservedKey(set), reservedKey({ except: [] })])];

/** So many subjects are tried for one. */
const mostTried = 256;

/** Which subjects hold all of another? Subjects that are written alike are one. */
export class CoveringSubjects {
  /** The numbers of the subjects, in the order given. */
  readonly numbers: readonly number[];
  readonly #values: Subject[] = [];
  readonly #listed = new Listed<number>();
  readonly #covering: (readonly number[])[] = [];

  constructor(subjects: readonly Subject[]) {
    const known = new Map<string, number>();
    this.numbers = subjects.map((subject) => {
      const key = JSON.stringify(subject);
      const number = known.get(key) ?? this.#add(subject);
      known.set(key, number);
      return number;
    });
  }

  #add(subject: Subject): number {
    const number = this.#values.push(subject) - 1;
    this.#listed.add([...keysOfSelector(subject.workloads, this.#listed.sizeOf), ...governedSets(subject).map(reservedKey)], number);
    return number;
  }

  covering(number: number): readonly number[] {
    const known = this.#covering[number] ?? this.#find(number);
    this.#covering[number] = known;
    return known;
  }

  #find(number: number): readonly number[] {
    const part = this.#values[number];
    if (!part) return [];
    const isOfWorkloads = cubesIn(part.workloads).length > 0;
    const seeks = isOfWorkloads ? selectorSeeks(part.workloads) : governedSets(part).slice(0, 1).flatMap(reservedSeeks);
    const covering = new Set([number]);
    for (const other of this.#listed.under(seeks, mostTried)) {
      if (!covering.has(other) && subjectCovers(this.#values[other] ?? part, part)) covering.add(other);
    }
    return [...covering];
  }
}

// --- parts of rules -----------------------------------------------------------------------------------------------------

/** More keys than this are one, under which everything wide is listed. */
const mostPoints = 4;
const blockOf = (address: Address): string => (isIpv4(address) ? `4 ${(address >> 16n) & 0xffffn}` : `6 ${address >> 80n}`);
const domainKey = (pattern: Pattern): string => (pattern.kind === 'literal' ? `domain ${pattern.text}` : 'domain');

function peerKeys(peers: PeerSet, sizeOf: SizeOf): Keys {
  const { selectors, reserved, world, domains } = peerParts(peers);
  return [
    ...selectors.flatMap((selector) => keysOfSelector(selector, (key) => sizeOf(`label ${key}`)).map((key) => `label ${key}`)),
    ...reserved.map(reservedKey),
    ...world.map(({ low, high }) => (blockOf(low) === blockOf(high) ? `block ${blockOf(low)}` : 'block')),
    ...domains.map(domainKey),
    ...(isSubset(everyAddress, world) ? ['domain'] : []),
  ];
}

function peerSeeks(peers: PeerSet): Keys {
  const { selectors, reserved, world, domains } = peerParts(peers);
  const [selector, set, block, domain] = [selectors[0], reserved[0], world[0], domains[0]];
  if (selector && cubesIn(selector).length > 0) return selectorSeeks(selector).map((key) => `label ${key}`);
  if (set) return reservedSeeks(set);
  if (block) return [`block ${blockOf(block.low)}`, 'block'];
  return domain ? [...new Set([domainKey(domain), 'domain'])] : [];
}

/** Ranges lie under the points that they hold, or under blocks of so many bits each. */
const blockBits = [0, 6, 12];

function rangeKeys({ low, high }: Transport['points'][number]): Keys {
  const bits = blockBits.find((some) => (high >> some) - (low >> some) < mostPoints);
  if (bits === undefined) return ['point'];
  return Array.from({ length: (high >> bits) - (low >> bits) + 1 }, (_, i) => `point ${bits} ${(low >> bits) + i}`);
}

const portKeys = ({ points, named }: Transport): Keys => [
  ...points.flatMap(rangeKeys),
  ...named.map(({ protocol, name }) => `port ${protocol} ${name}`),
];

function portSeeks({ points, named }: Transport): Keys {
  const [point, name] = [points[0], named[0]];
  if (point) return [...blockBits.map((bits) => `point ${bits} ${point.low >> bits}`), 'point'];
  return name ? [`port ${name.protocol} ${name.name}`, 'point'] : [];
}

// --- content ------------------------------------------------------------------------------------------------------------

/** How much of the beginning of a text is looked at. */
const lengths = [64, 32, 16, 8, 4, 0];

/** With what every text of the pattern begins, as far as it is seen at once. */
function beginning(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'literal':
      return pattern.text;
    case 'sequence': {
      const open = pattern.parts.findIndex((part) => part.kind !== 'literal');
      const known = open < 0 ? pattern.parts : pattern.parts.slice(0, open + 1);
      return known.map(beginning).join('');
    }
    case 'either':
      return pattern.parts.map(beginning).reduce(common, pattern.parts[0] ? beginning(pattern.parts[0]) : '');
    default:
      return '';
  }
}

function common(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}

/** A test of each line that covers a line is a test of the same field there. */
function lineKeys(domain: string, line: LineMatch): string {
  const keys = line.map(({ field, values }) => {
    const text = values.kind === 'text' ? beginning(values.pattern) : '';
    return {
      field,
      text: text.slice(
        0,
        lengths.find((length) => length <= text.length),
      ),
    };
  });
  const [first, ...others] = keys;
  if (!first) return 'content';
  const best = others.reduce((longest, one) => (one.text.length > longest.text.length ? one : longest), first);
  return `content ${domain} ${best.field} ${best.text}`;
}

function contentKeys(rule: Rule): Keys {
  const content = contentOf(rule);
  return content ? content.lines.map((line) => lineKeys(content.domain, line)) : ['content'];
}

function contentSeeks(rule: Rule): Keys {
  const content = contentOf(rule);
  const begun = (content?.lines[0] ?? []).flatMap(({ field, values }) => {
    const text = values.kind === 'text' ? beginning(values.pattern) : '';
    return lengths
      .filter((length) => length <= text.length)
      .map((length) => `content ${content?.domain} ${field} ${text.slice(0, length)}`);
  });
  return ['content', ...begun];
}

// --- rules --------------------------------------------------------------------------------------------------------------

const seeksOf = (rule: Rule): readonly Keys[] =>
  rule.section === 'process' ? [contentSeeks(rule)] : [peerSeeks(rule.peers), portSeeks(rule.transport), contentSeeks(rule)];

const keysOf = (rule: Rule, sizeOf: SizeOf): Keys =>
  rule.section === 'process' ? contentKeys(rule) : [...peerKeys(rule.peers, sizeOf), ...portKeys(rule.transport), ...contentKeys(rule)];

/** So many rules are gone through one by one. */
const few = 16;

/** The rules of one subject and section, looked for by their parts once there are many. */
export class RuleIndex {
  readonly #all: Rule[] = [];
  #listed: Listed<Rule> | undefined;

  get all(): readonly Rule[] {
    return this.#all;
  }

  /** They stand in the order of their ids, whenever they are added: what is found depends on nothing else. */
  add(rule: Rule): void {
    const last = this.#all[this.#all.length - 1];
    this.#all.push(rule);
    if (last && last.id > rule.id) this.#all.sort((a, b) => a.id - b.id);
    this.#listed = undefined;
  }

  remove(rule: Rule): void {
    this.#all.splice(this.#all.indexOf(rule), 1);
    this.#listed = undefined;
  }

  /** Some that may cover the rule, and every one that does. */
  candidates(rule: Rule): Iterable<Rule> {
    if (this.#all.length <= few) return this.#all;
    this.#listed ??= listed(this.#all);
    const lists = this.#listed;
    const sized = seeksOf(rule).map((keys) => ({ keys, size: keys.reduce((sum, key) => sum + lists.sizeOf(key), 0) }));
    return lists.under(sized.reduce((best, one) => (one.size < best.size ? one : best)).keys);
  }
}

function listed(rules: readonly Rule[]): Listed<Rule> {
  const lists = new Listed<Rule>();
  for (const rule of rules) lists.add(keysOf(rule, lists.sizeOf), rule);
  return lists;
}
