// What became of each rule that spoke about one side of an event, and why: it decided, or another stood before it in the order.
import type { Verdict } from '../ir/event.ts';
import type { Policy, Rule, TypedPolicy } from '../ir/typed.ts';
import { type RuleReading, refuses } from './oracle.ts';

/**
 * `passed-over`: stands before the decider, but a connection is decided by another; `passes`: skips the rest of its tier;
 * `skipped`: by such a pass; `audit-only`: in audit mode, nothing is enforced by it; `agrees`, `overruled`: stands after
 * the decider and says the same, or the contrary.
 */
export type Outcome = {
  readonly rule: Rule;
  readonly outcome: 'decides' | 'passed-over' | 'passes' | 'skipped' | 'audit-only' | 'agrees' | 'overruled';
  readonly why: string;
};

type Scene = {
  readonly typed: TypedPolicy;
  readonly speaking: readonly RuleReading[];
  readonly verdict: Verdict;
  /** The rule that decides what is enforced, and its place. */
  readonly decider: RuleReading | undefined;
  readonly place: number;
};

/** In deciding order. */
export function outcomesOf(typed: TypedPolicy, speaking: readonly RuleReading[], verdict: Verdict): readonly Outcome[] {
  const { cause } = verdict;
  const place = cause.kind === 'rule' ? speaking.findIndex(({ rule }) => rule.id === cause.rule) : speaking.length;
  const scene: Scene = { typed, speaking, verdict, decider: speaking[place], place };
  const passed = new Map<string, Rule>();
  let isFirst = true;
  return speaking.map(({ rule }, i): Outcome => {
    const { tier } = policyOf(typed, rule);
    const pass = passed.get(tier);
    if (rule.audit) return { rule, outcome: 'audit-only', why: auditWords(scene, rule) };
    if (pass) return { rule, outcome: 'skipped', why: `\`${pass.text}\` skips the rest of tier ${tier}` };
    if (rule.action === 'pass' && i < place) {
      passed.set(tier, rule);
      return { rule, outcome: 'passes', why: `skips the rules after it in tier ${tier}; the next tier is asked` };
    }
    if (i === place) return { rule, outcome: 'decides', why: decides(scene, isFirst) };
    isFirst = false;
    return { rule, ...against(scene, rule, i) };
  });
}

/** Rules without a policy are none. */
const unknown = { tier: 'normal', priority: 0, name: '' } as const;
const policyOf = (typed: TypedPolicy, rule: Rule): Pick<Policy, 'tier' | 'priority' | 'name'> => typed.policies[rule.policy] ?? unknown;

function against(scene: Scene, rule: Rule, i: number): Pick<Outcome, 'outcome' | 'why'> {
  const { decider, place } = scene;
  if (i < place || !decider) return { outcome: 'passed-over', why: passedOver(rule, decider?.rule) };
  const isSame = rule.action !== 'pass' && refuses(rule) === refuses(decider.rule);
  return {
    outcome: isSame ? 'agrees' : 'overruled',
    why: `${isSame ? 'says the same, and ' : ''}${after(scene.typed, decider.rule, rule)}`,
  };
}

/** Only a connection is decided by another than the first that speaks: by the first that allows some request on it. */
function passedOver(rule: Rule, decider: Rule | undefined): string {
  if (!refuses(rule)) return 'no request is allowed by it: others refuse all that it matches';
  const rest = decider ? 'the rule below allows another request on the connection' : 'other requests on the connection are not refused';
  return `refuses only the requests that it matches: ${rest}, and each request is decided by itself`;
}

/** `isFirst`: no rule that counts stands before it. */
function decides({ speaking, decider, verdict: { cause } }: Scene, isFirst: boolean): string {
  const isUndecidable = cause.kind === 'rule' && cause.undecidable === true;
  if (isUndecidable && decider?.content === 'unasked') return 'no request on the connection would be allowed';
  if (isUndecidable) return `what cannot be read is matched by a ${decider?.rule.action} rule`;
  if (!isFirst) return 'the first in order that allows some request on the connection';
  return speaking.length === 1 ? 'the only rule that matches' : 'the first in order of the rules that match';
}

/** The first difference in order between the decider and a rule behind it. */
function after(typed: TypedPolicy, decider: Rule, rule: Rule): string {
  const [one, other] = [policyOf(typed, decider), policyOf(typed, rule)];
  if (one.tier !== other.tier) return `tier ${other.tier} is asked after tier ${one.tier}`;
  if (one.priority !== other.priority) return `its policy has priority ${other.priority}, asked after ${one.priority}`;
  if (decider.priority !== rule.priority) return `its priority is ${rule.priority}, asked after ${decider.priority}`;
  if (decider.action !== rule.action) return `${rule.action} rules are asked after ${decider.action} rules`;
  return decider.policy === rule.policy ? 'stands later in its policy' : `its policy comes later by name than ${one.name}`;
}

function auditWords({ verdict: { audit } }: Scene, rule: Rule): string {
  if (audit?.cause.kind === 'rule' && audit.cause.rule === rule.id) return `in audit mode: enforced, it would decide: ${audit.action}`;
  return `in audit mode: not enforced${audit ? '' : ', and with it the verdict would be the same'}`;
}
