// Cilium's policies have one tier and no priorities: of the rules that match, a denial decides. So an order has a form there where no
// rule that allows goes before a denial of the same event, and none that passes before a rule of its tier.
import { inDecidingOrder } from '../../../ir/deciding-order.ts';
import type { NetworkRule, Policy, Rule, TypedPolicy } from '../../../ir/typed.ts';
import { mayOverlap, type Ruled } from '../../overlap.ts';

/** Of one rule, because of another. */
export type Say = (rules: readonly [Rule, Rule], what: string, reason: string) => void;
/** `ends`: denials that its proxy makes by itself, where the requests of a rule end. `last`: policies behind all that is written. */
export type Unit = Pick<TypedPolicy, 'policies' | 'rules'> & { readonly ends: ReadonlySet<Rule>; readonly last: ReadonlySet<Policy> };

const isDenial = ({ action }: Rule): boolean => action === 'deny' || action === 'drop';

/** The rules that one tier would turn round: told, and left out. What is in audit mode, and of processes, is told elsewhere. */
export function turnedRules({ policies, rules, ends, last }: Unit, say: Say): ReadonlySet<Rule> {
  const before: Ruled[] = [];
  const found = new Map<Rule, { readonly other: Rule; readonly isBehind: boolean }>();
  for (const rule of inDecidingOrder({ policies, rules })) {
    const policy = policies[rule.policy];
    if (rule.section === 'process' || rule.audit || !policy) continue;
    const one: Ruled = { rule, policy };
    for (const earlier of before) {
      const turned = turnedOf(earlier, one, { ends, last });
      if (turned && !found.has(turned))
        found.set(turned, turned === rule ? { other: earlier.rule, isBehind: true } : { other: rule, isBehind: false });
    }
    if (!isDenial(rule) || ends.has(rule)) before.push(one);
  }
  for (const [rule, { other, isBehind }] of found) {
    const [what, reason] = wordsOf(rule, isBehind);
    say([rule, other], what, reason);
  }
  return new Set(found.keys());
}

/** Which of the two cannot be written. */
function turnedOf(earlier: Ruled, later: Ruled, { ends, last }: Pick<Unit, 'ends' | 'last'>): NetworkRule | undefined {
  const isTurned = (): boolean => {
    switch (earlier.rule.action) {
      case 'allow':
        return isDenial(later.rule) && !ends.has(later.rule);
      case 'pass':
        return earlier.policy.tier === later.policy.tier && later.rule.action !== 'pass';
      // The agent asks nothing behind its proxy.
      default:
        return later.rule.action === 'allow' && !last.has(later.policy);
    }
  };
  if (!isTurned() || !mayOverlap(earlier, later)) return undefined;
  return isDenial(earlier.rule) ? later.rule : earlier.rule;
}

function wordsOf({ action }: Rule, isBehind: boolean): readonly [what: string, reason: string] {
  if (action === 'pass') return ['`pass` before another rule of its tier', 'its policies have one tier'];
  return isBehind
    ? ['`allow` behind a denial of other requests', 'its proxy lets pass what any rule allows']
    : ['`allow` before a denial', 'of its rules a denial decides, whatever else allows'];
}

/** `ends`: denials that say that requests end where no rule allows them. `ended`: the rules whose requests do. */
export type Ends = { readonly ends: ReadonlySet<Rule>; readonly ended: ReadonlySet<Rule> };

/** The proxy ends requests of workloads that are isolated: what a policy that does not isolate says of them is another thing. */
export function endsIn({ policies, rules }: Pick<TypedPolicy, 'policies' | 'rules'>): Ends {
  const asking = new Map<string, NetworkRule[]>();
  const ends = new Set<Rule>();
  for (const rule of rules) {
    if (rule.section === 'process' || rule.action !== 'allow' || !rule.layer7) continue;
    const key = keyOf(rule);
    asking.set(key, [...(asking.get(key) ?? []), rule]);
  }
  const ended = rules.flatMap((rule) => {
    if (rule.section === 'process' || rule.action !== 'deny' || rule.audit || rule.layer7) return [];
    const found = asking.get(keyOf(rule)) ?? [];
    const isIsolated = policies[rule.policy]?.defaultDeny[rule.section] === true;
    if (!isIsolated || found.length === 0 || found.some(({ priority }) => priority >= rule.priority)) return [];
    ends.add(rule);
    return found;
  });
  return { ends, ended: new Set(ended) };
}

const keyOf = ({ policy, section, peers, transport }: NetworkRule): string =>
  JSON.stringify([policy, section, peers, transport], (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one));
