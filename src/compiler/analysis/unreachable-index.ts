// Which rules before a rule can match all that it matches? Asked for each of very many rules, of which hardly one does: what
// covers something holds each part of it, so a rule is looked for by one part of the other, where the fewest lie.
import type { LineMatch } from '../domains/domain.ts';
import type { PeerSet, ReservedSet, Rule, Subject, Transport } from '../ir/typed.ts';
import { type Address, isIpv4 } from '../space/address.ts';
import type { Requirement, Selector } from '../space/labels.ts';
import type { Pattern } from '../space/pattern.ts';
import { everyAddress } from './cell.ts';
import { contentOf, cubesIn, governedSets, isSubset, peerParts, subjectCovers } from './rule-cover.ts';

type Key = string | number;
type Keys<K = string> = readonly K[];

/** Lists by keys. */
class Listed<K extends Key, T> {
  readonly #lists = new Map<K, T[]>();

  /** Each of the keys may stand there twice. */
  add(keys: Keys<K>, item: T): void {
    for (const key of keys) {
      const list = this.#lists.get(key);
      if (!list) this.#lists.set(key, [item]);
      else if (list[list.length - 1] !== item) list.push(item);
    }
  }

  sizeOf = (key: K): number => this.#lists.get(key)?.length ?? 0;

  /** None is copied: mostly the first few items are enough. */
  under(keys: Keys<K>): readonly (readonly T[])[] {
    return keys.flatMap((key) => {
      const list = this.#lists.get(key);
      return list ? [list] : [];
    });
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
  /** By number. */
  readonly #values: Subject[] = [];
  readonly #listed = new Listed<string, number>();
  readonly #covering: (readonly number[])[] = [];

  constructor(subjects: readonly Subject[]) {
    const known = new Map<string, number>();
    const met = new Map<Subject, number>();
    for (const subject of new Set(subjects)) {
      const key = JSON.stringify(subject);
      const number = known.get(key) ?? this.#add(subject);
      known.set(key, number);
      met.set(subject, number);
    }
    this.numbers = subjects.map((subject) => met.get(subject) ?? 0);
  }

  get values(): readonly Subject[] {
    return this.#values;
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
    let left = mostTried;
    for (const list of this.#listed.under(seeks)) {
      for (const other of list) {
        if (left-- <= 0) return [...covering];
        if (!covering.has(other) && subjectCovers(this.#values[other] ?? part, part)) covering.add(other);
      }
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
const blockKey = (point: number, place: number): number => (point >> (blockBits[place] ?? 0)) * blockBits.length + place;
/** Of ranges that are wider than such blocks. */
const everyPoint = -1;
const nameKey = ({ protocol, name }: Transport['named'][number]): string => `${protocol} ${name}`;

function rangeKeys({ low, high }: Transport['points'][number]): Keys<number> {
  const place = blockBits.findIndex((bits) => (high >> bits) - (low >> bits) < mostPoints);
  if (place < 0) return [everyPoint];
  const [first, last] = [blockKey(low, place), blockKey(high, place)];
  return Array.from({ length: (last - first) / blockBits.length + 1 }, (_, i) => first + i * blockBits.length);
}

const portKeys = ({ points, named }: Transport): Keys<Key> =>
  named.length === 0 ? points.flatMap(rangeKeys) : [...points.flatMap(rangeKeys), ...named.map(nameKey)];

function portSeeks({ points, named }: Transport): Keys<Key> {
  const [point, name] = [points[0], named[0]];
  if (point) return [...blockBits.map((_, place) => blockKey(point.low, place)), everyPoint];
  return name ? [nameKey(name), everyPoint] : [];
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

/** One part of rules: under which keys a rule is listed, and under which those are that cover it. */
type Dimension = {
  readonly keys: (rule: Rule, sizeOf: SizeOf) => Keys<Key>;
  readonly seeks: (rule: Rule) => Keys<Key>;
};
const ports: Dimension = {
  keys: (rule) => (rule.section === 'process' ? [] : portKeys(rule.transport)),
  seeks: (rule) => (rule.section === 'process' ? [] : portSeeks(rule.transport)),
};
const peers: Dimension = {
  keys: (rule, sizeOf) => (rule.section === 'process' ? [] : peerKeys(rule.peers, sizeOf)),
  seeks: (rule) => (rule.section === 'process' ? [] : peerSeeks(rule.peers)),
};
const contents: Dimension = { keys: contentKeys, seeks: contentSeeks };
const dimensionsOf = ({ section }: Rule): readonly Dimension[] => (section === 'process' ? [contents] : [ports, peers, contents]);

/** What is asked first of a rule: `low .. high` holds all its points. */
type Placed = { readonly rule: Rule; readonly low: number; readonly high: number };
const noPoints = { low: Number.MAX_SAFE_INTEGER, high: -1 };

function placed(rule: Rule): Placed {
  if (rule.section === 'process') return { rule, low: 0, high: 0 };
  const { points } = rule.transport;
  const { low } = points[0] ?? noPoints;
  const { high } = points[points.length - 1] ?? noPoints;
  return { rule, low, high };
}

/** So many rules are gone through one by one: from one subject, and from one part of a rule. */
const few = 16;
const fewOfPart = 128;

/** The rules of one subject and section, looked for by their parts once there are many. */
export class RuleIndex {
  #all: Placed[] = [];
  readonly #listed = new Map<Dimension, Listed<Key, Placed>>();

  get all(): readonly Rule[] {
    return this.#all.map(({ rule }) => rule);
  }

  /** They stand in the order of their ids, whenever they are added: what is found depends on nothing else. */
  add(rule: Rule): void {
    const last = this.#all[this.#all.length - 1];
    this.#all.push(placed(rule));
    if (last && last.rule.id > rule.id) this.#all.sort((a, b) => a.rule.id - b.rule.id);
    this.#listed.clear();
  }

  remove(rule: Rule): void {
    this.#all = this.#all.filter((one) => one.rule !== rule);
    this.#listed.clear();
  }

  /** The first that `isOne`, which is asked of some that may cover the rule, among them every one that does. */
  find(rule: Rule, isOne: (other: Rule) => boolean): Rule | undefined {
    const { low, high } = placed(rule);
    for (const list of this.#candidates(rule))
      for (const other of list) if (other.low <= low && other.high >= high && isOne(other.rule)) return other.rule;
    return undefined;
  }

  /** By the first part that few rules share, or by that which the fewest do: what is asked of none is not listed by it. */
  #candidates(rule: Rule): readonly (readonly Placed[])[] {
    if (this.#all.length <= few) return [this.#all];
    let best: readonly (readonly Placed[])[] = [this.#all];
    let fewest = this.#all.length;
    for (const dimension of dimensionsOf(rule)) {
      const lists = this.#listedBy(dimension).under(dimension.seeks(rule));
      const size = lists.reduce((sum, { length }) => sum + length, 0);
      if (size < fewest) [best, fewest] = [lists, size];
      if (size <= fewOfPart) break;
    }
    return best;
  }

  #listedBy(dimension: Dimension): Listed<Key, Placed> {
    const known = this.#listed.get(dimension);
    if (known) return known;
    const lists = new Listed<Key, Placed>();
    for (const one of this.#all) lists.add(dimension.keys(one.rule, lists.sizeOf), one);
    this.#listed.set(dimension, lists);
    return lists;
  }
}
