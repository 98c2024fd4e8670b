// Which recorded flows a change of policies is about: each class of events that changed, with how many of them were recorded.

import { inCell, inEnd } from '../analysis/cell.ts';
import type { Difference } from '../analysis/diff.ts';
import type { Item } from '../analysis/judge.ts';
import { type ContentReader, contentReader } from '../analysis/oracle-content.ts';
import { isSame } from '../analysis/oracle-members.ts';
import type { Content, Domains } from '../domains/domain.ts';
import type { PolicyEvent } from '../ir/event.ts';
import { type Counted, summed } from './groups.ts';
import { type AskedEvent, eventsOf } from './judge.ts';
import type { Policies, Replay } from './replay.ts';
import type { Count } from './traffic.ts';

/** `uncertain`: flows of which the record says too little to know. */
export type Hits = Counted & { readonly uncertain: number };

type Asked = { readonly domain: string; readonly content: Content };

function isItem(
  item: Item,
  asked: Asked | undefined,
  { items, reader }: { readonly items: readonly Item[]; readonly reader: ContentReader },
): boolean {
  switch (item.kind) {
    case 'every':
      return true;
    case 'connection':
      return asked === undefined;
    case 'undecidable': {
      // A request of a domain that no rule asks for is as one that cannot be read.
      const isAsked = items.some((one) => one.kind === 'undecidable' && one.domain === asked?.domain);
      return asked !== undefined && (!isAsked || (asked.content.kind === 'undecidable' && asked.domain === item.domain));
    }
    case 'content': {
      const { domain, parts } = item.classes;
      if (asked?.content.kind !== 'fields' || asked.domain !== domain.name) return false;
      return parts.every(({ lines, maybe }, i) => {
        const truth = reader.truthOf({ domain: domain.name, lines }, asked);
        return (truth === true || (maybe && truth === 'undecidable')) === item.content.matched[i];
      });
    }
  }
}

/** Is an event one of a class? What an endpoint sends to itself is of none. */
export function isOf({ section, domain, cell, items, everyItem }: Difference, event: PolicyEvent, reader: ContentReader): boolean {
  const isSaid = (asked: Asked | undefined): boolean => everyItem || items.some((item) => isItem(item, asked, { items, reader }));
  if (event.kind === 'process')
    return section === 'process' && event.domain === domain && inEnd(cell.source, event.subject) && isSaid(event);
  return section !== 'process' && !isSame(event.source, event.destination) && inCell(cell, event) && isSaid(event.request);
}

type Found = { readonly certain: Count[]; uncertain: number };
/** A difference, and whether the flow is surely one of it. */
type Placed = readonly [Found, boolean];
type Ways = { readonly event: PolicyEvent; readonly events: readonly PolicyEvent[] | undefined };

const waysOf = ({ before, after }: Required<Policies>, asked: AskedEvent): Ways => ({
  event: asked.event,
  events: eventsOf(before, after, asked),
});

/** Hits of each difference, in their order; `replay` has read the flows under both policies. */
export function hitsOf(replay: Replay, policies: Required<Policies>, differences: readonly Difference[]): ReadonlyMap<Difference, Hits> {
  const domains: Domains = policies.after.domains;
  const reader = contentReader(domains);
  const found = new Map(differences.map((difference): readonly [Difference, Found] => [difference, { certain: [], uncertain: 0 }]));
  // Of cells that are judged as one, one is looked at.
  const places = new Map<object, readonly Placed[]>();
  for (const { answer, counts } of replay.judged()) {
    const known = places.get(answer.judged) ?? placesOf([...found], waysOf(policies, answer.asked), reader);
    places.set(answer.judged, known);
    for (const [hits, isCertain] of known) {
      if (isCertain) hits.certain.push(...counts);
      else hits.uncertain += counts.reduce((sum, { count }) => sum + count, 0);
    }
  }
  return new Map([...found].map(([difference, { certain, uncertain }]) => [difference, { ...summed(certain), uncertain }]));
}

/** `events`: every way in which it may have been; undefined where they are too many, and then nothing that it can be in is certain. */
function placesOf(found: readonly (readonly [Difference, Found])[], { event, events }: Ways, reader: ContentReader): readonly Placed[] {
  return found.flatMap(([difference, hits]): readonly Placed[] => {
    if (!events) return mayBeIn(difference, event) ? [[hits, false]] : [];
    const inside = events.filter((one) => isOf(difference, one, reader)).length;
    return inside === 0 ? [] : [[hits, inside === events.length]];
  });
}

/** As far as the ends of the event say. */
function mayBeIn({ section, domain, cell }: Difference, event: PolicyEvent): boolean {
  if (event.kind === 'process') return section === 'process' && event.domain === domain && inEnd(cell.source, event.subject);
  return section !== 'process' && inEnd(cell.source, event.source) && inEnd(cell.destination, event.destination);
}
