// The policies of a bundle as materialization asks for them: by the selectors of their subjects. Parts come and go; what the others
// brought stays as it is, so that a change of one rule costs what its part has.
import type { PartRule, PolicyPart, PolicyProgram, ProgramRule } from '../../compiler/ir/bundle.ts';
import { type Action, actions, type Direction, type NamedPort, type Section, tiers } from '../../compiler/ir/typed.ts';
import type { Labels, Selector } from '../../compiler/space/labels.ts';
import type { ClassSpace } from './class-space.ts';
import { between, type SharedEnds } from './known-parts.ts';
import { Selectors } from './membership.ts';
import { lastUpTo } from './parted-sources.ts';

/** A policy that brings a default deny: its number, and whether that is only reported. */
export type Bringing = { readonly policy: number; readonly audit: boolean };

/** What a generation is materialized from. Selectors have numbers, which are the index's own. */
export type PolicySet = {
  readonly classes: PolicyProgram['classes'];
  readonly ipv6Networks: readonly number[];
  readonly matching: (labels: Labels) => readonly number[];
  readonly isSubject: (selector: number) => boolean;
  readonly isPeer: (selector: number) => boolean;
  /** The same object as long as the three above answer the same for everybody. */
  readonly selection: object;
  /** In deciding order. */
  readonly rulesFor: (selectors: readonly number[], section: Section) => readonly ProgramRule[];
  /** Ascending by policy. */
  readonly bringing: (selectors: readonly number[], section: Section) => readonly Bringing[];
  /** Equal texts: the same rules and default denies, in the same order. */
  readonly stateOf: (selectors: readonly number[], section: Section) => string;
  /** What a rule is called as long as nothing but its RuleId changes. */
  readonly ruleName: (rule: number) => string;
  /** Does a rule of the section name this port? */
  readonly usesName: (section: Direction, name: string) => boolean;
};

/** Peer classes that no endpoint has: those of networks, then those of names. */
export const addressClasses = ({ networks, names }: PolicySet['classes']): number => networks + names;

/** Protocol and name. */
export const portName = ({ protocol, name }: NamedPort): string => `${protocol} ${name}`;

const actionPlace = new Map<Action, number>(actions.map((action, place) => [action, place]));

/** Counts of what is used; what nobody uses is not there. */
class Counts<K> {
  readonly #counts = new Map<K, number>();
  /** How often something came or went. */
  changes = 0;

  add(key: K, by: number): void {
    const before = this.#counts.get(key) ?? 0;
    const count = before + by;
    if (before > 0 !== count > 0) this.changes++;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }

  has(key: K): boolean {
    return this.#counts.has(key);
  }
}

/** A part in its place: numbers of its first policy and rule are those of the bundle. */
type Placed = {
  part: PolicyPart;
  /** Never that of another one. */
  readonly serial: number;
  readonly selectors: readonly number[];
  firstPolicy: number;
  firstRule: number;
};
type PlacedRule = { readonly placed: Placed; readonly index: number };
type PlacedPolicy = PlacedRule;

const sectionsOf: readonly Section[] = ['ingress', 'egress', 'process'];
type BySubject<T> = Readonly<Record<Section, Map<number, T[]>>>;
const bySubject = <T>(): BySubject<T> => ({ ingress: new Map(), egress: new Map(), process: new Map() });

function put<T>(lists: Map<number, T[]>, key: number, item: T): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}
/** Takes out what `isOf` says. */
function take<T>(lists: Map<number, T[]>, key: number, isOf: (item: T) => boolean): void {
  const rest = (lists.get(key) ?? []).filter((item) => !isOf(item));
  if (rest.length > 0) lists.set(key, rest);
  else lists.delete(key);
}

const denies = ({ defaultDeny: { ingress, egress, process } }: PolicyPart['policies'][number]): readonly Section[] =>
  sectionsOf.filter((section) => (section === 'process' ? process.includes('exec') : section === 'ingress' ? ingress : egress));

