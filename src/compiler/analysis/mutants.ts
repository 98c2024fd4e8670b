// Mutants of a policy: one rule, or one default deny, changed in one way. A mutant keeps every RuleId, so that all else
// is compared like with like; a dropped rule is one that matches nobody.
import type { Span } from '../base/source.ts';
import type { DomainMatch, NetworkRule, PeerSet, Policy, ProcessRule, Rule, Section, Transport, TypedPolicy } from '../ir/typed.ts';
import { equals, intersect, isEmpty, subtract, union } from '../space/interval.ts';
import { namespaceKey, type Requirement, type Selector } from '../space/labels.ts';
import { anyText, type Pattern } from '../space/pattern.ts';
import { anyTransport, type TransportProtocol, type TransportSet, wholeProtocol } from '../space/transport.ts';
import { patternWords } from './content-words.ts';
import { cubesOf, valuesOf } from './label-cube.ts';
import { brings } from './split.ts';
import { addressWords, cubeWords, transportWords, valueWords } from './words.ts';

/** `what`: the change in words; `rule` is absent for a default deny. */
export type Mutant = {
  readonly policy: Policy;
  readonly section: Section;
  readonly rule?: Rule;
  readonly span: Span;
  readonly what: string;
  readonly make: () => TypedPolicy;
};
type Change<T> = { readonly what: string; readonly value: T };

/** `what` of a mutant in which the rule is gone. */
export const dropped = 'the rule dropped';
/** Changes of one kind in one rule: long lists are thinned out. */
const mostAlike = 12;

/** All mutants, in the order of policies and rules. */
export function mutantsOf(typed: TypedPolicy): readonly Mutant[] {
  return typed.policies.flatMap((policy) => [
    ...defaultMutants(typed, policy),
    ...typed.rules.filter((rule) => rule.policy === policy.id).flatMap((rule) => ruleMutants(typed, policy, rule)),
  ]);
}

function defaultMutants(typed: TypedPolicy, policy: Policy): readonly Mutant[] {
  return (['ingress', 'egress', 'process'] as const)
    .filter((section) => brings(policy, section))
    .map((section) => {
      const defaultDeny = { ...policy.defaultDeny, [section]: section === 'process' ? [] : false };
      const make = (): TypedPolicy => ({
        ...typed,
        policies: typed.policies.map((one) => (one === policy ? { ...one, defaultDeny } : one)),
      });
      return { policy, section, span: policy.span, what: `without the default deny of ${section === 'process' ? 'exec' : section}`, make };
    });
}

function ruleMutants(typed: TypedPolicy, policy: Policy, rule: Rule): readonly Mutant[] {
  const changes = rule.section === 'process' ? processChanges(rule) : networkChanges(rule);
  return changes.map(({ what, value }) => {
    const make = (): TypedPolicy => ({ ...typed, rules: typed.rules.map((one) => (one === rule ? value : one)) });
    return { policy, section: rule.section, rule, span: rule.span, what, make };
  });
}

const nobody: PeerSet = { selectors: [], networks: [], entities: [] };
const flipped = <R extends Rule>(rule: R): Change<R> => {
  const action = rule.action === 'allow' ? 'deny' : 'allow';
  return { what: `${action} instead of ${rule.action}`, value: { ...rule, action } };
};

function processChanges(rule: ProcessRule): readonly Change<Rule>[] {
  const as = (pattern: Pattern): Rule => ({ ...rule, match: { ...rule.match, pattern } });
  return [
    { what: dropped, value: as({ kind: 'either', parts: [] }) },
    flipped(rule),
    { what: 'for every program', value: as(anyText) },
    ...contentChanges(rule.match).map(({ what, value }) => ({ what, value: { ...rule, match: value } })),
  ];
}

function networkChanges(rule: NetworkRule): readonly Change<Rule>[] {
  const { layer7, ...plain } = rule;
  const content = layer7
    ? [
        { what: 'for every request', value: plain },
        ...contentChanges(layer7).map(({ what, value }) => ({ what, value: { ...rule, layer7: value } })),
      ]
    : [];
  return [
    { what: dropped, value: { ...rule, peers: nobody } },
    flipped(rule),
    ...peerChanges(rule.peers).map(({ what, value }) => ({ what, value: { ...rule, peers: value } })),
    ...transportChanges(rule).map(({ what, value }) => ({ what, value: { ...rule, transport: value } })),
    ...content,
  ];
}

/** Each of several alternatives left out. */
function without<T>(items: readonly T[], words: (item: T) => string): readonly Change<readonly T[]>[] {
  return items.map((item, i) => ({ what: `without ${words(item)}`, value: items.filter((_, other) => other !== i) })).slice(0, mostAlike);
}

