// For the same peer and port the agent's proxy has one set of rules: what several rules ask for is merged there, and a rule without
// requests beside one with them becomes "every request" of that protocol, or, beside names of servers, nothing.

import { type Field, itemsOf } from '../fields.ts';
import type { Document, Facts, ImportContext } from '../importer.ts';
import { type LabelTest, selectorText } from '../labels.ts';
import { type Ask, asksOf, asksProxy, portKey } from './conflicts.ts';
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
  const naming = pods ? namingSpecs(reading.context)[direction] : [];
  const others = naming.flatMap(({ text, pods: theirs, document, asks }) => {
    const isOwn = document === reading.document || selectorText([...(pods ?? []), ...theirs]) === undefined;
    return isOwn ? [] : asks.map((ask) => ({ pods: text, ask }));
  });
  const isTouched = others.length > 0 || specs.some((spec) => itemsOf(spec, direction).some(asksProxy));
  return { own: isTouched ? specs.flatMap((spec) => askedIn(spec, direction, reading)) : [], others };
}

const askedIn = (spec: Field, direction: Direction, reading: Reading): readonly Ask[] =>
  itemsOf(spec, direction).flatMap((rule) => asksOf(rule, direction, reading));

type Naming = { readonly text: string; readonly pods: readonly LabelTest[]; readonly document: Document; readonly asks: readonly Ask[] };
type NamingByDirection = Readonly<Record<Direction, readonly Naming[]>>;

const known = new WeakMap<Facts, NamingByDirection>();

/** The specs that name servers: few, and looked for once. */
function namingSpecs(context: ImportContext): NamingByDirection {
  const found = known.get(context.facts);
  if (found) return found;
  const texts = new Set([...context.facts.documents.values()].flatMap((documents) => documents.map(({ source }) => source.text)));
  const specs = [...texts].some((text) => text.includes('serverNames')) ? podSpecs(context) : [];
  const naming = (direction: Direction): readonly Naming[] =>
    specs.flatMap(({ spec, pods, document, reading }) => {
      const asks = askedIn(spec, direction, reading).filter(({ names }) => names);
      const text = asks.length > 0 ? selectorText(pods) : undefined;
      return text === undefined ? [] : [{ text, pods, document, asks }];
    });
  const made = { ingress: naming('ingress'), egress: naming('egress') };
  known.set(context.facts, made);
  return made;
}

/** An item of `toPorts`, taken apart where others of the same peers and ports change it. */
export function partsOf(port: Field, peers: readonly string[] | undefined, { own, others }: Beside): readonly Part[] {
  const whole = peers ?? ['all'];
  const isTouched = own.some(({ parser }) => parser === 'dns' || parser === 'tls') || others.length > 0;
  const ask = isTouched ? own.find(({ at }) => at.path.join() === port.path.join()) : undefined;
  if (!ask) return [{ peers: whole, port, as: 'itself', unless: [] }];
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
  return itemsOf(rule, 'ports').flatMap((port) => {
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
