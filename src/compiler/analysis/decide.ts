// The decision of one side for everything of a cell: the speakers are asked in order for each class of content. This is
// the diff's own reading of the order; its tests hold it against the oracle.
import type { Tier } from '../ir/typed.ts';
import type { OwnedRule, Speakers } from './split.ts';
import { contentOf } from './split.ts';

/** Who decides, and what. */
export type Decision =
  | {
      readonly kind: 'rule';
      readonly owned: OwnedRule;
      /** A condition that could not be read made this rule match. */
      readonly undecidable: boolean;
    }
  | { readonly kind: 'default-deny' }
  | { readonly kind: 'default-allow' };

/** Does a rule's condition on the content hold? Asked only of rules that have one. */
export type Truth = (owned: OwnedRule) => boolean | 'undecidable';

export const isAllowed = (decision: Decision): boolean =>
  decision.kind === 'rule' ? decision.owned.rule.action === 'allow' : decision.kind === 'default-allow';

/** The first rule that matches and does not pass; an unreadable condition matches where the rule denies. */
export function decide({ rules, defaultDeny }: Speakers, truth: Truth): Decision {
  let passed: Tier | undefined;
  for (const owned of rules) {
    const { rule, policy } = owned;
    if (policy.tier === passed) continue;
    const holds = contentOf(rule) === undefined || truth(owned);
    if (rule.action === 'pass') {
      if (holds === true) passed = policy.tier;
    } else if (holds === true || (holds === 'undecidable' && rule.action !== 'allow')) {
      return { kind: 'rule', owned, undecidable: holds === 'undecidable' };
    }
  }
  return { kind: defaultDeny ? 'default-deny' : 'default-allow' };
}

/** The decision about a connection: allowed by the first in order that allows some request on it; else as the unreadable one. */
export function admit({ rules }: Speakers, requests: readonly Decision[], unreadable: Decision): Decision {
  const place = (decision: Decision): number => (decision.kind === 'rule' ? rules.indexOf(decision.owned) : rules.length);
  const allowing = [unreadable, ...requests].filter(isAllowed).sort((a, b) => place(a) - place(b));
  return allowing[0] ?? unreadable;
}
