// For the same peer and port the agent's proxy has one set of rules: what several rules ask for is merged there, and a rule without
// requests beside one with them becomes "every request" of that protocol, or, beside names of servers, nothing.
import type { Facts } from '../importer.ts';
import { type Ask, asksOf, portKey } from './conflicts.ts';
import { type Field, items, member } from './fields.ts';
import { type LabelTest, selectorText } from './labels.ts';
import type { Direction } from './peers.ts';
import { protocolOf } from './ports.ts';
import type { Reading } from './reading.ts';
import { podSpecs } from './specs.ts';

/** `nothing`: what the others say holds alone. */
export type As = 'itself' | 'every http' | 'every dns' | 'nothing';
/** A part of an item of `toPorts`: some of its peers at some of its ports. `unless`: of pods that are none of these. */
export type Part = { readonly peers: readonly string[]; readonly port: Field; readonly as: As; readonly unless: readonly string[] };

/** What all specs about the same pods ask for, and those about others that may be the same pods. */
export type Beside = { readonly own: readonly Ask[]; readonly others: readonly { readonly pods: string; readonly ask: Ask }[] };

/** Only names of servers and queries of DNS change what stands beside them. */
export function besideOf(
  specs: readonly Field[],
  direction: Direction,
  { reading, pods }: { reading: Reading; pods: readonly LabelTest[] | undefined },
): Beside {
  const own = specs.flatMap((spec) => askedIn(spec, direction, reading));
  const hasNames = pods && mentionsNames(reading);
  if (!hasNames) return { own, others: [] };
  const others = podSpecs(reading.context).flatMap((one) => {
    const text = selectorText(one.pods);
    const both = selectorText([...pods, ...one.pods]);
    const isOwn = one.document === reading.document || text === undefined || both === undefined;
    return isOwn ? [] : askedIn(one.spec, direction, one.reading).flatMap((ask) => (ask.names ? [{ pods: text, ask }] : []));
  });
  return { own, others };
}

const askedIn = (spec: Field, direction: Direction, reading: Reading): readonly Ask[] =>
  items(member(spec, direction)).flatMap((rule) => asksOf(rule, direction, reading));

const naming = new WeakMap<Facts, boolean>();

/** Does any text of the compilation name servers? */
function mentionsNames({ context: { facts } }: Reading): boolean {
  const known = naming.get(facts);
  if (known !== undefined) return known;
  const texts = new Set([...facts.documents.values()].flatMap((documents) => documents.map(({ source }) => source.text)));
  const found = [...texts].some((text) => text.includes('serverNames'));
  naming.set(facts, found);
  return found;
}

/** An item of `toPorts`, taken apart where others of the same peers and ports change it. */
export function partsOf(port: Field, peers: readonly string[] | undefined, { own, others }: Beside): readonly Part[] {
  const whole = peers ?? ['all'];
  const isTouched = own.some(({ parser }) => parser === 'dns' || parser === 'tls') || others.length > 0;
  const ask = own.find(({ at }) => at.path.join() === port.path.join());
  if (!isTouched || !ask) return [{ peers: whole, port, as: 'itself', unless: [] }];
  const parts = new Map<string, { peers: string[]; entries: Field['value'][]; as: As; unless: readonly string[] }>();
  for (const peer of whole) {
    const groups = new Map<string, { entries: Field['value'][]; as: As; unless: readonly string[] }>();
    for (const entry of entriesIn(port)) {
      const found = asAt(ask, { peer, key: entry.key, own, others });
      const key = JSON.stringify(found);
      const group = groups.get(key) ?? { entries: [], ...found };
      group.entries.push(entry.value);
      groups.set(key, group);
    }
    for (const [name, group] of groups) {
      const key = `${name} ${JSON.stringify(group.entries)}`;
      const part = parts.get(key) ?? { ...group, peers: [] };
      part.peers.push(peer);
      parts.set(key, part);
    }
  }
  return [...parts.values()].map(({ peers: some, entries, as, unless }) => ({ peers: some, port: withPorts(port, entries), as, unless }));
}

function withPorts({ value, path }: Field, ports: readonly Field['value'][]): Field {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { value, path };
  return { value: { ...value, ports: ports.flatMap((port) => port ?? []) }, path };
}

/** The ports of an item, each of one protocol. */
function entriesIn(rule: Field): readonly { readonly key: string; readonly value: Field['value'] }[] {
  return items(member(rule, 'ports')).flatMap((port) => {
    const protocol = protocolOf(port);
    return (protocol === 'any' ? ['TCP', 'UDP', 'SCTP'] : [protocol.toUpperCase()]).map((one) => {
      const value = { ...(typeof port.value === 'object' && port.value !== null ? port.value : {}), protocol: one };
      return { key: portKey({ value, path: port.path })[0] ?? '', value };
    });
  });
}

type Place = Beside & { readonly peer: string; readonly key: string };

function asAt(ask: Ask, { peer, key, own, others }: Place): { readonly as: As; readonly unless: readonly string[] } {
  const peerKey = peer === 'all' ? '*' : peer;
  const isHere = (one: Ask): boolean => one.ports.includes(key) && one.peers.includes(peerKey);
  const beside = own.filter((one) => one !== ask && isHere(one));
  const has = (parser: Ask['parser']): boolean => beside.some((one) => one.parser === parser);
  const isPlain = ask.parser === undefined;
  if (ask.parser === 'tls' && ask.names && !ask.contexts.has('terminatingTLS') && has('http')) return { as: 'every http', unless: [] };
  if (isPlain && beside.some(({ names }) => names) && !has('http')) return { as: 'nothing', unless: [] };
  if (isPlain && has('dns')) return { as: 'every dns', unless: [] };
  const unless = isPlain ? others.flatMap(({ pods, ask: other }) => (isHere(other) ? [pods] : [])) : [];
  return { as: 'itself', unless: [...new Set(unless)] };
}
