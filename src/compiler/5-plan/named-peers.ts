// Which rules about names the kernel can decide. An address has any number of names, and what it and they come to is the verdict of the
// one rule that stands first: that holds where this rule decides everything. What only passes over, reports, or reads requests
// would have to be joined with the rules behind it, for each set of names anew.
import { inDecidingOrder } from '../ir/deciding-order.ts';
import type { NetworkRule, Rule, TypedPolicy } from '../ir/typed.ts';
import { sharing } from './mixed-protocols.ts';

const isAboutNames = (rule: Rule): rule is NetworkRule => rule.section !== 'process' && rule.peers.domains.length > 0;
const decidesAll = ({ layer7, audit, action }: NetworkRule): boolean => layer7 === undefined && !audit && action !== 'pass';

/** Entities that addresses of nothing managed are of. */
const ofAddresses: readonly string[] = ['all', 'world', 'world-ipv4', 'world-ipv6'];
const mayBeAddresses = ({ peers: { networks, entities } }: NetworkRule): boolean =>
  networks.length > 0 || entities.some((name) => ofAddresses.includes(name));

/** What a rule about names that cannot be decided is, beside that. */
export function undecidedNames(rule: NetworkRule): string | undefined {
  if (!isAboutNames(rule) || decidesAll(rule)) return undefined;
  if (rule.layer7) return `with a \`${rule.layer7.domain}\` block`;
  return rule.audit ? 'in audit mode' : 'of `pass` rules';
}

/** The rules about names behind one that does not decide all of a connection that both may be about. */
export function behindUndecided(typed: TypedPolicy): ReadonlySet<NetworkRule> {
  if (!typed.rules.some(isAboutNames)) return new Set();
  const shares = sharing(typed);
  const before: NetworkRule[] = [];
  const found = new Set<NetworkRule>();
  for (const rule of inDecidingOrder(typed)) {
    if (rule.section === 'process') continue;
    if (isAboutNames(rule) && before.some((other) => shares(rule, other))) found.add(rule);
    if (!decidesAll(rule) && mayBeAddresses(rule)) before.push(rule);
  }
  return found;
}
