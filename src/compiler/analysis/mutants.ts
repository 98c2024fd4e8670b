// Mutants of a policy: one rule, one default deny, or what a policy says of all its rules, changed in one way. A mutant keeps
// every RuleId, so that all else is compared like with like; a dropped rule is one that matches nobody.
import type { Span } from '../base/source.ts';
import type { NetworkRule, PeerSet, Policy, ProcessRule, Rule, Section, Transport, TypedPolicy } from '../ir/typed.ts';
import { equals, intersect, isEmpty, subtract, union } from '../space/interval.ts';
import { namespaceKey, type Requirement, type Selector } from '../space/labels.ts';
import type { Pattern } from '../space/pattern.ts';
import { anyTransport, type TransportProtocol, type TransportSet, wholeProtocol } from '../space/transport.ts';
import { defaultDenies } from './default-denies.ts';
import { cubesOf, valuesOf } from './label-cube.ts';
import { type Change, contentChanges, mostAlike, neverMatch, without } from './mutant-content.ts';
import { refuses } from './oracle.ts';
import { patternWords } from './pattern-words.ts';
import { addressWords, cubeWords, reservedSetWords, transportWords, valueWords } from './words.ts';

/**
 * `what`: the change in words; `rule` is absent where it is of a default deny or of the whole policy. `sections`: where it can
 * turn verdicts; `section` the first of them.
 */
export type Mutant = {
  readonly policy: Policy;
  readonly section: Section;
  readonly sections: readonly Section[];
  readonly rule?: Rule;
  readonly span: Span;
  readonly what: string;
  readonly make: () => TypedPolicy;
};

/** `what` of a mutant in which the rule is gone. */
export const dropped = 'the rule dropped';

/** All mutants, in the order of policies and rules. */
export function mutantsOf(typed: TypedPolicy): readonly Mutant[] {
  return typed.policies.flatMap((policy) => {
    const rules = typed.rules.filter((rule) => rule.policy === policy.id);
    return [
      ...policyMutants(typed, policy, rules),
      ...defaultMutants(typed, policy),
      ...rules.flatMap((rule) => ruleMutants(typed, policy, rule)),
    ];
  });
}

const withPolicy = (typed: TypedPolicy, policy: Policy, changed: Policy): TypedPolicy => ({
  ...typed,
  policies: typed.policies.map((one) => (one === policy ? changed : one)),
});

/** Tier, priority and mode, as if they had not been written. */
function policyMutants(typed: TypedPolicy, policy: Policy, rules: readonly Rule[]): readonly Mutant[] {
  const enforced = (): TypedPolicy => ({
    ...withPolicy(typed, policy, { ...policy, audit: false }),
    rules: typed.rules.map((rule) => (rule.policy === policy.id ? { ...rule, audit: false } : rule)),
  });
  const changes: readonly Change<() => TypedPolicy>[] = [
    ...(policy.tier === 'normal'
      ? []
      : [{ what: `in tier normal instead of ${policy.tier}`, value: () => withPolicy(typed, policy, { ...policy, tier: 'normal' }) }]),
    ...(policy.priority === 0
      ? []
      : [{ what: `without its priority ${policy.priority}`, value: () => withPolicy(typed, policy, { ...policy, priority: 0 }) }]),
    ...(policy.audit ? [{ what: 'enforced instead of in audit mode', value: enforced }] : []),
  ];
  const brought = policy.audit ? defaultDenies(policy) : [];
  const sections = [...new Set([...rules, ...brought].map(({ section }) => section))];
  const [section] = sections;
  return section === undefined
    ? []
    : changes.map(({ what, value: make }) => ({ policy, section, sections, span: policy.span, what, make }));
}

function defaultMutants(typed: TypedPolicy, policy: Policy): readonly Mutant[] {
  return defaultDenies(policy).map(({ section, domain }) => {
    const { process } = policy.defaultDeny;
    const left = section === 'process' ? process.filter((one) => one !== domain) : false;
    const make = (): TypedPolicy => withPolicy(typed, policy, { ...policy, defaultDeny: { ...policy.defaultDeny, [section]: left } });
    return { policy, section, sections: [section], span: policy.span, what: `without the default deny of ${domain ?? section}`, make };
  });
}

function ruleMutants(typed: TypedPolicy, policy: Policy, rule: Rule): readonly Mutant[] {
  const changes = rule.section === 'process' ? processChanges(typed, rule) : networkChanges(typed, rule);
  return changes.map(({ what, value }) => {
    const make = (): TypedPolicy => ({ ...typed, rules: typed.rules.map((one) => (one === rule ? value : one)) });
    return { policy, section: rule.section, sections: [rule.section], rule, span: rule.span, what, make };
  });
}

const nobody: PeerSet = { selectors: [], networks: [], anyNetworks: [], domains: [], entities: [] };

