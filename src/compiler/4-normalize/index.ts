// TypedPolicy -> VerdictSpace: splits every static dimension into the classes that the rules can tell apart, and restates
// the rules over class numbers, in deciding order (grammar/README.md, "Order"). Nothing here depends on a machine.
import type { Report } from '../diagnostics/diagnostic.ts';
import { matchType } from '../ir/abi.ts';
import type { PolicyProgram, ProgramPolicy, ProgramRule } from '../ir/bundle.ts';
import type { Action, NamedPort, NetworkRule, ProcessRule, Rule, TypedPolicy } from '../ir/typed.ts';
import type { VerdictSpace } from '../ir/verdict-space.ts';
import type { AddressSet } from '../space/address.ts';
import type { Selector } from '../space/labels.ts';
import { partitionAddresses, partitionLine } from '../space/partition.ts';
import { type TransportSet, transportPoints } from '../space/transport.ts';
import { type Contents, contentsOf } from './content.ts';
import { Interned, intervalsKey } from './intern.ts';
import { matchTypeOf } from './match-type.ts';
import { reportUnreachable } from './unreachable.ts';

/** Deny decides before allow. */
const strength: Readonly<Record<Action, number>> = { deny: 0, allow: 1 };

/** The order in which rules are asked: deny before allow, then (policy name, place), which RuleIds follow. */
const inDecidingOrder = (rules: readonly Rule[]): readonly Rule[] =>
  [...rules].sort((a, b) => strength[a.action] - strength[b.action] || a.id - b.id);

const ascending = (numbers: Iterable<number>): readonly number[] => [...new Set(numbers)].sort((a, b) => a - b);
const isNetworkRule = (rule: Rule): rule is NetworkRule => rule.section !== 'process';
const selectorKey = (selector: Selector): string => JSON.stringify(selector);

function distinctNamedPorts(named: readonly NamedPort[]): readonly NamedPort[] {
  const distinct = new Interned<NamedPort>(({ protocol, name }) => `${protocol} ${name}`);
  for (const { protocol, name } of named) distinct.number({ protocol, name });
  return distinct.values;
}

/** What rules are restated with: numbers of selectors, and classes of sets. */
class Restatement {
  readonly selectors = new Interned<Selector>(selectorKey);
  readonly #points = new Interned<TransportSet>(intervalsKey);
  readonly #networks = new Interned<AddressSet>(intervalsKey);
  readonly #typed: TypedPolicy;
  readonly #contents: Readonly<Record<string, Contents>>;

  constructor(typed: TypedPolicy, contents: Readonly<Record<string, Contents>>) {
    this.#typed = typed;
    this.#contents = contents;
    for (const { transport, peers } of typed.rules.filter(isNetworkRule)) {
      this.#points.number(transport.points);
      this.#networks.number(peers.networks);
    }
  }

  partitions() {
    const ports = partitionLine(this.#points.values, transportPoints);
    const networks = partitionAddresses(this.#networks.values);
    return { ports, networks };
  }

  policies(): readonly ProgramPolicy[] {
    return this.#typed.policies.map(({ subject, defaultDeny }) => ({ subject: this.selectors.number(subject), defaultDeny }));
  }

  rules({ ports, networks }: ReturnType<Restatement['partitions']>): readonly ProgramRule[] {
    const classes = { points: ports.classesOf, networks: networks.classesOf };
    return inDecidingOrder(this.#typed.rules).map((rule) => (isNetworkRule(rule) ? this.#network(rule, classes) : this.#process(rule)));
  }

  #head(rule: Rule) {
    const subject = this.#typed.policies[rule.policy]?.subject ?? [];
    return { rule: rule.id, subject: this.selectors.number(subject), section: rule.section, action: rule.action };
  }

  #network(
    rule: NetworkRule,
    classes: { readonly points: readonly (readonly number[])[]; readonly networks: readonly (readonly number[])[] },
  ): ProgramRule {
    const { peers, transport, layer7 } = rule;
    return {
      ...this.#head(rule),
      peers: {
        selectors: ascending(peers.selectors.map((selector) => this.selectors.number(selector))),
        networkClasses: classes.networks[this.#networks.number(peers.networks)] ?? [],
        entities: [...new Set(peers.entities)].sort(),
      },
      ports: { classes: classes.points[this.#points.number(transport.points)] ?? [], named: distinctNamedPorts(transport.named) },
      ...(layer7 ? { content: { domain: layer7.domain, classes: this.#contents[layer7.domain]?.classesOf(layer7.pattern) ?? [] } } : {}),
      match: matchTypeOf(rule),
    };
  }

  #process(rule: ProcessRule): ProgramRule {
    const { domain, pattern } = rule.match;
    return { ...this.#head(rule), content: { domain, classes: this.#contents[domain]?.classesOf(pattern) ?? [] }, match: matchType.layer7 };
  }
}

/** Splits dimensions and restates the rules; reports what is too much for an automaton. */
export function normalize(typed: TypedPolicy, report: Report): VerdictSpace {
  const http = contentsOf(typed, 'http', report);
  const exec = contentsOf(typed, 'exec', report);
  const restatement = new Restatement(typed, { http, exec });
  const partitions = restatement.partitions();
  const { ports, networks } = partitions;
  const policies = restatement.policies();
  const rules = restatement.rules(partitions);
  const program: PolicyProgram = {
    selectors: restatement.selectors.values,
    policies,
    rules,
    classes: { ports: ports.classes, networks: networks.classes, http: http.classes.classes, exec: exec.classes.classes },
    ipv6Networks: networks.ipv6,
  };
  if (!http.isTooLarge && !exec.isTooLarge) reportUnreachable(program, typed, report);
  return { typed, program, ports: ports.pieces, networks: networks.entries, http: http.classes, exec: exec.classes };
}
