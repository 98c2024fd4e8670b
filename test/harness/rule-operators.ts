// What the rules of packets are made of, as words: each that decides a question says what the question was about. The lists are those
// of the language's own types, so that what is new there has no case until the generators make one.
import { speakingRules } from '../../src/compiler/analysis/oracle.ts';
import { fixedEndpoint } from '../../src/compiler/ir/abi.ts';
import { actions, entityNames, type NetworkRule, type TypedPolicy, tiers } from '../../src/compiler/ir/typed.ts';
import type { Requirement } from '../../src/compiler/space/labels.ts';
import { protocolOf, transportSlot } from '../../src/compiler/space/transport.ts';
import type { HookName } from './packet-hooks.ts';
import type { PacketQuestion } from './packet-questions.ts';

const requirements: Readonly<Record<Requirement['kind'], true>> = { 'one-of': true, 'not-one-of': true, exists: true, absent: true };
const verdicts = ['allowed', 'denied', 'dropped', 'audited'] as const;
const causes = ['rule', 'default-deny', 'default-allow', 'self'] as const;
/** No inventory of the tests has one of these. */
const nowhere: readonly string[] = ['ingress', 'init', 'unmanaged'];

/** Everything that a rule about packets, or who decides beside rules, can be made of. */
export const ruleOperators: readonly string[] = [
  ...verdicts.map((verdict) => `verdict ${verdict}`),
  ...causes.map((cause) => `cause ${cause}`),
  // What processes do is no packet, and `pass` decides nothing: it is said of who is passed over.
  ...actions.filter((action) => action !== 'kill').map((action) => `action ${action}`),
  ...tiers.map((tier) => `tier ${tier}`),
  ...Object.keys(requirements).map((kind) => `selector ${kind}`),
  ...entityNames.filter((name) => !nowhere.includes(name)).map((name) => `entity ${name}`),
  ...['entity except', 'network', 'port by name', 'requests', 'priority of a rule', 'priority of a policy'],
  ...Object.keys(transportSlot).map((protocol) => `protocol ${protocol}`),
  ...['direction ingress', 'direction egress', 'subject workload', 'subject host'],
];

/** What comes before anybody's interface is from an address that nobody has, is no reply, and is refused. */
const early =
  /^(?:verdict (?:denied|dropped)|cause (?:rule|default-deny)|action (?:deny|drop|pass)|tier .*|entity (?:all|world.*)|network|port by name|priority .*|protocol (?:tcp|udp|icmp|icmpv6)|direction ingress|subject workload)$/;
/**
 * Who calls is a workload of this machine, and so is who is called, or the host: none of them is known by an address. That the host is
 * the API server as well is told apart where packets are decided; fifty policies are too few to have it decide a call.
 */
const called =
  /^(?:network|entity (?:world.*|remote-node|health|kube-apiserver)|protocol (?:icmp|icmpv6|sctp|other)|direction ingress|subject host|cause self)$/;
/** Where packets are decided, and calls before there are any. */
export type PlaceName = HookName | 'connect';
const places: Readonly<Record<PlaceName, (operator: string) => boolean>> = {
  connect: (operator) => !called.test(operator),
  cgroup: () => true,
  interface: (operator) => operator !== 'subject host',
  early: (operator) => early.test(operator),
};
/** Can a question at this place be about it? */
export const isPossibleAt = (place: PlaceName, operator: string): boolean => places[place](operator);

function operatorsOfRule(typed: TypedPolicy, { policy, action, peers, transport, layer7, priority }: NetworkRule): readonly string[] {
  const { tier = 'normal', priority: ofPolicy = 0 } = typed.policies[policy] ?? {};
  return [
    `action ${action}`,
    `tier ${tier}`,
    ...peers.selectors.flatMap((selector) => selector.flatMap((all) => all.map(({ kind }) => `selector ${kind}`))),
    ...peers.entities.map((name) => `entity ${name}`),
    ...(peers.reserved?.some(({ except }) => except.length > 0) ? ['entity except'] : []),
    ...(peers.networks.length > 0 ? ['network'] : []),
    ...(transport.named.length > 0 ? ['port by name'] : []),
    ...(layer7 ? ['requests'] : []),
    ...(priority === 0 ? [] : ['priority of a rule']),
    ...(ofPolicy === 0 ? [] : ['priority of a policy']),
  ];
}

/** What a question is about: who decides it, and each `pass` that has something to say. */
export function operatorsOf(
  typed: TypedPolicy,
  { event, direction, subject, expected }: Omit<PacketQuestion, 'packet'>,
): readonly string[] {
  const { action, cause } = expected;
  const decider = cause.kind === 'rule' ? typed.rules[cause.rule] : undefined;
  const passes = speakingRules(typed, direction, event).some((rule) => rule.action === 'pass');
  return [
    `verdict ${action}`,
    `cause ${cause.kind}`,
    `direction ${direction}`,
    `subject ${subject === fixedEndpoint.host ? 'host' : 'workload'}`,
    `protocol ${protocolOf(event.point).protocol}`,
    ...(passes ? ['action pass'] : []),
    ...(decider && decider.section !== 'process' ? operatorsOfRule(typed, decider) : []),
  ];
}