function contentChanges(match: DomainMatch): readonly Change<DomainMatch>[] {
  const { pattern } = match;
  if (pattern.kind !== 'either' || pattern.parts.length < 2) return [];
  return without(pattern.parts, patternWords).map(({ what, value }) => ({
    what,
    value: { ...match, pattern: { kind: 'either', parts: value } },
  }));
}

// --- peers ----------------------------------------------------------------------------------------------------------

function peerChanges(peers: PeerSet): readonly Change<PeerSet>[] {
  const { selectors, networks, entities } = peers;
  if (entities.includes('all')) return [];
  const conjunctions = selectors.flat();
  const count = conjunctions.length + networks.length + entities.length;
  const fewer: readonly Change<PeerSet>[] = [
    ...without(conjunctions, (conjunction) => cubesOf([conjunction]).map(cubeWords).join(' or ')).map(({ what, value }) => ({
      what,
      value: { ...peers, selectors: [value] },
    })),
    ...without(networks, (interval) => addressWords([interval])).map(({ what, value }) => ({ what, value: { ...peers, networks: value } })),
    ...without(entities, (entity) => entity).map(({ what, value }) => ({ what, value: { ...peers, entities: value } })),
  ];
  return [
    { what: 'with every peer', value: { ...nobody, entities: ['all'] } },
    ...(count > 1 ? fewer : []),
    ...selectorChanges(conjunctions).map(({ what, value }) => ({ what, value: { ...peers, selectors: [value] } })),
  ];
}

/** A label test less, and a value less in each list of them. */
function selectorChanges(selector: Selector): readonly Change<Selector>[] {
  const changes = selector.flatMap((conjunction, place) => {
    const put = (changed: readonly Requirement[]): Selector => selector.map((one, i) => (i === place ? changed : one));
    return conjunction.flatMap((requirement, at) => [
      {
        what: `without the test ${requirementWords(requirement)} of the peer`,
        value: put(conjunction.filter((_, i) => i !== at)),
      },
      ...fewerValues(requirement).map(({ what, value }) => ({ what, value: put(conjunction.map((one, i) => (i === at ? value : one))) })),
    ]);
  });
  return changes.slice(0, 2 * mostAlike);
}

const nameOf = ({ key }: Requirement): string => (key === namespaceKey ? 'namespace' : key);
const requirementWords = (requirement: Requirement): string => `\`${nameOf(requirement)}: ${valueWords(valuesOf(requirement))}\``;

function fewerValues(requirement: Requirement): readonly Change<Requirement>[] {
  if (requirement.kind !== 'one-of' || requirement.values.length < 2) return [];
  return without(requirement.values, (value) => `\`${nameOf(requirement)}: ${JSON.stringify(value)}\` of the peer`).map(
    ({ what, value }) => ({
      what,
      value: { ...requirement, values: value },
    }),
  );
}

// --- ports ----------------------------------------------------------------------------------------------------------

const protocols: readonly TransportProtocol[] = ['tcp', 'udp', 'sctp', 'icmp', 'icmpv6', 'other'];

function transportChanges({ transport, layer7 }: NetworkRule): readonly Change<Transport>[] {
  const { points, named } = transport;
  if (equals(points, anyTransport)) return [];
  const used = protocols.filter(
    (protocol) => !isEmpty(intersect(points, wholeProtocol(protocol))) || named.some((one) => one.protocol === protocol),
  );
  const whole = used.map(wholeProtocol).reduce<TransportSet>(union, []);
  const isWhole = equals(points, whole);
  const wider: readonly Change<Transport>[] = isWhole
    ? layer7
      ? []
      : [{ what: 'at every protocol', value: { points: anyTransport, named: [] } }]
    : [
        {
          what: `at every ${used.join(' and ')} ${used.some((one) => one === 'icmp' || one === 'icmpv6') ? 'type' : 'port'}`,
          value: { points: whole, named: [] },
        },
      ];
  const words = (set: TransportSet): string => transportWords(set, new Map());
  const fewer = [
    ...without(points, (interval) => words([interval])).map(({ what, value }) => ({ what, value: { points: value, named } })),
    ...without(named, ({ protocol, name }) => `${protocol} ${JSON.stringify(name)}`).map(({ what, value }) => ({
      what,
      value: { points, named: value },
    })),
  ];
  return [
    ...wider,
    ...(points.length + named.length > 1 ? fewer : []),
    ...(isWhole ? [] : halves(points).map(({ what, value }) => ({ what, value: { points: value, named } }))),
  ];
}

/** The upper half of each range left out; an ICMP type is one thing. */
function halves(points: TransportSet): readonly Change<TransportSet>[] {
  return points
    .filter(({ low, high }) => low < high && !(low % 256 === 0 && high === low + 255 && low >= 3 * 65536))
    .map(({ low, high }) => {
      const upper = [{ low: Math.floor((low + high) / 2) + 1, high }];
      return { what: `without ${transportWords(upper, new Map())}`, value: subtract(points, upper) };
    })
    .slice(0, mostAlike);
}
