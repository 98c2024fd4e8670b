// Rules that can never decide, because one rule that is asked before them matches every event that they match. Only single
// rules are compared, not what several do together: what is reported is true, what is not may still be.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { PolicyProgram, ProgramRule } from '../ir/bundle.ts';
import type { EntityName, NamedPort, TypedPolicy } from '../ir/typed.ts';

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
  const rest = part.networkClasses.filter((number) => !whole.entities.includes(ipv6.has(number) ? 'world-ipv6' : 'world-ipv4'));
  return whole.entities.includes('world') || isSubset(rest, whole.networkClasses);
}

function peersCover(whole: Peers, part: Peers, ipv6: ReadonlySet<number>): boolean {
  if (whole.entities.includes('all')) return true;
  return (
    part.entities.every((entity) => entityCovers(whole.entities, entity)) &&
    (whole.entities.includes('cluster') || isSubset(part.selectors, whole.selectors)) &&
    networksCover(whole, part, ipv6)
  );
}

const hasName = (named: readonly NamedPort[], { protocol, name }: NamedPort): boolean =>
  named.some((port) => port.protocol === protocol && port.name === name);

const portsCover = (whole: Ports, part: Ports, all: number): boolean =>
  whole.classes.length === all || (isSubset(part.classes, whole.classes) && part.named.every((port) => hasName(whole.named, port)));

/** A deny also matches what is undecidable, so only a deny (or a rule without content) can cover it there. */
function contentCovers(whole: ProgramRule, part: ProgramRule): boolean {
  if (!whole.content) return true;
  if (!part.content || whole.content.domain !== part.content.domain) return false;
  return isSubset(part.content.classes, whole.content.classes) && (part.action === 'allow' || whole.action === 'deny');
}

function matchesNothing({ peers, ports, content, action }: ProgramRule): boolean {
  if (peers && peers.selectors.length + peers.networkClasses.length + peers.entities.length === 0) return true;
  if (ports && ports.classes.length + ports.named.length === 0) return true;
  return content?.classes.length === 0 && action === 'allow';
}

/** Reports each rule that one rule before it, in deciding order, always decides for. */
export function reportUnreachable({ rules, selectors, classes, ipv6Networks }: PolicyProgram, typed: TypedPolicy, report: Report): void {
  const ipv6 = new Set(ipv6Networks);
  const everyone = new Set(
    selectors.flatMap((selector, index) => (selector.some((conjunction) => conjunction.length === 0) ? [index] : [])),
  );
  const covers = (whole: ProgramRule, part: ProgramRule): boolean =>
    (!whole.peers || !part.peers || peersCover(whole.peers, part.peers, ipv6)) &&
    (!whole.ports || !part.ports || portsCover(whole.ports, part.ports, classes.ports)) &&
    contentCovers(whole, part);
  const before = new Map<string, ProgramRule[]>();
  for (const rule of rules) {
    const ofSubject = (subject: string): ProgramRule[] => {
      const list = before.get(`${rule.section} ${subject}`) ?? [];
      before.set(`${rule.section} ${subject}`, list);
      return list;
    };
    const isBefore = (whole: ProgramRule): boolean => covers(whole, rule);
    const first = ofSubject('all').find(isBefore) ?? ofSubject(`${rule.subject}`).find(isBefore);
    const [place, second] = [typed.rules[rule.rule]?.span, first && typed.rules[first.rule]?.span];
    if (place && second && !matchesNothing(rule)) report('normalize/unreachable-rule', [place, second], {});
    ofSubject(everyone.has(rule.subject) ? 'all' : `${rule.subject}`).push(rule);
  }
}
