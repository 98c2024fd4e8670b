// TypedPolicy -> VerdictSpace: splits every static dimension into the classes that the rules can tell apart, and restates
// the rules over class numbers, in deciding order (grammar/README.md, "Order"). Nothing here depends on a machine.
import type { Report } from '../diagnostics/diagnostic.ts';
import { matchType } from '../ir/abi.ts';
import type { PolicyProgram, ProgramPolicy, ProgramRule, ProgramService } from '../ir/bundle.ts';
import { inDecidingOrder } from '../ir/deciding-order.ts';
import { subjectSelector } from '../ir/subject-selector.ts';
import type { DomainMatch, EntityName, NamedPort, NetworkRule, PeerSet, Rule, Transport, TypedPolicy } from '../ir/typed.ts';
import type { VerdictSpace } from '../ir/verdict-space.ts';
import { type AddressSet, formatAddress } from '../space/address.ts';
import type { Selector } from '../space/labels.ts';
import { type AddressPartition, type LinePartition, partitionAddresses, partitionLine } from '../space/partition.ts';
import type { Pattern } from '../space/pattern.ts';
import { type TransportSet, transportPoints } from '../space/transport.ts';
import { contentsOf, type HeadedRule } from './content.ts';
import type { Ground, RuleHead } from './cover.ts';
import { Interned, intervalsKey } from './intern.ts';
import { kernelPattern, matchOf } from './kernel-text.ts';
import { matchTypeOf } from './match-type.ts';
import { type Names, namesOf } from './names.ts';
import { requestsOf } from './requests.ts';

const ascending = (numbers: readonly number[]): readonly number[] =>
  numbers.length < 2 ? numbers : [...new Set(numbers)].sort((a, b) => a - b);
const inOrder = (entities: readonly EntityName[]): readonly EntityName[] =>
  entities.length < 2 ? entities : [...new Set(entities)].sort();
const isNetworkRule = (rule: Rule): rule is NetworkRule => rule.section !== 'process';
const selectorKey = (selector: Selector): string => JSON.stringify(selector);

function distinctNamedPorts(named: readonly NamedPort[]): readonly NamedPort[] {
  if (named.length === 0) return named;
  const distinct = new Interned<NamedPort>(({ protocol, name }) => `${protocol} ${name}`);
  for (const { protocol, name } of named) distinct.number({ protocol, name });
  return distinct.values;
}

/** What rules are restated with: numbers of selectors, and classes of sets. */
class Restatement {
  readonly selectors = new Interned<Selector>(selectorKey);
  readonly ports: LinePartition;
  readonly networks: AddressPartition;
  /** By RuleId: the numbers of its sets. */
  readonly #points: Int32Array;
  readonly #addresses: Int32Array;
  readonly #subjects: readonly number[];
  readonly #typed: TypedPolicy;
  readonly #names: Names;
  /** Of what rules share, which they mostly do. */
  readonly #peersOf = new Map<PeerSet, NonNullable<RuleHead['peers']>>();
  readonly #portsOf = new Map<Transport, NonNullable<RuleHead['ports']>>();

  constructor(typed: TypedPolicy, names: Names) {
    this.#typed = typed;
    this.#names = names;
    this.#points = new Int32Array(typed.rules.length);
    this.#addresses = new Int32Array(typed.rules.length);
    const points = new Interned<TransportSet>(intervalsKey);
    const addresses = new Interned<AddressSet>(intervalsKey);
    for (const rule of typed.rules) {
      if (!isNetworkRule(rule)) continue;
      this.#points[rule.id] = points.number(rule.transport.points);
      this.#addresses[rule.id] = addresses.number(rule.peers.networks);
    }
    this.ports = partitionLine(points.values, transportPoints);
    this.networks = partitionAddresses(addresses.values);
    this.#subjects = typed.policies.map(({ subject }) => this.selectors.number(subjectSelector(subject)));
  }

