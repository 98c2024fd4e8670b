// Rules of different subjects that no endpoint of both can have together. Where one subject is part of the other there is such an
// endpoint, or nobody is governed; where they only overlap, there may be none.

import { type Field, items, itemsOf, member, textOf } from '../fields.ts';
import type { Document, Facts, ImportContext } from '../importer.ts';
import { type LabelTest, selectorText } from '../labels.ts';
import { type Ask, asksOf, asksProxy, type Conflict, conflictOf, proxyOf } from './conflicts.ts';
import type { Direction } from './peers.ts';
import { type PodSpec, podSpecsOf, policiesIn } from './specs.ts';

type Asking = PodSpec & { readonly subject: string; readonly asks: Readonly<Record<Direction, readonly Ask[]>> };
type Met = Conflict & { readonly before: Asking; readonly one: Asking };

const directions: readonly Direction[] = ['ingress', 'egress'];
const known = new WeakMap<Facts, ReadonlyMap<Document, readonly Met[]>>();

/** Says it at the later of two documents, or specs. The policies stay as they are: others than those endpoints have them. */
export function reportConflictsBetween(document: Document, context: ImportContext): void {
  const all = known.get(context.facts) ?? conflictsIn(context);
  known.set(context.facts, all);
  for (const { what, first, second, before, one } of all.get(document) ?? []) {
    const places = [one.document.at(second.at.path), before.document.at(first.at.path)] as const;
    const isCertain = isPart(one.pods, before.pods) || isPart(before.pods, one.pods);
    context.report(isCertain ? 'import/conflict' : 'import/possible-conflict', places, { what });
  }
}

function conflictsIn(context: ImportContext): ReadonlyMap<Document, readonly Met[]> {
  const found = new Map<Document, Met[]>();
  const places = new Map<string, Map<string, Asked[]>>();
  for (const one of askingSpecs(context)) {
    const met = new Map<Asking, Met>();
    for (const { ask, place } of placesOf(one)) {
      const here = places.get(place) ?? new Map<string, Asked[]>();
      places.set(place, here);
      const demand = demandOf(ask);
      for (const [other, asked] of here)
        if (other !== demand) for (const before of asked) if (!met.has(before.one)) addConflict(met, before, { one, ask });
      here.set(demand, [...(here.get(demand) ?? []), { one, ask }]);
    }
    if (met.size > 0) found.set(one.document, [...(found.get(one.document) ?? []), ...met.values()]);
  }
  return found;
}

type Asked = { readonly one: Asking; readonly ask: Ask };

/** Each of its peers at each of its ports. */
const placesOf = (one: Asking): readonly { readonly ask: Ask; readonly place: string }[] =>
  directions.flatMap((direction) =>
    one.asks[direction].flatMap((ask) =>
      ask.peers.flatMap((peer) => ask.ports.map((port) => ({ ask, place: `${direction} ${peer} at ${port}` }))),
    ),
  );

const demandOf = ({ parser, names, authentication, contexts }: Ask): string =>
  JSON.stringify([parser, names, authentication, [...contexts]]);

function addConflict(met: Map<Asking, Met>, { one: before, ask }: Asked, { one, ask: later }: Asked): void {
  // Specs of one document about the same pods are compared where they are read.
  if (before.document === one.document && before.subject === one.subject) return;
  const conflict = conflictOf(ask, later);
  if (conflict && selectorText([...before.pods, ...one.pods]) !== undefined) met.set(before, { ...conflict, before, one });
}

/** The specs that ask something of the proxy, if there is more than one thing that they ask for. */
function askingSpecs(context: ImportContext): readonly Asking[] {
  const documents = policiesIn(context).filter((document) => rulesIn(document).some(asksProxy));
  if (new Set(documents.flatMap((document) => rulesIn(document).flatMap(demandsOf))).size < 2) return [];
  return podSpecsOf(documents, context).flatMap((one): readonly Asking[] => {
    const subject = selectorText(one.pods);
    const askedIn = (direction: Direction): readonly Ask[] =>
      items(member(one.spec, direction)).flatMap((rule) => (asksProxy(rule) ? asksOf(rule, direction, one.reading) : []));
    return subject === undefined ? [] : [{ ...one, subject, asks: { ingress: askedIn('ingress'), egress: askedIn('egress') } }];
  });
}

function rulesIn({ value }: Document): readonly Field[] {
  const root: Field = { value, path: [] };
  return [member(root, 'spec'), ...itemsOf(root, 'specs')].flatMap((spec) => directions.flatMap((direction) => itemsOf(spec, direction)));
}

/** What a rule asks for, as texts. */
function demandsOf(rule: Field): readonly string[] {
  const ofPorts = itemsOf(rule, 'toPorts').flatMap((port) => {
    const { parser, contexts } = proxyOf(port);
    return [...(parser ? [parser] : []), ...[...contexts].map(([name, context]) => `${name} ${context}`)];
  });
  const mode = textOf(member(rule, 'authentication'), 'mode');
  return mode === undefined ? ofPorts : [...ofPorts, `authentication ${mode}`];
}

/** Does every pod that fulfils `part` fulfil `whole`? Test by test: yes is certain, no is not. */
const isPart = (part: readonly LabelTest[], whole: readonly LabelTest[]): boolean =>
  whole.every((test) => part.some((one) => implies(one, test)));

function implies(one: LabelTest, test: LabelTest): boolean {
  const isSame = one.about.kind === test.about.kind && keyOf(one) === keyOf(test);
  if (!isSame) return false;
  if (one.operator === 'In' && test.operator === 'In') return one.values.every((value) => test.values.includes(value));
  if (one.operator === 'In' && test.operator === 'NotIn') return !one.values.some((value) => test.values.includes(value));
  if (one.operator === 'In' && test.operator === 'Exists') return true;
  return one.operator === test.operator && test.values.every((value) => one.values.includes(value));
}

const keyOf = ({ about }: LabelTest): string => ('key' in about ? about.key : '');
