// Every event that a question is about and that is allowed: who can reach what, and who may do what, as classes of events with who
// decides each. Symbolic: over all labels, addresses and ports, also those that nobody has yet. Complete, and nothing more: the
// events fall into cells that the rules cannot tell apart, and every cell is decided.
import { invariant } from '../base/assert.ts';
import type { PolicyEvent } from '../ir/event.ts';
import type { Invariant, TypedPolicy } from '../ir/typed.ts';
import type { Cell } from './cell.ts';
import { contentClasses } from './content.ts';
import { type Decision, isAllowed } from './decide.ts';
import { aboutRelation, decidedCells, isAbout, spaceOf } from './invariants.ts';
import { type Item, type Judgement, judge } from './judge.ts';
import { mergeCells } from './merge.ts';
import { budget, maximumCells } from './split.ts';
import { flowIn, processEventIn, requestIn } from './witness.ts';

/**
 * A class of allowed events. `items`: which requests, or contents of what a process does, where not all that are asked about are
 * allowed. `deciders`: of a flow egress, then ingress.
 */
export type Allowed = {
  readonly cell: Cell;
  readonly items?: readonly Item[];
  readonly deciders: readonly Decision[];
  readonly witness: PolicyEvent;
};

/** A question as the statement that would have to hold for the answer to be empty: `no A can reach B at tcp 80`. */
export type Question = Invariant;

/** What is enforced counts, and what surely is what is asked about. @throws AnalysisLimit */
export function allowedEvents(typed: TypedPolicy, question: Question, limit = maximumCells): readonly Allowed[] {
  // What surely is what is asked about: as a statement that every such event is allowed is about it.
  const sure: Question = { ...question, quantifier: 'every' };
  const walk: Walk = { contents: contentClasses(typed.domains), question: sure, spend: budget(limit), itemKey: itemKeys() };
  const { starts, sections } = spaceOf({ ...typed, invariants: [sure] }, sure.kind === 'process' ? sure.match.domain : undefined);
  const groups = new Map<string, Found[]>();
  for (const start of starts.filter(isAsked))
    for (const { cell, lists } of decidedCells(walk, start, { sections, about: (part) => aboutRelation(part, sure) }))
      for (const found of examined(walk, cell, lists)) groups.set(found.key, [...(groups.get(found.key) ?? []), found]);
  return [...groups.values()].flatMap((group) =>
    mergeCells(group.map(({ cell }) => cell)).flatMap((cell) => withWitness(walk, group, cell)),
  );
}

/** Of what addresses outside send each other no policy is asked. */
const isAsked = ({ source, destination }: Cell): boolean => source.kind !== 'address' || destination.kind !== 'address';

type Walk = {
  readonly contents: ReturnType<typeof contentClasses>;
  readonly question: Question;
  readonly spend: ReturnType<typeof budget>;
  readonly itemKey: (item: Item) => string;
};
type Found = {
  readonly cell: Cell;
  readonly key: string;
  readonly items?: readonly Item[];
  readonly wanted: readonly Item[];
  readonly deciders: readonly Decision[];
};

/** What is allowed of a cell, by who decides: contents that the same rules decide are together. */
function examined({ contents, question, itemKey }: Walk, cell: Cell, lists: Parameters<typeof judge>[0]): readonly Found[] {
  const match = question.kind === 'process' ? question.match : question.request;
  const judgements = judge(lists, { contents, connection: !match, asked: match ? [match] : [] });
  const asked = match ? judgements.filter(({ item }) => isAbout(contents, question, item)) : connectionOf(judgements);
  const allowed = asked.filter(({ decisions }) => decisions.every(isAllowed));
  const groups = new Map<string, Judgement[]>();
  for (const one of allowed) {
    const key = one.decisions.map(deciderKey).join();
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups].map(([deciders, group]): Found => {
    const items = match ? group.map(({ item }) => item) : openRequests(judgements);
    const isWhole = match ? group.length === asked.length : items === undefined;
    const key = [deciders, isWhole ? 'every' : (items ?? []).map(itemKey).join('+')].join();
    const wanted = group.map(({ item }) => item);
    return { cell, key, wanted, deciders: group[0]?.decisions ?? [], ...(!isWhole && items && { items }) };
  });
}

/** The question without a request: is the connection admitted? */
const connectionOf = (judgements: readonly Judgement[]): readonly Judgement[] =>
  judgements.filter(({ item }) => item.kind === 'connection' || item.kind === 'every');

/** The requests on a connection that are allowed; undefined where all are. */
function openRequests(judgements: readonly Judgement[]): readonly Item[] | undefined {
  const contents = judgements.filter(({ item }) => item.kind === 'content' || item.kind === 'undecidable');
  const allowed = contents.filter(({ decisions }) => decisions.every(isAllowed));
  return allowed.length < contents.length ? allowed.map(({ item }) => item) : undefined;
}

/** Classes of content are one object each as long as an analysis lasts. */
function itemKeys(): (item: Item) => string {
  const numbers = new Map<object, number>();
  return (item) => {
    if (item.kind !== 'content') return item.kind === 'undecidable' ? `undecidable ${item.domain}` : item.kind;
    const known = numbers.get(item.content) ?? numbers.size;
    numbers.set(item.content, known);
    return String(known);
  };
}

const deciderKey = (decision: Decision): string => (decision.kind === 'rule' ? `${decision.owned.rule.id}` : decision.kind);

/** A class without an event (two names that exclude each other) is none. */
function withWitness({ question }: Walk, [found]: readonly Found[], cell: Cell): readonly Allowed[] {
  invariant(found, 'a group of cells is not empty');
  const { items, wanted, deciders } = found;
  const witness = eventIn(cell, question, wanted);
  return witness ? [{ cell, deciders, witness, ...(items && { items }) }] : [];
}

function eventIn(cell: Cell, question: Question, wanted: readonly Item[]): PolicyEvent | undefined {
  if (question.kind === 'process') {
    const content = requestIn(wanted);
    return content && processEventIn(cell, content);
  }
  const flow = flowIn(cell);
  if (!question.request) return flow;
  const request = requestIn(wanted);
  return flow && request && { ...flow, request };
}
