// Does one rule that the target holds match every event that another one matches, their contents aside? Asked of classes
// and names, so the answer holds for every inventory.
import type { PolicyProgram, ProgramRule } from '../ir/bundle.ts';
import type { EntityName, NamedPort, ReservedSet } from '../ir/typed.ts';
import { canSelectHost, hostKey, type Selector, selects } from '../space/labels.ts';

type Peers = NonNullable<ProgramRule['peers']>;
type Ports = NonNullable<ProgramRule['ports']>;

/** Both ascending. */
export function isSubset(part: readonly number[], whole: readonly number[]): boolean {
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

/** Selectors of every workload there can be, and of every host if policies govern hosts. */
function everyone({ selectors }: Ground): ReadonlySet<number> {
  const hosts = selectors.some(canSelectHost);
  const isOfAll = (selector: Selector): boolean =>
    selector.some((conjunction) => conjunction.length === 0) && (!hosts || selects(selector, { [hostKey]: '' }));
  return new Set(selectors.flatMap((selector, index) => (isOfAll(selector) ? [index] : [])));
}

/** What rules can have in common: all but their content and their place in the order. */
export type Head = Omit<RuleHead, 'rule' | 'action' | 'match'> & {
  readonly isPass: boolean;
  /** Nothing before it in its tier passes over it. */
  readonly isSure: boolean;
};

/**
 * Where both match, is `part` asked for nothing, if it is asked later? In one tier it is, whatever became of `whole`: who was
 * passed over passes over the rest too. What is in audit mode leaves others what is enforced.
 */
const hides = (whole: Head, part: Head): boolean =>
  (part.audit || !whole.audit) && (whole.tier === part.tier || (whole.isSure && !whole.isPass));

/** Which heads leave nothing to others. */
export class Covering {
  readonly #portClasses: number;
  readonly #ipv6: ReadonlySet<number>;
  readonly #everyone: ReadonlySet<number>;

  constructor(ground: Ground) {
    this.#portClasses = ground.portClasses;
    this.#ipv6 = new Set(ground.ipv6Networks);
    this.#everyone = everyone(ground);
  }

  isOfEveryone({ subject }: Head): boolean {
    return this.#everyone.has(subject);
  }

  /** Of two that govern the same subjects, or the first all: is the second asked for nothing where both match, if it is asked later? */
  covers(whole: Head, part: Head): boolean {
    return (
      whole.section === part.section &&
      hides(whole, part) &&
      (!whole.ports || !part.ports || portsCover(whole.ports, part.ports, this.#portClasses)) &&
      (!whole.peers || !part.peers || peersCover(whole.peers, part.peers, this.#ipv6))
    );
  }
}
