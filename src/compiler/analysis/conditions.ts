// The condition of a rule inside a cell as a product of unions: each of subject, peers and transport is a union of terms, each
// term a set in some dimensions. What has no such form (names that an address is known by, ports by name, the flags of reserved
// endpoints) is told to be there, and is asked later: cell.ts answers for it.
import type { PeerSet, Section, Subject } from '../ir/typed.ts';
import { type AddressSet, ipv4Space, ipv6Space } from '../space/address.ts';
import { equals, intersect, union } from '../space/interval.ts';
import type { Selector } from '../space/labels.ts';
import {
  type Cell,
  type End,
  endRelation,
  everyAddress,
  peerOf,
  peerSide,
  type Side,
  subjectEndRelation,
  subjectOf,
  subjectSide,
  transportRelation,
} from './cell.ts';
import type { Part } from './dimensions.ts';
import { anyValue, complement, cubesOf, isNone, type LabelCube, meet } from './label-cube.ts';
import type { Relation } from './relation.ts';
import type { OwnedRule } from './split.ts';

export type Term = readonly Part[];
/** A union. `isOpen`: and of something that is asked later. */
export type Factor = { readonly terms: readonly Term[]; readonly isOpen: boolean };
/** Factors that all hold; undefined: nothing of the cell. */
export type Condition = readonly Factor[] | undefined;

const open: Condition = [{ terms: [], isOpen: true }];

/** Of a rule, its content aside. */
export function ruleCondition(cell: Cell, owned: OwnedRule): Condition {
  const { rule, policy } = owned;
  const subject = subjectCondition(cell, rule.section, policy.subject);
  if (rule.section === 'process' || !subject) return subject;
  const peers = peersCondition(peerOf(cell, rule.section), rule.peers, peerSide(rule.section));
  const transport = peers && transportCondition(cell, owned);
  return peers && transport && [...transport, ...subject, ...peers];
}

/** Of the endpoints that a policy governs. */
export function subjectCondition(cell: Cell, section: Section, subject: Subject): Condition {
  const end = subjectOf(cell, section);
  const whole = wholly(subjectEndRelation(end, subject));
  if (whole !== 'partly') return whole;
  return end.kind === 'workload'
    ? [{ terms: selectorTerms(end.labels, [subject.workloads], { side: subjectSide(section), name: 'b subject' }), isOpen: false }]
    : open;
}

/** Of what has no form in dimensions. */
export const conditionOf = (relation: Relation<unknown>): Condition =>
  relation.kind === 'split' ? open : relation.kind === 'covered' ? [] : undefined;

const wholly = (relation: Relation<unknown>): Condition | 'partly' =>
  relation.kind === 'split' ? 'partly' : relation.kind === 'covered' ? [] : undefined;

function peersCondition(end: End, peers: PeerSet, side: Side): Condition {
  const whole = wholly(endRelation(end, peers));
  if (whole !== 'partly') return whole;
  if (end.kind === 'workload') {
    const placed = addressTerm(side, end.addresses, peers.anyNetworks);
    return [{ terms: [...selectorTerms(end.labels, peers.selectors, { side, name: 'c peer' }), ...placed], isOpen: false }];
  }
  if (end.kind !== 'address') return open;
  const worlds = peers.entities.flatMap((entity) => (entity === 'world-ipv4' ? [ipv4Space] : entity === 'world-ipv6' ? [ipv6Space] : []));
  const wanted = peers.entities.includes('world') ? everyAddress : [peers.anyNetworks, ...worlds].reduce(union, peers.networks);
  return [{ terms: addressTerm(side, end.addresses, wanted), isOpen: peers.domains.length > 0 || mayBeServer(peers) }];
}

const mayBeServer = ({ entities, reserved = [] }: PeerSet): boolean =>
  entities.some((name) => name === 'kube-apiserver' || name === 'cluster') || reserved.some(({ name }) => name === 'kube-apiserver');

function addressTerm(side: Side, known: AddressSet, wanted: AddressSet): readonly Term[] {
  const set = intersect(known, wanted);
  if (set.length === 0) return [];
  return [equals(set, known) ? [] : [{ kind: 'addresses', name: 'd addresses', side, set }]];
}

function transportCondition(cell: Cell, { rule }: OwnedRule): Condition {
  if (rule.section === 'process') return [];
  const whole = wholly(transportRelation(cell, rule.transport));
  if (whole !== 'partly') return whole;
  const set = intersect(cell.points, rule.transport.points);
  const isOpen = cell.destination.kind === 'workload' && rule.transport.named.length > 0;
  return [{ terms: set.length > 0 ? [[{ kind: 'points', name: 'a points', set }]] : [], isOpen }];
}

/** Whose labels. */
type Labelled = { readonly side: Side; readonly name: string };

/** Each conjunction as a term. */
function selectorTerms(known: LabelCube, selectors: readonly Selector[], end: Labelled): readonly Term[] {
  return selectors.flatMap((selector) => cubesOf(selector).flatMap((cube) => cubeTerm(known, cube, end)));
}

function cubeTerm(known: LabelCube, cube: LabelCube, { side, name }: Labelled): readonly Term[] {
  const parts: Part[] = [];
  for (const [key, wanted] of cube) {
    const possible = known.get(key) ?? anyValue;
    const set = meet(possible, wanted);
    if (isNone(set)) return [];
    if (!isNone(meet(possible, complement(wanted)))) parts.push({ kind: 'label', name: `${name} label ${key}`, side, key, set });
  }
  return [parts];
}
