// For one peer and one port Cilium's proxy has one set of rules: what several rules ask of it there is merged, and means something else
// than each by itself.
import type { NetworkRule, Policy } from '../../../ir/typed.ts';
import { isObject } from '../../documents/json.ts';
import type { Json, JsonObject } from '../../importer.ts';
import { maySubjectsMeet } from '../../overlap.ts';

/** A rule that allows, as items of a section. */
export type Allowed = { readonly policy: Policy; readonly rule: NetworkRule; readonly items: readonly JsonObject[] };
type Parser = 'http' | 'dns' | 'tls' | 'listener' | 'none';
type Ask = Pick<Allowed, 'policy' | 'rule'> & { readonly parser: Parser; readonly beside: Beside };
/** What is asked besides: of each of these one thing, at most. */
type Beside = ReadonlyMap<string, string>;
const single: readonly string[] = ['authentication', 'listener', 'tls-termination', 'tls-origination'];

/** The rules that are merged with an earlier one into something else; `say` is told of each. */
export function mergedRules(
  all: readonly Allowed[],
  say: (rules: readonly [NetworkRule, NetworkRule], what: string, reason: string) => void,
): ReadonlySet<NetworkRule> {
  const places = new Map<string, Ask[]>();
  const found = new Set<NetworkRule>();
  const isAsking = all.some(({ rule }) => rule.layer7 !== undefined || rule.require.length > 0);
  if (!isAsking) return found;
  for (const { policy, rule, items } of all)
    for (const { place, parser, beside } of items.flatMap((item) => asksOf(item, rule))) {
      const here = places.get(place) ?? [];
      places.set(place, here);
      const other = here.find((one) => isChanged(one, { parser, beside }) && areMerged([one.policy, policy], [one.parser, parser]));
      if (other && !found.has(rule))
        say([rule, other.rule], 'two of these', 'for a peer and a port its proxy has one set of rules, of one kind');
      if (other) found.add(rule);
      else here.push({ policy, rule, parser, beside });
    }
  return found;
}

/** Where other subjects ask for DNS, who asks for nothing is read as asking for nothing. */
function areMerged([one, other]: readonly [Policy, Policy], parsers: readonly Parser[]): boolean {
  const isPlain = parsers.includes('none') && parsers.includes('dns');
  return isPlain ? JSON.stringify(one.subject) === JSON.stringify(other.subject) : maySubjectsMeet(one.subject, other.subject);
}

/** Requests of one protocol are joined; every request beside those of HTTP is every one. */
const isChanged = (one: Omit<Asked, 'place'>, other: Omit<Asked, 'place'>): boolean =>
  [...one.beside].some(([name, text]) => (other.beside.get(name) ?? text) !== text) ||
  (one.parser !== other.parser && [one.parser, other.parser].sort().join() !== 'http,none');

type Asked = { readonly place: string; readonly parser: Parser; readonly beside: Beside };

function asksOf(item: JsonObject, { section, require }: NetworkRule): readonly Asked[] {
  const peers = Object.entries(item).flatMap(([name, list]) =>
    /^(?:from|to)(?!Ports)/.test(name) && Array.isArray(list) ? list.map((one: Json) => `${name} ${JSON.stringify(one)}`) : [],
  );
  const beside = new Map(require.flatMap(({ name, text = '' }) => (single.includes(name) ? [[name, text]] : [])));
  const toPorts: readonly Json[] = Array.isArray(item['toPorts']) ? item['toPorts'] : [];
  return toPorts.filter(isObject).flatMap((rule) => {
    const ports: readonly Json[] = Array.isArray(rule['ports']) ? rule['ports'] : [];
    return ports.flatMap((port) =>
      peers.map((peer): Asked => ({ place: `${section} ${peer} ${JSON.stringify(port)}`, parser: parserOf(rule), beside })),
    );
  });
}

function parserOf({ rules, listener, serverNames, terminatingTLS, originatingTLS }: JsonObject): Parser {
  if (isObject(rules)) return 'http' in rules ? 'http' : 'dns';
  if (listener !== undefined) return 'listener';
  return [serverNames, terminatingTLS, originatingTLS].some((one) => one !== undefined) ? 'tls' : 'none';
}
