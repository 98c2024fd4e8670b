// Branded numbers. A RuleId is minted once, in 3-check, in the order (policy name, place in the policy); that order
// is the last tie-breaker of the meaning (grammar/README.md, "Order").

declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

/** Index of a rule in `TypedPolicy.rules`: dense from 0, in the order (policy name, place in the policy). */
export type RuleId = Branded<'RuleId'>;
/** Index of a policy in `TypedPolicy.policies`: dense from 0, in the order of names (code-unit order). */
export type PolicyId = Branded<'PolicyId'>;

export const ruleId = (index: number): RuleId => index as RuleId;
export const policyId = (index: number): PolicyId => index as PolicyId;
