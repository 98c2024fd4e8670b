// Does one rule that the target holds match every event that another one matches, their contents aside? Asked of classes
// and names, so the answer holds for every inventory.
import type { PolicyProgram, ProgramRule } from '../ir/bundle.ts';
import type { EntityName, NamedPort, ReservedSet } from '../ir/typed.ts';

type Peers = NonNullable<ProgramRule['peers']>;
type Ports = NonNullable<ProgramRule['ports']>;

/** Both ascending. */
function isSubset(part: readonly number[], whole: readonly number[]): boolean {
  if (part === whole) return true;
  if (part.length > whole.length) return false;
  let at = 0;
  for (const member of part) {
    while (at < whole.length && (whole[at] ?? 0) < member) at++;
    if (whole[at] !== member) return false;
  }
  return true;
}

const worlds: readonly EntityName[] = ['world-ipv4', 'world-ipv6'];
const inCluster = (entity: EntityName): boolean => !['all', 'cluster', 'world', ...worlds].includes(entity);

function entityCovers(whole: readonly EntityName[], entity: EntityName): boolean {
  if (whole.includes(entity)) return true;
  if (worlds.includes(entity)) return whole.includes('world');
  return whole.includes('cluster') && inCluster(entity);
}

/** Blocks are of addresses, which are of a family. */
function networksCover(whole: Peers, part: Peers, ipv6: ReadonlySet<number>): boolean {
  if (part.networkClasses.length === 0 || whole.entities.includes('world')) return true;
  const rest = part.networkClasses.filter((number) => !whole.entities.includes(ipv6.has(number) ? 'world-ipv6' : 'world-ipv4'));
  return isSubset(rest, whole.networkClasses);
}

function reservedCover(whole: Peers, { reserved = [] }: Peers): boolean {
  const isHeld = (set: ReservedSet, { name, except, labels }: ReservedSet): boolean =>
    labels === undefined && (name === undefined || name === set.name) && except.every((one) => set.except.includes(one));
  return whole.entities.includes('cluster') || reserved.every((set) => whole.reserved?.some((one) => isHeld(set, one)) === true);
}

function peersCover(whole: Peers, part: Peers, ipv6: ReadonlySet<number>): boolean {
  if (whole.entities.includes('all')) return true;
  // Most pairs differ here, and this is the cheapest to ask.
  if (!whole.entities.includes('cluster') && !isSubset(part.selectors, whole.selectors)) return false;
  return (
    part.entities.every((entity) => entityCovers(whole.entities, entity)) && reservedCover(whole, part) && networksCover(whole, part, ipv6)
  );
}

const hasName = (named: readonly NamedPort[], { protocol, name }: NamedPort): boolean =>
  named.some((port) => port.protocol === protocol && port.name === name);

const portsCover = (whole: Ports, part: Ports, all: number): boolean =>
  whole.classes.length === all || (isSubset(part.classes, whole.classes) && part.named.every((port) => hasName(whole.named, port)));

/** A rule before its content is known. */
export type RuleHead = Omit<ProgramRule, 'content'>;
/** What rules are about. */
export type Ground = Pick<PolicyProgram, 'selectors' | 'ipv6Networks'> & { readonly portClasses: number };

/** Selectors of every workload there can be. */
const everyone = ({ selectors }: Ground): ReadonlySet<number> =>
  new Set(selectors.flatMap((selector, index) => (selector.some((conjunction) => conjunction.length === 0) ? [index] : [])));

/** A rule, and those before it whose subjects, peers and ports are at least its own; in the order given. */
export type Reached<R> = { readonly rule: R; readonly before: readonly R[] };

/** A rule that is asked before others. `isSure`: nothing before it in its tier passes over it. */
type Earlier<R> = { readonly rule: R; readonly isSure: boolean };

/**
 * Where both match, is `part` asked for nothing? In one tier it is, whatever became of `whole`: who was passed over passes
 * over the rest too. What is in audit mode leaves others what is enforced.
 */
const hides = <R extends RuleHead>({ rule: whole, isSure }: Earlier<R>, part: R): boolean =>
  (part.audit || !whole.audit) && (whole.tier === part.tier || (isSure && whole.action !== 'pass'));

/** Goes through `rules`, which stand in deciding order. `isAsked`: is a rule ever to be among those before another? */
export function* reached<R extends RuleHead>(ground: Ground, rules: readonly R[], isAsked: (rule: R) => boolean): Generator<Reached<R>> {
  const ipv6 = new Set(ground.ipv6Networks);
  const ofAll = everyone(ground);
  const covers = (whole: R, part: R): boolean =>
    (!whole.ports || !part.ports || portsCover(whole.ports, part.ports, ground.portClasses)) &&
    (!whole.peers || !part.peers || peersCover(whole.peers, part.peers, ipv6));
  const asked = { ingress: new Asked<R>(), egress: new Asked<R>(), process: new Asked<R>() };
  for (const rule of rules) {
    const section = asked[rule.section];
    const before = section.before(rule).filter((earlier) => hides(earlier, rule) && covers(earlier.rule, rule));
    yield { rule, before: before.map((earlier) => earlier.rule) };
    section.add(rule, { isAsked: isAsked(rule), ofEveryone: ofAll.has(rule.subject) });
  }
}

/** Rules of one section that are asked before those to come: of subjects that are everyone, and of each other subject. */
class Asked<R extends RuleHead> {
  readonly #ofEveryone: Earlier<R>[] = [];
  readonly #of = new Map<number, Earlier<R>[]>();
  /** The last tier with a `pass` so far. */
  #passed: RuleHead['tier'] | undefined;

  before({ subject }: R): readonly Earlier<R>[] {
    return [...this.#ofEveryone, ...(this.#of.get(subject) ?? [])];
  }

  add(rule: R, { isAsked, ofEveryone }: { readonly isAsked: boolean; readonly ofEveryone: boolean }): void {
    const earlier = { rule, isSure: this.#passed !== rule.tier };
    if (rule.action === 'pass') this.#passed = rule.tier;
    if (!isAsked) return;
    const own = ofEveryone ? this.#ofEveryone : (this.#of.get(rule.subject) ?? []);
    own.push(earlier);
    if (!ofEveryone) this.#of.set(rule.subject, own);
  }
}
