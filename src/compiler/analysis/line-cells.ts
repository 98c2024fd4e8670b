// Cells of a test line: what it leaves open (labels, addresses and further names of its ends, which port a name is, codes of
// an ICMP type, fields of its content), as a product of one set each. Where a rule matches a part of a cell only, it falls
// into halves.
import type { FieldTest, FieldValues } from '../domains/domain.ts';
import type { Endpoint } from '../ir/event.ts';
import type { DomainMatch, PeerSet, Policy, Rule, Section } from '../ir/typed.ts';
import type { Address } from '../space/address.ts';
import { type Cell, type End, endRelation, subjectEndRelation, transportRelation } from './cell.ts';
import { and, type ContentReader, or, type Truth } from './oracle-content.ts';
import { isPeer } from './oracle-members.ts';
import { allOf, apart, covered, lift, type Relation } from './relation.ts';

/** `named`: one address of the world, known by one of the names; `fixed`: one known by just these. */
export type LineEnd =
  | End
  | { readonly kind: 'named'; readonly address: Address; readonly names: readonly string[] }
  | { readonly kind: 'fixed'; readonly endpoint: Extract<Endpoint, { kind: 'address' }> };

/** `open`: what each open field can still be; undefined is no value. Of a process event only the source says anything. */
export type LineCell = Pick<Cell, 'points' | 'portNames'> & {
  readonly source: LineEnd;
  readonly destination: LineEnd;
  readonly open: ReadonlyMap<string, readonly (string | undefined)[]>;
};

/** What the line says itself. `content`: absent of a connection, `undecidable` where it says so. */
export type LineFacts = {
  readonly reader: ContentReader;
  readonly domain?: string;
  readonly content?: FieldValues | 'undecidable';
};

type Split = Extract<Relation<LineCell>, { kind: 'split' }>;
export type ContentState = Truth | 'unasked' | Split;

const sideOf = (section: Section, whose: 'subject' | 'peer'): 'source' | 'destination' =>
  (section === 'ingress') === (whose === 'subject') ? 'destination' : 'source';

/** How the endpoints that a policy governs lie to the subjects of a cell. */
export function governs(cell: LineCell, section: Section, { subject }: Policy): Relation<LineCell> {
  const side = sideOf(section, 'subject');
  const end = cell[side];
  if (end.kind === 'named' || end.kind === 'fixed') return apart;
  return lift(subjectEndRelation(end, subject), (part) => ({ ...cell, [side]: part }));
}

/** How the peers and the ports of a rule lie to a cell. */
export function concerns(cell: LineCell, rule: Rule, { reader }: LineFacts): Relation<LineCell> {
  if (rule.section === 'process') return covered;
  const side = sideOf(rule.section, 'peer');
  const peer = (): Relation<LineCell> => lift(peerRelation(cell[side], rule.peers, reader), (end) => ({ ...cell, [side]: end }));
  return allOf([() => transportRelation(cell, rule.transport), peer], (relate) => relate());
}

function peerRelation(end: LineEnd, peers: PeerSet, { matches }: ContentReader): Relation<LineEnd> {
  switch (end.kind) {
    case 'fixed':
      return isPeer(peers, end.endpoint, matches) ? covered : apart;
    case 'named': {
      const isOne = (name: string): boolean => isPeer(peers, { kind: 'address', address: end.address, names: [name] }, matches);
      return lift(halvesOf(end.names, isOne), (names) => ({ ...end, names }));
    }
    default:
      return endRelation(end, peers);
  }
}

function halvesOf<T>(values: readonly T[], isIn: (value: T) => boolean): Relation<readonly T[]> {
  const inside = values.filter(isIn);
  if (inside.length === values.length) return covered;
  return inside.length === 0 ? apart : { kind: 'split', halves: [inside, values.filter((value) => !inside.includes(value))] };
}

/** Does a match hold for the content of a cell? */
export function contentState(cell: LineCell, match: DomainMatch, { reader, domain, content }: LineFacts): ContentState {
  if (content === undefined) return 'unasked';
  if (content === 'undecidable' || domain !== match.domain) return 'undecidable';
  let whole: Truth = false;
  for (const line of match.lines) {
    let holds: Truth = true;
    for (const test of line) {
      const state = testState(cell, test, { reader, content });
      if (typeof state === 'object') return state;
      holds = and([holds, state]);
      if (holds === false) break;
    }
    whole = or([whole, holds]);
    if (whole === true) return true;
  }
  return whole;
}

function testState(
  cell: LineCell,
  test: FieldTest,
  { reader, content }: { readonly reader: ContentReader; readonly content: FieldValues },
): Truth | Split {
  const values = cell.open.get(test.field);
  if (!values) {
    const said = content[test.field] ?? [];
    return 'kind' in said ? 'undecidable' : reader.testHolds(test, said);
  }
  const relation = halvesOf(values, (value) => reader.testHolds(test, value === undefined ? [] : [value]) === true);
  if (relation.kind !== 'split') return relation.kind === 'covered';
  const put = (part: readonly (string | undefined)[]): LineCell => ({ ...cell, open: new Map(cell.open).set(test.field, part) });
  return { kind: 'split', halves: [put(relation.halves[0]), put(relation.halves[1])] };
}
