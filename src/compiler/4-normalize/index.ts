// TypedPolicy -> VerdictSpace: splits every static dimension into the classes that the rules can tell apart, and restates
// the rules over class numbers, in deciding order (grammar/README.md, "Order"). Nothing here depends on a machine.
import type { Report } from '../diagnostics/diagnostic.ts';
import { matchType } from '../ir/abi.ts';
import type { PolicyProgram, ProgramPolicy, ProgramRule } from '../ir/bundle.ts';
import { inDecidingOrder } from '../ir/deciding-order.ts';
import type { EntityName, NamedPort, NetworkRule, Rule, TypedPolicy } from '../ir/typed.ts';
import type { VerdictSpace } from '../ir/verdict-space.ts';
import type { AddressSet } from '../space/address.ts';
import type { Selector } from '../space/labels.ts';
import { type AddressPartition, type LinePartition, partitionAddresses, partitionLine } from '../space/partition.ts';
import { type TransportSet, transportPoints } from '../space/transport.ts';
import { type Contents, contentsOf, type HeadedRule } from './content.ts';
import type { Ground, RuleHead } from './cover.ts';
import { Interned, intervalsKey } from './intern.ts';
import { kernelPattern, matchOf } from './kernel-text.ts';
import { matchTypeOf } from './match-type.ts';

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
  readonly #points = new Interned<TransportSet>(intervalsKey);
  readonly #addresses = new Interned<AddressSet>(intervalsKey);
  readonly #typed: TypedPolicy;

  constructor(typed: TypedPolicy) {
    this.#typed = typed;
    for (const { transport, peers } of typed.rules.filter(isNetworkRule)) {
      this.#points.number(transport.points);
      this.#addresses.number(peers.networks);
    }
    this.ports = partitionLine(this.#points.values, transportPoints);
    this.networks = partitionAddresses(this.#addresses.values);
  }

  policies(): readonly ProgramPolicy[] {
    return this.#typed.policies.map(({ subject, audit, defaultDeny }) => ({
      subject: this.selectors.number(subject.workloads),
      audit,
      defaultDeny,
    }));
  }

  /** Every rule without its content, in deciding order. */
  rules(): readonly HeadedRule[] {
    return inDecidingOrder(this.#typed).map((rule) => {
      const match = matchOf(rule);
      const pattern = match && kernelPattern(match);
      return { rule, head: isNetworkRule(rule) ? this.#network(rule) : this.#any(rule), pattern };
    });
  }

  #any({ id, policy, section, action, audit }: Rule): RuleHead {
    const of = this.#typed.policies[policy];
    const subject = this.selectors.number(of?.subject.workloads ?? []);
    return { rule: id, subject, tier: of?.tier ?? 'normal', section, action, audit, match: matchType.layer7 };
  }

  #network(rule: NetworkRule): RuleHead {
    const { peers, transport } = rule;
    return {
      ...this.#any(rule),
      match: matchTypeOf(rule),
      peers: {
        selectors: ascending(peers.selectors.map((selector) => this.selectors.number(selector))),
        networkClasses: this.networks.classesOf[this.#addresses.number(peers.networks)] ?? [],
        entities: inOrder(peers.entities),
        ...(peers.reserved && { reserved: peers.reserved }),
      },
      ports: { classes: this.ports.classesOf[this.#points.number(transport.points)] ?? [], named: distinctNamedPorts(transport.named) },
    };
  }
}

function withContent({ rule, head, pattern }: HeadedRule, contents: Readonly<Record<string, Contents>>): ProgramRule {
  const match = matchOf(rule);
  if (!match) return head;
  return { ...head, content: { domain: match.domain, classes: pattern ? (contents[match.domain]?.classesOf(pattern) ?? []) : [] } };
}

/** Splits dimensions and restates the rules; reports what is too much for an automaton. */
export function normalize(typed: TypedPolicy, report: Report): VerdictSpace {
  const restatement = new Restatement(typed);
  const policies = restatement.policies();
  const headed = restatement.rules();
  const { ports, networks, selectors } = restatement;
  const ground: Ground = { selectors: selectors.values, ipv6Networks: networks.ipv6, portClasses: ports.classes };
  const http = contentsOf('http', { typed, rules: headed, ground }, report);
  const exec = contentsOf('exec', { typed, rules: headed, ground }, report);
  const rules = headed.map((rule) => withContent(rule, { http, exec }));
  const program: PolicyProgram = {
    selectors: selectors.values,
    policies,
    rules,
    classes: { ports: ports.classes, networks: networks.classes, http: http.classes.classes, exec: exec.classes.classes },
    ipv6Networks: networks.ipv6,
  };
  return { typed, program, ports: ports.pieces, networks: networks.entries, http: http.classes, exec: exec.classes };
}
