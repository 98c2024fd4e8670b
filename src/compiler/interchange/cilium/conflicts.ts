// Rules that no endpoint can have together: for the same peer and port Cilium's proxy does one thing. The agent finds it when it
// puts an endpoint's policy together, and keeps the policy that the endpoint had.
import { isObject } from '../documents/json.ts';
import { type Field, has, itemsOf, member, numberIn, textOf, textsIn } from '../fields.ts';
import { type Direction, peersOf } from './peers.ts';
import { icmpTexts, protocolOf } from './ports.ts';
import type { Reading } from './reading.ts';

/** What a rule asks of the proxy for some peers at some ports. */
export type Ask = {
  readonly at: Field;
  readonly peers: readonly string[];
  readonly ports: readonly string[];
  readonly parser: 'http' | 'dns' | 'tls' | 'listener' | undefined;
  readonly names: boolean;
  readonly authentication: string | undefined;
  /** JSON of them; listeners by their priority. */
  readonly contexts: ReadonlyMap<string, string>;
};

/** Reports what the specs of one subject ask for and cannot have. */
export function refuseConflicts(specs: readonly Field[], reading: Reading): void {
  for (const direction of ['ingress', 'egress'] as const) {
    const rules = specs.flatMap((spec) => itemsOf(spec, direction));
    if (!rules.some(asksProxy)) continue;
    const asks = rules.flatMap((rule) => asksOf(rule, direction, reading));
    const found = asks.flatMap((one, i) => asks.slice(0, i).flatMap((before) => conflictOf(before, one) ?? []));
    for (const { what, first, second } of found.slice(0, 1)) {
      const { at } = reading.document;
      reading.conflict([at(second.at.path), at(first.at.path)], what);
    }
  }
}

/** Does a rule ask for more than that packets pass? */
export const asksProxy = (rule: Field): boolean =>
  has(rule, 'authentication') ||
  itemsOf(rule, 'toPorts').some((port) => isObject(port.value) && Object.keys(port.value).some((name) => name !== 'ports'));

export function asksOf(rule: Field, direction: Direction, reading: Reading): readonly Ask[] {
  const peers = peersOf(rule, direction, reading)?.map((peer) => (peer === 'all' ? '*' : peer)) ?? ['*'];
  const authentication = textOf(member(rule, 'authentication'), 'mode');
  const ports = itemsOf(rule, 'toPorts');
  const common = { peers, authentication };
  const plain = { at: rule, parser: undefined, names: false, contexts: new Map<string, string>() };
  if (ports.length === 0) {
    const icmp = icmpTexts(rule);
    return [{ ...common, ...plain, ports: icmp.length > 0 ? icmp : ['*'] }];
  }
  return ports.map((port) => ({ ...common, at: port, ports: itemsOf(port, 'ports').flatMap(portKey), ...proxyOf(port) }));
}

/** What the agent keeps a port under, for each protocol: a range is a port of its own. */
export function portKey(port: Field): readonly string[] {
  const written = (textOf(port, 'port') ?? '').toLowerCase();
  const end = numberIn(member(port, 'endPort')) ?? 0;
  const protocol = protocolOf(port);
  const key = `${written}-${end > Number(written) ? end : ''}`;
  return (protocol === 'any' ? ['tcp', 'udp', 'sctp'] : [protocol]).map((one) => `${one} ${key}`);
}

export function proxyOf(port: Field): Pick<Ask, 'parser' | 'names' | 'contexts'> {
  const rules = member(port, 'rules');
  const names = textsIn(member(port, 'serverNames')).length > 0;
  const contexts = new Map<string, string>();
  for (const name of ['terminatingTLS', 'originatingTLS'])
    if (has(port, name)) contexts.set(name, JSON.stringify(member(port, name).value));
  const listener = member(port, 'listener');
  if (has(port, 'listener'))
    contexts.set(`listener of priority ${numberIn(member(listener, 'priority')) ?? 'none'}`, JSON.stringify(listener.value));
  const isTls = names || contexts.has('terminatingTLS') || contexts.has('originatingTLS');
  const parser = itemsOf(rules, 'http').length > 0 ? 'http' : itemsOf(rules, 'dns').length > 0 ? 'dns' : undefined;
  return { parser: parser ?? (has(port, 'listener') ? 'listener' : isTls ? 'tls' : undefined), names, contexts };
}

export type Conflict = { readonly what: string; readonly first: Ask; readonly second: Ask };

export function conflictOf(first: Ask, second: Ask): Conflict | undefined {
  const isShared = (a: readonly string[], b: readonly string[]): boolean => a.some((one) => b.includes(one));
  if (!isShared(first.peers, second.peers) || !isShared(first.ports, second.ports)) return undefined;
  const what = differenceOf(first, second);
  return what === undefined ? undefined : { what, first, second };
}

/** TLS can become anything but DNS; names of servers do not come behind requests, for there is no place for them any more. */
function differenceOf(first: Ask, second: Ask): string | undefined {
  const { authentication, parser, contexts } = first;
  if (authentication !== undefined && second.authentication !== undefined && authentication !== second.authentication)
    return `authentication \`${authentication}\` and \`${second.authentication}\``;
  if (parser && second.parser && parser !== second.parser) {
    const other = parser === 'tls' ? second.parser : second.parser === 'tls' ? parser : undefined;
    if (other === undefined || other === 'dns') return `\`${parser}\` and \`${second.parser}\``;
    if (second.names && parser === 'http' && !second.contexts.has('terminatingTLS')) return '`http`, and behind it names of servers';
  }
  const different = [...contexts].find(([name, value]) => second.contexts.has(name) && second.contexts.get(name) !== value);
  return different && `two of \`${different[0]}\``;
}
