// How what the API has no words for is told.
import type { Span } from '../../../base/source.ts';
import type { NetworkRule, Policy, Rule } from '../../../ir/typed.ts';
import type { ImportOptions, JsonObject } from '../../importer.ts';

export type Refuse = (span: Span, what: string, reason: string) => void;
/** About a place that is known. */
export type Say = (what: string, reason: string) => void;
export type Context = { readonly options: ImportOptions; readonly refuse: Refuse };

/** A policy with those of its rules that can be said. */
export type Ruled = { readonly policy: Policy; readonly rules: readonly NetworkRule[] };
/** A rule as an entry of a document. */
export type Written = { readonly rule: NetworkRule; readonly entry: JsonObject };
/** A document that has no name yet. `namespace`: of a NetworkPolicy. */
export type Unnamed = {
  readonly policy: Policy;
  readonly namespace?: string;
  readonly spec: JsonObject;
  readonly ingress: readonly Written[];
  readonly egress: readonly Written[];
};

/** Is it a rule about flows, enforced, and about no more than who and where? */
export function isPlain(rule: Rule, refuse: Refuse): rule is NetworkRule {
  const say: Say = (what, reason) => refuse(rule.span, what, reason);
  if (rule.section === 'process') {
    say('a rule of `process`', 'it knows flows alone');
    return false;
  }
  if (rule.log) say('`log`', 'its rules write no records');
  const [required] = rule.require;
  if (rule.audit) say('a rule in audit mode', 'what it says is enforced');
  if (rule.layer7) say(`a block of \`${rule.layer7.domain}\``, 'it knows connections, no requests');
  if (required) say(`\`require ${required.name}\``, 'it knows who and where alone');
  return !rule.audit && !rule.layer7 && !required;
}
