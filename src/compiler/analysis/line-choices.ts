// What a test line leaves open, as examples of each class that the rules can tell apart: values of fields, names of an address.
import type { FieldSpec, FieldTest } from '../domains/domain.ts';
import type { NetworkRule, TypedPolicy } from '../ir/typed.ts';
import { type Address, type AddressSet, ipv4Space, ipv6Space, parseAddress } from '../space/address.ts';
import { includes } from '../space/interval.ts';
import { anyText, both, type Pattern } from '../space/pattern.ts';
import { type TextMatcher, textMatcher } from './derivative.ts';
import type { LineEnd } from './line-cells.ts';
import { isPeer } from './oracle-members.ts';

type Work = { readonly matcher: TextMatcher; readonly fields: Map<string, readonly (string | undefined)[]> };
const works = new WeakMap<TypedPolicy, Work>();

function workOf(typed: TypedPolicy): Work {
  const work = works.get(typed) ?? { matcher: textMatcher(), fields: new Map() };
  works.set(typed, work);
  return work;
}

const networkRules = (typed: TypedPolicy): readonly NetworkRule[] =>
  typed.rules.filter((rule): rule is NetworkRule => rule.section !== 'process');

// --- fields ---------------------------------------------------------------------------------------------------------

/** For each open field of a domain the values that rules can tell apart, single ones, and none where there may be none. */
export function openFields(
  typed: TypedPolicy,
  domain: string,
  names: readonly string[],
): ReadonlyMap<string, readonly (string | undefined)[]> {
  const { fields } = workOf(typed);
  const valuesOf = (name: string): readonly (string | undefined)[] => {
    const key = `${domain} ${name}`;
    const known = fields.get(key) ?? fieldValues(typed, domain, name);
    fields.set(key, known);
    return known;
  };
  return new Map(names.map((name) => [name, valuesOf(name)]));
}

function fieldValues(typed: TypedPolicy, domain: string, name: string): readonly (string | undefined)[] {
  const spec = typed.domains.find((one) => one.name === domain)?.fields.find((one) => one.name === name.split(' ')[0]);
  const matches = typed.rules.flatMap((rule) => (rule.section === 'process' ? rule.match : (rule.layer7 ?? [])));
  const tests = matches
    .filter((match) => match.domain === domain)
    .flatMap(({ lines }) => lines.flat())
    .filter(({ field }) => field === name);
  // A value that no rule asks for is left out of the example.
  if (tests.length === 0) return [undefined];
  const values = spec?.type.kind === 'number' ? numbers(spec, tests) : texts(workOf(typed).matcher, spec, tests);
  return spec?.always ? values : [undefined, ...values];
}

function numbers(spec: FieldSpec, tests: readonly FieldTest[]): readonly string[] {
  const { low, high } = spec.type.range ?? { low: 0, high: Number.MAX_SAFE_INTEGER };
  const borders = tests.flatMap(({ values }) =>
    values.kind === 'number' ? values.ranges.flatMap((range) => [range.low, range.high + 1]) : [],
  );
  return [...new Set([low, ...borders.filter((one) => low <= one && one <= high)])].map(String);
}

/** A familiar example where the class has one. */
function texts(matcher: TextMatcher, spec: FieldSpec | undefined, tests: readonly FieldTest[]): readonly string[] {
  const patterns = tests.flatMap(({ values }) => (values.kind === 'text' ? [values.pattern] : []));
  const examples = new Map<string, string>();
  const found = matcher.classes(spec?.type.possible ?? anyText, [spec?.type.familiar ?? anyText, ...patterns]);
  for (const { matched, example } of [...found].sort((a, b) => Number(b.matched[0]) - Number(a.matched[0]))) {
    const key = matched.slice(1).join();
    if (!examples.has(key)) examples.set(key, example);
  }
  return [...examples.values()];
}

// --- names ----------------------------------------------------------------------------------------------------------

/** An address of `family` that is known by one name of `names`, of IPv4 and of IPv6 if the rules tell them apart; each with a name of every class. */
export function namedEnds(typed: TypedPolicy, names: Pattern, family: AddressSet): readonly LineEnd[] {
  const patterns = [...new Set(networkRules(typed).flatMap(({ peers }) => peers.domains))];
  // What a name can be is said by the fields that domains are written for.
  const fields = typed.domains.flatMap((domain) => domain.fields);
  const possible = fields.find(({ type }) => type.declared[0] === 'domain')?.type.possible ?? anyText;
  const found = workOf(typed).matcher.classes(both(names, possible), patterns);
  const examples = found.map(({ example }) => example);
  return examples.length === 0 ? [] : plainAddresses(typed, family).map((address) => ({ kind: 'named', address, names: examples }));
}

/** Addresses of which the rules' networks say as little as can be. */
function plainAddresses(typed: TypedPolicy, family: AddressSet): readonly Address[] {
  const rules = networkRules(typed);
  const said = (address: Address): string =>
    rules.map(({ peers }) => Number(isPeer(peers, { kind: 'address', address }, () => false))).join('');
  const count = (address: Address): number => said(address).replaceAll('0', '').length;
  const borders = rules.flatMap(({ peers }) => [...peers.networks, ...peers.anyNetworks].flatMap(({ low, high }) => [low - 1n, high + 1n]));
  const least = (first: string, space: typeof ipv4Space): readonly Address[] => {
    const candidates = [parseAddress(first) ?? 0n, ...borders.filter((address) => includes(space, address))];
    return candidates.sort((a, b) => count(a) - count(b)).slice(0, 1);
  };
  const both = [...least('2001:db8:ffff::1', ipv6Space), ...least('198.51.100.1', ipv4Space)];
  return [...new Map(both.filter((address) => includes(family, address)).map((address) => [said(address), address])).values()];
}
