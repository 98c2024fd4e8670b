// The decision of one side for everything of a cell: the speakers are asked in order for each class of content. This is
// the diff's own reading of the order; its tests hold it against the oracle.
import type { OwnedRule, Speakers } from './split.ts';
import { contentOf } from './split.ts';

/** Who decides, and what. */
export type Decision =
  | {
      readonly kind: 'rule';
      readonly owned: OwnedRule /** A condition that could not be read made this deny match. */;
      readonly undecidable: boolean;
    }
  | { readonly kind: 'default-deny' }
  | { readonly kind: 'default-allow' };

/** Does the content match a rule's pattern? Asked only of rules that have one. */
export type Truth = (owned: OwnedRule) => boolean | 'undecidable';

export const isAllowed = (decision: Decision): boolean =>
  decision.kind === 'rule' ? decision.owned.rule.action === 'allow' : decision.kind === 'default-allow';

/** The first rule that matches; an unreadable condition matches a deny only. */
export function decide({ rules, defaultDeny }: Speakers, truth: Truth): Decision {
  for (const owned of rules) {
    const holds = contentOf(owned.rule) === undefined || truth(owned);
    if (holds === true) return { kind: 'rule', owned, undecidable: false };
    if (holds === 'undecidable' && owned.rule.action === 'deny') return { kind: 'rule', owned, undecidable: true };
  }
  return { kind: defaultDeny ? 'default-deny' : 'default-allow' };
}

/** The decision about a connection: allowed by the first in order that allows some request on it; else as the unreadable one. */
export function admit({ rules }: Speakers, requests: readonly Decision[], unreadable: Decision): Decision {
  const place = (decision: Decision): number => (decision.kind === 'rule' ? rules.indexOf(decision.owned) : rules.length);
  const allowing = [unreadable, ...requests].filter(isAllowed).sort((a, b) => place(a) - place(b));
  return allowing[0] ?? unreadable;
}
