// What was recorded of one workload, as rules: flows of one peer at one port are an entry; entries that differ in their ports alone, or in
// their peers alone, are one rule.
import { pointWords } from '../../analysis/event-words.ts';
import type { FieldValues } from '../../domains/domain.ts';
import { protocolOf, type TransportPoint } from '../../space/transport.ts';
import type { Count } from '../traffic.ts';
import { type Generalize, many } from './generalization.ts';
import type { BlockLine } from './line-text.ts';
import { blockLines } from './lines.ts';

/** Flows of one peer at one point. `undecidable`: a request was recorded that no rule can name. */
export type Entry = {
  readonly peer: string;
  readonly point: TransportPoint;
  readonly requests: Map<string, FieldValues[]>;
  hasUnreadable: boolean;
  readonly counts: Count[];
};

export type Block = { readonly domain: string; readonly lines: readonly BlockLine[] };
/** `note`: what a rule allows beyond what was recorded. */
export type SuggestedRule = {
  readonly peers: readonly string[];
  readonly ports: string;
  readonly block?: Block;
  readonly notes: readonly string[];
  readonly counts: readonly Count[];
};

type Part = {
  readonly peer: string;
  readonly point: TransportPoint;
  readonly block: Block | undefined;
  readonly notes: readonly string[];
  readonly counts: readonly Count[];
};

/** In a fixed order, whatever the order of the records was. */
export function rulesOf(entries: readonly Entry[], generalize: Generalize): readonly SuggestedRule[] {
  const parts = entries.flatMap((entry) => partsOf(entry, generalize));
  const byPeer = grouped(parts, ({ peer, block, notes }) => JSON.stringify([peer, block, notes])).map((own) => {
    const { text, notes } = portsText(
      [...new Set(own.map(({ point }) => point))].sort((a, b) => a - b),
      generalize,
    );
    const [first] = own;
    return {
      peer: first?.peer ?? '',
      block: first?.block,
      ports: text,
      notes: [...(first?.notes ?? []), ...notes],
      counts: own.flatMap(({ counts }) => counts),
    };
  });
  const rules = grouped(byPeer, ({ block, ports, notes }) => JSON.stringify([block, ports, notes])).map((own): SuggestedRule => {
    const [first] = own;
    return {
      peers: own.map(({ peer }) => peer).sort(),
      ports: first?.ports ?? '',
      ...(first?.block && { block: first.block }),
      notes: first?.notes ?? [],
      counts: own.flatMap(({ counts }) => counts),
    };
  });
  return rules.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

const sortKey = ({ peers, ports, block }: SuggestedRule): string => JSON.stringify([peers, ports, block]);

function grouped<T>(values: readonly T[], keyOf: (value: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const known = groups.get(key);
    if (known) known.push(value);
    else groups.set(key, [value]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

/** A rule for each protocol of requests; one without a block where none was recorded, or one that cannot be named. */
function partsOf({ peer, point, requests, hasUnreadable, counts }: Entry, generalize: Generalize): readonly Part[] {
  const blocks = [...requests]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([domain, own]) => ({ domain, lines: blockLines(domain, own, generalize) }));
  const isWhole = hasUnreadable || blocks.length === 0 || blocks.some(({ lines }) => lines === undefined);
  if (isWhole) {
    const notes = blocks.length === 0 && !hasUnreadable ? [] : ['every request: one was recorded that no rule can name'];
    return [{ peer, point, block: undefined, notes, counts }];
  }
  return blocks.map(({ domain, lines = [] }, i) => ({ peer, point, block: { domain, lines }, notes: [], counts: i === 0 ? counts : [] }));
}

/** `tcp 80`, `tcp [80, 443]`, `[tcp 53, udp 53]`. */
function portsText(
  points: readonly TransportPoint[],
  generalize: Generalize,
): { readonly text: string; readonly notes: readonly string[] } {
  const notes: string[] = [];
  const protocols = [...new Set(points.map((point) => protocolOf(point).protocol))];
  const texts = protocols.flatMap((protocol) => {
    const own = points.filter((point) => protocolOf(point).protocol === protocol);
    const values = own.map((point) => protocolOf(point).value);
    const [low = 0, high = 0] = [values[0], values.at(-1)];
    if (protocol === 'icmp' || protocol === 'icmpv6' || protocol === 'other') return own.map(pointWords);
    if (generalize.has('ports') && values.length >= many) {
      notes.push(`${protocol} ${low}-${high} stands for ${values.length} recorded ports`);
      return [`${protocol} ${low}-${high}`];
    }
    return [`${protocol} ${values.length === 1 ? low : `[${values.join(', ')}]`}`];
  });
  return { text: texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`, notes };
}
