// What the target `native` cannot enforce, as a table. Of requests it sees those of HTTP and DNS, and the hellos of TLS; of what processes do only exec, by
// the path alone.
import type { Report } from '../diagnostics/diagnostic.ts';
import { kernelFields, requestDomains } from '../ir/abi.ts';
import { governsHost } from '../ir/subject-selector.ts';
import { type DomainMatch, type NetworkRule, namedRange, type Policy, type ProcessRule, type Rule, type TypedPolicy } from '../ir/typed.ts';
import { intersect } from '../space/interval.ts';
import { type TransportProtocol, wholeProtocol } from '../space/transport.ts';
import { mixedRules } from './mixed-protocols.ts';
import { behindUndecided, undecidedNames } from './named-peers.ts';

const target = 'native';
const readDomains: readonly string[] = requestDomains;
const processDomains: readonly string[] = ['exec'];

/** What is too much, in words; with what to write instead. */
type Refusal = { readonly what: string; readonly hint?: string };
type Refusals = readonly (Refusal | false | undefined)[];

/** Fields that the automata do not see. */
function fieldRefusals({ domain, lines }: DomainMatch): Refusals {
  const isSeen = (field: string): boolean => kernelFields[domain]?.includes(field.split(' ')[0] ?? '') === true;
  const fields = lines.flatMap((line) => line.map(({ field }) => field)).filter((field) => !isSeen(field));
  return [...new Set(fields)].map((field) => ({ what: `\`${domain}\` rules about \`${field}\`` }));
}

/** Queries are read in packets, and in streams that workloads open. */
function queryRefusals({ transport, section }: NetworkRule): Refusals {
  const carries = (protocol: TransportProtocol): boolean =>
    intersect(transport.points, wholeProtocol(protocol)).length > 0 || transport.named.some((port) => port.protocol === protocol);
  return [
    carries('sctp') && { what: '`dns` rules over sctp', hint: 'write `at [udp 53, tcp 53]`' },
    section === 'ingress' && carries('tcp') && { what: '`dns` rules over tcp in `ingress`', hint: 'write `at udp 53`' },
  ];
}

function requestRefusals(rule: NetworkRule, match: DomainMatch): Refusals {
  const { audit, action } = rule;
  const { domain } = match;
  if (!readDomains.includes(domain)) return [{ what: `\`${domain}\` rules` }];
  return [
    action === 'drop' && { what: `\`drop\` of \`${domain}\` requests`, hint: 'write `deny`: what is refused is answered' },
    // Reading requests refuses what cannot be read: more than a report.
    audit && { what: `\`${domain}\` rules in audit mode`, hint: 'audit the connection with a rule without a block' },
    ...(domain === 'dns' ? queryRefusals(rule) : []),
    ...fieldRefusals(match),
  ];
}

function networkRefusals(rule: NetworkRule): Refusals {
  const { peers, layer7, require, audit, action } = rule;
  const names = undecidedNames(rule);
  return [
    rule.transport.named.some(({ name }) => namedRange(name).last) && { what: 'ranges from a named port on' },
    names !== undefined && { what: `peers by DNS name ${names}`, hint: 'name the addresses: `network`' },
    peers.anyNetworks.length > 0 && { what: '`including workloads`', hint: 'name the workloads beside the network' },
    peers.reserved?.some(({ labels }) => labels) && { what: '`in entity`', hint: 'name the entity without labels' },
    ...require.map(({ name }) => ({ what: `\`require ${name}\`` })),
    audit && action === 'pass' && { what: '`pass` in audit mode', hint: 'audit the rules that it passes over' },
    ...(layer7 ? requestRefusals(rule, layer7) : []),
  ];
}

function processRefusals({ match, errno, signal }: ProcessRule): Refusals {
  if (!processDomains.includes(match.domain)) return [{ what: `\`${match.domain}\` rules` }];
  const hint = 'leave it out: a process that may not start is ended with SIGKILL';
  return [
    errno !== undefined && { what: `\`errno ${errno}\``, hint },
    signal !== undefined && signal !== 'SIGKILL' && { what: `\`signal ${signal}\``, hint },
    ...fieldRefusals(match),
  ];
}

const ruleRefusals = (rule: Rule): Refusals => [
  rule.log?.rate !== undefined && { what: 'a rate of `log`', hint: 'leave `rate` out' },
  ...(rule.section === 'process' ? processRefusals(rule) : networkRefusals(rule)),
];

/** Of the host there are its connections: what its processes do, and what they say, is decided for workloads alone. */
function hostRefusals(rule: Rule): Refusals {
  if (rule.section === 'process')
    return [{ what: 'rules about processes in policies for `host`', hint: 'govern its workloads: `for all`' }];
  const { layer7, peers } = rule;
  return [
    peers.domains.length > 0 && { what: 'peers by DNS name in policies for `host`', hint: 'name the addresses: `network`' },
    layer7 && { what: `\`${layer7.domain}\` rules in policies for \`host\``, hint: 'write the rule without a block' },
  ];
}

const policyRefusals = ({ subject, defaultDeny }: Policy): Refusals => [
  ...(subject.reserved ?? []).flatMap(({ name }) => (name === 'host' ? [] : [{ what: `policies for \`${name}\`` }])),
  ...(governsHost(subject) ? defaultDeny.process.map((domain) => ({ what: `\`default deny ${domain}\` in policies for \`host\`` })) : []),
  ...defaultDeny.process.flatMap((domain) => (processDomains.includes(domain) ? [] : [{ what: `\`default deny ${domain}\`` }])),
];

/** Reports every rule and policy that the target has no hook for. */
export function refuseUnsupported(typed: TypedPolicy, report: Report): void {
  const refuse = (span: Rule['span'], refusals: Refusals): void => {
    for (const refusal of refusals) {
      if (refusal) report('plan/unsupported-on-target', span, { target, what: refusal.what, hint: refusal.hint });
    }
  };
  const ofHosts = new Set(typed.policies.flatMap(({ subject }, policy) => (governsHost(subject) ? [policy] : [])));
  for (const { rule, domains } of mixedRules(typed)) {
    const what = `${domains.map((domain) => `\`${domain}\``).join(' and ')} rules on the same port`;
    refuse(rule.span, [{ what, hint: 'give each protocol ports of its own' }]);
  }
  const behind = {
    what: 'peers by DNS name behind a rule of `pass`, in audit mode or with a block that may be about the same connection',
    hint: 'give the rules ports of their own, or this one a lower `priority`',
  };
  for (const rule of behindUndecided(typed)) refuse(rule.span, [behind]);
  for (const rule of typed.rules) refuse(rule.span, [...ruleRefusals(rule), ...(ofHosts.has(rule.policy) ? hostRefusals(rule) : [])]);
  for (const policy of typed.policies) refuse(policy.span, policyRefusals(policy));
}