/** Everything that does not change with a part's place. */
export class PolicyIndex {
  readonly #selectors = new Selectors();
  /** By their contents: a part that is elsewhere in its file decides as before. */
  readonly #placed = new Map<string, Placed>();
  #parts: readonly PolicyPart[] = [];
  /** As `#parts`. */
  #order: readonly Placed[] = [];
  /** Numbers of parts, and of what became of selectors: each is given once. */
  #serial = 0;
  /** Of the order of parts that stay. */
  #turn = 0;
  /** Of each selector, what its rules and default denies were last called. */
  readonly #stamps: Readonly<Record<Section, Map<number, number>>> = { ingress: new Map(), egress: new Map(), process: new Map() };
  readonly #rules = bySubject<PlacedRule>();
  readonly #bringing = bySubject<PlacedPolicy>();
  readonly #policies = new Map<number, PlacedPolicy[]>();
  readonly #subjects = new Counts<number>();
  readonly #peers = new Counts<number>();
  #selection = {};
  #changes = 0;
  readonly #names = { ingress: new Counts<string>(), egress: new Counts<string>() };

  /** From now on it is `parts`, in this order. What it gave out before means nothing any more. */
  change(parts: readonly PolicyPart[]): void {
    if (parts === this.#parts) return;
    const before = this.#order;
    const { head, tail } = this.#unchanged(parts);
    const [middle, left] = [parts.slice(head, parts.length - tail), before.slice(head, before.length - tail)];
    const wanted = new Set(middle.map(({ content }) => content));
    // New ones first, so that a selector of both keeps its number.
    this.#addAll(middle.filter(({ content }) => !this.#placed.has(content)));
    const gone = left.filter(({ part }) => !wanted.has(part.content));
    for (const placed of gone) this.#remove(placed);
    const placedMiddle = middle.map(({ content }) => this.#placedAt(content));
    const places = new Map(left.map((placed, place) => [placed, place]));
    const stayed = placedMiddle.flatMap((placed) => places.get(placed) ?? []);
    if (stayed.some((place, i) => place < (stayed[i - 1] ?? 0))) this.#turn++;
    const was = this.#parts;
    this.#parts = parts;
    this.#order = between(before, { head, tail }, placedMiddle);
    this.#number(was, { head, tail });
  }

  /** How many parts at either end are as before, but for their lines. */
  #unchanged(parts: readonly PolicyPart[]): SharedEnds {
    const [before, order] = [this.#parts, this.#order];
    const isSame = (part: PolicyPart | undefined, place: number): boolean =>
      part === before[place] || part?.content === order[place]?.part.content;
    const most = Math.min(parts.length, before.length);
    let [head, tail] = [0, 0];
    while (head < most && isSame(parts[head], head)) head++;
    while (tail < most - head && isSame(parts[parts.length - 1 - tail], before.length - 1 - tail)) tail++;
    return { head, tail };
  }

  #placedAt(content: string): Placed {
    const placed = this.#placed.get(content);
    if (!placed) throw new Error('policyd bug: a part without a place');
    return placed;
  }

  #addAll(parts: readonly PolicyPart[]): void {
    const numbers = this.#selectors.use(parts.flatMap(({ selectors }) => selectors));
    let at = 0;
    for (const part of parts) {
      this.#add({ part, serial: this.#serial++, selectors: numbers.slice(at, at + part.selectors.length), firstPolicy: 0, firstRule: 0 });
      at += part.selectors.length;
    }
  }

  /** Numbers of policies and rules follow the order of parts. `before`: the parts that were, of which so many at either end stay. */
  #number(before: readonly PolicyPart[], { head, tail }: SharedEnds): void {
    const [parts, order] = [this.#parts, this.#order];
    const [behind, shift] = [parts.length - tail, before.length - parts.length];
    for (let place = 0; place < parts.length; place++)
      if (parts[place] !== (place < head ? before[place] : place < behind ? undefined : before[place + shift])) this.#state(place);
    const last = order[head - 1];
    let policy = last ? last.firstPolicy + last.part.policies.length : 0;
    let rule = last ? last.firstRule + last.part.rules.length : 0;
    for (let place = head; place < order.length; place++) {
      const placed = order[place];
      if (!placed) continue;
      // As many as before stand before it, and so before all behind it.
      if (place >= behind && placed.firstPolicy === policy && placed.firstRule === rule) return;
      placed.firstPolicy = policy;
      placed.firstRule = rule;
      policy += placed.part.policies.length;
      rule += placed.part.rules.length;
    }
  }

