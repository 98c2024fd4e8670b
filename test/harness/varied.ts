// A policy turned into one that uses more of what the target `native` holds: tiers, priorities, `pass`, `drop`, `kill` and
// audit mode strewn over the rules of a simpler one.
import type { Action, Policy, Rule, TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { tiers } from '../../src/compiler/ir/typed.ts';
import type { Random } from './random.ts';

const priority = (random: Random, before: number): number => (random.chance(0.25) ? random.int(5) - 2 : before);

function variedPolicy(random: Random, policy: Policy): Policy {
  const tier = random.chance(0.3) ? random.pick(tiers) : policy.tier;
  const brings = tier === 'normal' ? policy.defaultDeny : { ingress: false, egress: false, process: [] };
  return { ...policy, tier, priority: priority(random, policy.priority), audit: random.chance(0.15), defaultDeny: brings };
}

function variedAction(random: Random, { action, section }: Rule): Action {
  if (random.chance(0.1)) return 'pass';
  return action === 'deny' && random.chance(0.3) ? (section === 'process' ? 'kill' : 'drop') : action;
}

/** What the target refuses is not made: requests are neither dropped nor audited, and a network `pass` is enforced. */
function variedRule(random: Random, rule: Rule, policy: Policy | undefined): Rule {
  const isRequest = rule.section !== 'process' && rule.layer7 !== undefined;
  const action = isRequest ? rule.action : variedAction(random, rule);
  const canBeAudit = rule.section === 'process' || (!isRequest && action !== 'pass');
  const audit = canBeAudit && (policy?.audit === true || random.chance(0.1));
  return { ...rule, action, audit, priority: priority(random, rule.priority) };
}

export function varied(random: Random, typed: TypedPolicy): TypedPolicy {
  const policies = typed.policies.map((policy) => variedPolicy(random, policy));
  return { ...typed, policies, rules: typed.rules.map((rule) => variedRule(random, rule, policies[rule.policy])) };
}