/** The other action, no priority, the other mode. What refuses is changed into no other refusal: the verdict is the same. */
function orderChanges<R extends Rule>(rule: R): readonly Change<R>[] {
  const action = refuses(rule) ? 'allow' : 'deny';
  return [
    { what: `${action} instead of ${rule.action}`, value: { ...rule, action } },
    ...(rule.priority === 0 ? [] : [{ what: `without its priority ${rule.priority}`, value: { ...rule, priority: 0 } }]),
    ...(rule.audit ? [{ what: 'enforced instead of in audit mode', value: { ...rule, audit: false } }] : []),
    ...(!rule.audit && refuses(rule) ? [{ what: 'in audit mode', value: { ...rule, audit: true } }] : []),
  ];
}

/** Undecidable, it matches still: only a `pass` never does. */
const processDropped = (rule: ProcessRule): ProcessRule => ({ ...rule, action: 'pass', match: neverMatch(rule.match) });

const ruleDropped = (rule: Rule): Rule => (rule.section === 'process' ? processDropped(rule) : { ...rule, peers: nobody });

/** The policy as if the rule matched nothing. */
export const withoutRule = (typed: TypedPolicy, rule: Rule): TypedPolicy => ({
  ...typed,
  rules: typed.rules.map((one) => (one === rule ? ruleDropped(rule) : one)),
});

function processChanges({ domains }: TypedPolicy, rule: ProcessRule): readonly Change<Rule>[] {
  const { match } = rule;
  const domain = domains.find(({ name }) => name === match.domain);
  const isEvery = match.lines.some((line) => line.length === 0);
  const content = domain ? contentChanges(match, domain) : [];
  return [
    { what: dropped, value: ruleDropped(rule) },
    ...orderChanges(rule),
    ...(isEvery ? [] : [{ what: `for every ${match.domain}`, value: { ...rule, match: { ...match, lines: [[]] } } }]),
    ...content.map(({ what, value }) => ({ what, value: { ...rule, match: value } })),
  ];
}

function networkChanges({ domains }: TypedPolicy, rule: NetworkRule): readonly Change<Rule>[] {
  const { layer7, ...plain } = rule;
  const domain = domains.find(({ name }) => name === layer7?.domain);
  const content = layer7
    ? [
        { what: 'for every request', value: plain },
        ...(domain ? contentChanges(layer7, domain) : []).map(({ what, value }) => ({ what, value: { ...rule, layer7: value } })),
      ]
    : [];
  return [
    { what: dropped, value: ruleDropped(rule) },
    ...orderChanges(rule),
    ...peerChanges(rule.peers).map(({ what, value }) => ({ what, value: { ...rule, peers: value } })),
    ...transportChanges(rule).map(({ what, value }) => ({ what, value: { ...rule, transport: value } })),
    ...content,
  ];
}

// --- peers ----------------------------------------------------------------------------------------------------------

function peerChanges(peers: PeerSet): readonly Change<PeerSet>[] {
  const { selectors, networks, anyNetworks, domains, entities, reserved = [] } = peers;
  if (entities.includes('all')) return [];
  const conjunctions = selectors.flat();
  const count = [conjunctions, networks, anyNetworks, domains, entities, reserved].reduce((sum, { length }) => sum + length, 0);
  const fewer: readonly Change<PeerSet>[] = [
    ...without(conjunctions, (conjunction) => cubesOf([conjunction]).map(cubeWords).join(' or ')).map(({ what, value }) => ({
      what,
      value: { ...peers, selectors: [value] },
    })),
    ...without(networks, (interval) => addressWords([interval])).map(({ what, value }) => ({ what, value: { ...peers, networks: value } })),
    ...without(anyNetworks, (interval) => `${addressWords([interval])} including workloads`).map(({ what, value }) => ({
      what,
      value: { ...peers, anyNetworks: value },
    })),
    ...without(domains, (domain) => JSON.stringify(patternWords(domain))).map(({ what, value }) => ({
      what,
      value: { ...peers, domains: value },
    })),
    ...without(entities, (entity) => entity).map(({ what, value }) => ({ what, value: { ...peers, entities: value } })),
    ...without(reserved, reservedSetWords).map(({ what, value }) => ({ what, value: { ...peers, reserved: value } })),
  ];
  return [
    { what: 'with every peer', value: { ...nobody, entities: ['all'] } },
    ...(count > 1 ? fewer : []),
    ...(isEmpty(anyNetworks)
      ? []
      : [{ what: 'not including workloads', value: { ...peers, networks: union(networks, anyNetworks), anyNetworks: [] } }]),
    ...domains.flatMap((domain, place) =>
      domain.kind !== 'either' || domain.parts.length < 2
        ? []
        : without(domain.parts, (part) => JSON.stringify(patternWords(part))).map(({ what, value }) => ({
            what,
            value: { ...peers, domains: domains.map((one, i): Pattern => (i === place ? { kind: 'either', parts: value } : one)) },
          })),
    ),
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