  /** A part that stays may stand elsewhere in its file. */
  #state(place: number): void {
    const [placed, part] = [this.#order[place], this.#parts[place]];
    if (placed && part) placed.part = part;
  }

  #add(placed: Placed): void {
    const { part, selectors } = placed;
    this.#placed.set(part.content, placed);
    part.policies.forEach((policy, index) => {
      const subject = selectors[policy.subject] ?? 0;
      put(this.#policies, subject, { placed, index });
      for (const section of denies(policy)) {
        put(this.#bringing[section], subject, { placed, index });
        this.#stamps[section].set(subject, this.#serial++);
      }
    });
    part.rules.forEach((rule, index) => {
      const subject = subjectOf(placed, rule);
      put(this.#rules[rule.section], subject, { placed, index });
      this.#stamps[rule.section].set(subject, this.#serial++);
    });
    this.#count(placed, 1);
  }

  #remove(placed: Placed): void {
    const { part, selectors } = placed;
    this.#placed.delete(part.content);
    const isOf = (item: PlacedRule): boolean => item.placed === placed;
    for (const number of new Set(part.policies.map(({ subject }) => selectors[subject] ?? 0))) {
      take(this.#policies, number, isOf);
      for (const section of sectionsOf) {
        take(this.#bringing[section], number, isOf);
        take(this.#rules[section], number, isOf);
        if (this.#rules[section].has(number) || this.#bringing[section].has(number)) this.#stamps[section].set(number, this.#serial++);
        else this.#stamps[section].delete(number);
      }
    }
    this.#count(placed, -1);
    this.#selectors.release(selectors);
  }

  #count({ part, selectors }: Placed, by: number): void {
    for (const { subject } of part.policies) this.#subjects.add(selectors[subject] ?? 0, by);
    for (const { section, peers, ports } of part.rules) {
      for (const selector of peers?.selectors ?? []) this.#peers.add(selectors[selector] ?? 0, by);
      if (section !== 'process') for (const named of ports?.named ?? []) this.#names[section].add(portName(named), by);
    }
  }

  /** Another one once a selector came, went, or is used otherwise. */
  #selectionNow(): object {
    const changes = this.#selectors.changes + this.#subjects.changes + this.#peers.changes;
    if (changes !== this.#changes) this.#selection = {};
    this.#changes = changes;
    return this.#selection;
  }

  selector(number: number): Selector {
    return this.#selectors.selector(number);
  }

  /** Selectors that match, ascending. */
  matching(labels: Labels): readonly number[] {
    return this.#selectors.matching(labels);
  }

  /** Numbers of policies that select an endpoint with these labels, ascending. */
  policiesFor(labels: Labels): readonly number[] {
    return this.matching(labels)
      .flatMap((selector) => this.#policies.get(selector) ?? [])
      .map(({ placed, index }) => placed.firstPolicy + index)
      .sort((x, y) => x - y);
  }

  /** As one bundle's policies: `space` is of its images. */
  setOf({ classes, ipv6Networks }: Pick<PolicySet, 'classes' | 'ipv6Networks'>, space: ClassSpace): PolicySet {
    return {
      classes,
      ipv6Networks,
      matching: (labels) => this.matching(labels),
      selection: this.#selectionNow(),
      isSubject: (selector) => this.#subjects.has(selector),
      isPeer: (selector) => this.#peers.has(selector),
      rulesFor: (selectors, section) =>
        inDecidingOrder(selectors.flatMap((selector) => this.#rules[section].get(selector) ?? [])).map((rule) => restated(rule, space)),
      bringing: (selectors, section) =>
        selectors
          .flatMap((selector) => this.#bringing[section].get(selector) ?? [])
          .map(({ placed, index }) => ({ policy: placed.firstPolicy + index, audit: placed.part.policies[index]?.audit ?? false }))
          .sort((a, b) => a.policy - b.policy),
      stateOf: (selectors, section) => `${this.#turn} ${selectors.map((selector) => this.#stamps[section].get(selector)).join()}`,
      ruleName: (rule) => {
        const placed = this.#order[lastUpTo(rule, this.#order.length, (place) => this.#order[place]?.firstRule ?? 0)];
        return placed ? `${placed.serial}.${rule - placed.firstRule}` : '';
      },
      usesName: (section, name) => this.#names[section].has(name),
    };
  }
}

const subjectOf = ({ part, selectors }: Placed, { policy }: PartRule): number => selectors[part.policies[policy]?.subject ?? -1] ?? 0;

/** Tier, priority of the policy, of the rule, place of the action, RuleId (grammar/README.md, "Order"). */
function orderOf({ placed, index }: PlacedRule): readonly number[] {
  const rule = placed.part.rules[index];
  const policy = rule && placed.part.policies[rule.policy];
  if (!rule || !policy) throw new Error('policyd bug: a rule without its policy');
  return [tiers.indexOf(policy.tier), policy.priority, rule.priority, actionPlace.get(rule.action) ?? 0, placed.firstRule + index];
}

function inDecidingOrder(rules: readonly PlacedRule[]): readonly PlacedRule[] {
  if (rules.length < 2) return rules;
  const keyed = rules.map((rule) => ({ rule, order: orderOf(rule) }));
  const compared = (a: readonly number[], b: readonly number[]): number => {
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return (a[i] ?? 0) - (b[i] ?? 0);
    return 0;
  };
  return keyed.sort((a, b) => compared(a.order, b.order)).map(({ rule }) => rule);
}

/** The rule over classes. @throws UnfitBundle */
function restated({ placed, index }: PlacedRule, space: ClassSpace): ProgramRule {
  const { part, selectors, firstRule } = placed;
  const rule = part.rules[index];
  const policy = rule && part.policies[rule.policy];
  if (!rule || !policy) throw new Error('policyd bug: a rule without its policy');
  const { section, action, audit, match, peers, ports, content } = rule;
  return {
    ...{ rule: firstRule + index, subject: subjectOf(placed, rule), section, tier: policy.tier, action, audit, match },
    ...(peers && { peers: restatedPeers(peers, selectors, space) }),
    ...(ports && { ports: { classes: space.portClasses(ports.points), named: ports.named } }),
    ...(content && { content }),
  };
}

type Peers = NonNullable<ProgramRule['peers']>;

function restatedPeers(
  { selectors: own, networks, ...others }: NonNullable<PartRule['peers']>,
  selectors: readonly number[],
  space: ClassSpace,
): Peers {
  const numbers = own.map((selector) => selectors[selector] ?? 0).sort((a, b) => a - b);
  return { selectors: numbers, networkClasses: space.networkClasses(networks), ...others };
}

/** Of a program as the compiler has it: nothing of it ever changes. */
export function policySetOf(program: PolicyProgram): PolicySet {
  const selectors = new Selectors();
  if (selectors.use(program.selectors).some((number, place) => number !== place)) throw new Error('policyc bug: two selectors are one');
  const rules = bySubject<{ readonly place: number; readonly rule: ProgramRule }>();
  const bringing = bySubject<Bringing>();
  const lists = { subjects: new Set<number>(), peers: new Set<number>(), ingress: new Set<string>(), egress: new Set<string>() };
  program.policies.forEach(({ subject, audit, defaultDeny: { ingress, egress, process } }, policy) => {
    lists.subjects.add(subject);
    if (ingress) put(bringing.ingress, subject, { policy, audit });
    if (egress) put(bringing.egress, subject, { policy, audit });
    if (process.includes('exec')) put(bringing.process, subject, { policy, audit });
  });
  program.rules.forEach((rule, place) => {
    put(rules[rule.section], rule.subject, { place, rule });
    for (const selector of rule.peers?.selectors ?? []) lists.peers.add(selector);
    if (rule.section !== 'process') for (const named of rule.ports?.named ?? []) lists[rule.section].add(portName(named));
  });
  return {
    classes: program.classes,
    ipv6Networks: program.ipv6Networks,
    matching: (labels) => selectors.matching(labels),
    selection: lists,
    isSubject: (selector) => lists.subjects.has(selector),
    isPeer: (selector) => lists.peers.has(selector),
    rulesFor: (asked, section) =>
      asked
        .flatMap((selector) => rules[section].get(selector) ?? [])
        .sort((a, b) => a.place - b.place)
        .map(({ rule }) => rule),
    bringing: (asked, section) => asked.flatMap((selector) => bringing[section].get(selector) ?? []).sort((a, b) => a.policy - b.policy),
    stateOf: (asked) => asked.join(),
    ruleName: String,
    usesName: (section, name) => lists[section].has(name),
  };
}