  services(): readonly ProgramService[] {
    return this.#typed.services.map(({ name, backends, addresses, affinity, ports }) => ({
      name,
      backends: this.selectors.number(backends),
      addresses: addresses.map(formatAddress),
      affinity,
      ports,
    }));
  }

  policies(): readonly ProgramPolicy[] {
    return this.#typed.policies.map(({ audit, defaultDeny }, i) => ({ subject: this.#subjects[i] ?? 0, audit, defaultDeny }));
  }

  /** A rule without its content. */
  head(rule: Rule): RuleHead {
    const { id, policy, section, action, audit } = rule;
    const subject = this.#subjects[policy] ?? 0;
    const { tier = 'normal' } = this.#typed.policies[policy] ?? {};
    if (!isNetworkRule(rule)) return { rule: id, subject, tier, section, action, audit, match: matchType.layer7 };
    const peers = this.#peersOf.get(rule.peers) ?? this.#peers(id, rule.peers);
    this.#peersOf.set(rule.peers, peers);
    const ports = this.#portsOf.get(rule.transport) ?? this.#ports(id, rule.transport);
    this.#portsOf.set(rule.transport, ports);
    return { rule: id, subject, tier, section, action, audit, match: matchTypeOf(rule), peers, ports };
  }

  #ports(id: number, { named }: Transport): NonNullable<RuleHead['ports']> {
    return { classes: this.ports.classesOf[this.#points[id] ?? 0] ?? [], named: distinctNamedPorts(named) };
  }

  #peers(id: number, { selectors, entities, reserved, domains }: PeerSet): NonNullable<RuleHead['peers']> {
    const numbers = ascending(selectors.map((selector) => this.selectors.number(selector)));
    const networkClasses = this.networks.classesOf[this.#addresses[id] ?? 0] ?? [];
    const peers = { selectors: numbers, networkClasses, entities: inOrder(entities) };
    return { ...peers, ...(domains.length > 0 && { names: this.#names.classesOf(domains) }), ...(reserved && { reserved }) };
  }
}

/** The rules with content as kernel texts, where it can be said so; contents that are written alike are one. */
function withPatterns(rules: readonly Rule[], heads: readonly RuleHead[]): readonly HeadedRule[] {
  const matches = new Interned<DomainMatch>((match) => JSON.stringify(match));
  const patterns: (Pattern | undefined)[] = [];
  return rules.flatMap((rule, place) => {
    const [match, head] = [matchOf(rule), heads[place]];
    if (!match || !head) return [];
    const number = matches.number(match);
    if (number === patterns.length) patterns.push(match.domain === 'exec' ? kernelPattern(match) : undefined);
    return [{ rule, head, place, match, pattern: patterns[number] }];
  });
}

/** The classes that a rule matches, by its domain; none of a domain that the kernel does not read. */
type ClassesOf = Readonly<Record<string, (rule: HeadedRule) => readonly number[]>>;

function withContents(heads: readonly RuleHead[], headed: readonly HeadedRule[], classesOf: ClassesOf) {
  const rules: ProgramRule[] = [...heads];
  for (const one of headed) {
    const { domain } = one.match;
    rules[one.place] = { ...one.head, content: { domain, classes: classesOf[domain]?.(one) ?? [] } };
  }
  return rules;
}

/** Splits dimensions and restates the rules; reports what is too much for an automaton. */
export function normalize(typed: TypedPolicy, report: Report): VerdictSpace {
  const names = namesOf(typed, report);
  const restatement = new Restatement(typed, names);
  const policies = restatement.policies();
  const services = restatement.services();
  const ordered = inDecidingOrder(typed);
  const heads = ordered.map((rule) => restatement.head(rule));
  const headed = withPatterns(ordered, heads);
  const { ports, networks, selectors } = restatement;
  const ground: Ground = { selectors: selectors.values, ipv6Networks: networks.ipv6, portClasses: ports.classes };
  const policy = { typed, order: heads, rules: headed, ground };
  const http = requestsOf('http', policy, report);
  const dns = requestsOf('dns', policy, report);
  const tls = requestsOf('tls', policy, report);
  const exec = contentsOf('exec', policy, report);
  const execOf = ({ pattern }: HeadedRule): readonly number[] => (pattern ? exec.classesOf(pattern) : []);
  const rules = withContents(heads, headed, { http: http.classesOf, dns: dns.classesOf, tls: tls.classesOf, exec: execOf });
  const program: PolicyProgram = {
    selectors: selectors.values,
    policies,
    rules,
    services,
    classes: {
      ports: ports.classes,
      networks: networks.classes,
      http: http.classes.classes,
      dns: dns.classes.classes,
      tls: tls.classes.classes,
      exec: exec.classes.classes,
      names: names.classes.classes,
    },
    ipv6Networks: networks.ipv6,
  };
  const contents = { http: http.classes, dns: dns.classes, tls: tls.classes, exec: exec.classes, names: names.classes };
  return { typed, program, ports: ports.pieces, networks: networks.entries, ...contents };
}
