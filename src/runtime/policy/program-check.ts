// Are the numbers of a program ones that exist? A bundle is input: an index out of range must be a message at load, not
// a wrong verdict later.
import { limits } from '../../compiler/ir/abi.ts';
import type { PolicyProgram, ProgramRule, SourceTable } from '../../compiler/ir/bundle.ts';
import { tiers } from '../../compiler/ir/typed.ts';

const ascendingBelow = (list: readonly number[], end: number): boolean =>
  list.every((value, i) => value < end && (i === 0 || value > (list[i - 1] ?? 0)));

function ruleFault(program: PolicyProgram, rule: ProgramRule): string | undefined {
  const { selectors, classes } = program;
  const name = `rule ${rule.rule}`;
  if (rule.subject >= selectors.length) return `${name} names a subject that does not exist`;
  if ((rule.section === 'process') !== (rule.peers === undefined)) return `${name} has peers if and only if it is no network rule`;
  if ((rule.peers === undefined) !== (rule.ports === undefined)) return `${name} has peers without ports, or ports without peers`;
  if (rule.section === 'process' && rule.content === undefined) return `${name} is a process rule without content`;
  if (rule.peers && !ascendingBelow(rule.peers.selectors, selectors.length)) return `${name} names a selector that does not exist`;
  if (rule.peers && !ascendingBelow(rule.peers.networkClasses, classes.networks))
    return `${name} names a network class that does not exist`;
  if (rule.ports && !ascendingBelow(rule.ports.classes, classes.ports)) return `${name} names a port class that does not exist`;
  if (rule.action === (rule.section === 'process' ? 'drop' : 'kill')) return `${name} has an action that its section does not know`;
  if (!rule.content) return undefined;
  if (rule.peers && rule.action === 'pass') return `${name} passes requests over, which only connections are`;
  const domain = rule.section === 'process' ? 'exec' : 'http';
  if (rule.content.domain !== domain) return `${name} is about \`${rule.content.domain}\`, which this version does not know there`;
  if (!ascendingBelow(rule.content.classes, classes[domain])) return `${name} names a class of content that does not exist`;
  return undefined;
}

function sizeFault({ classes, ipv6Networks }: PolicyProgram): string | undefined {
  if (classes.ports < 1) return 'no port has a class';
  if (Math.min(classes.networks, classes.http, classes.exec) < 2) return 'a dimension lacks its first two classes';
  if ([classes.ports, classes.http, classes.exec].some((count) => count > limits.classes)) return 'a dimension has too many classes';
  return ascendingBelow(ipv6Networks, classes.networks) ? undefined : 'an IPv6 network class does not exist';
}

/** The first number that points nowhere, as text; undefined when all is well. */
export function programFault(program: PolicyProgram, sources: SourceTable): string | undefined {
  const { selectors, policies, rules } = program;
  const size = sizeFault(program);
  if (size !== undefined) return size;
  if (policies.length !== sources.policies.length || rules.length !== sources.rules.length) return 'program and source table do not fit';
  if (policies.some((policy) => policy.subject >= selectors.length)) return 'a policy names a subject that does not exist';
  if (new Set(rules.map(({ rule }) => rule)).size !== rules.length) return 'two rules have one number';
  if (rules.some(({ rule }) => rule >= sources.rules.length)) return 'a rule is not in the source table';
  if (sources.rules.some(({ policy }) => policy >= sources.policies.length)) return 'a rule is of a policy that does not exist';
  const order = rules.map(({ tier }) => tiers.indexOf(tier));
  if (order.some((tier, i) => tier < (order[i - 1] ?? 0))) return 'its rules are not in the order of their tiers';
  for (const rule of rules) {
    const fault = ruleFault(program, rule);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
