// Process rules -> Tetragon's policies. Refusals of a policy are independent of all else and become one document; where a class
// has rules that allow, a hook's selectors stand in deciding order, the first that matches decides. What only reports stands in documents
// of its own, for a selector that posts would end the search for one that refuses. What Tetragon cannot say is reported at its rule.
import { errnoNames, signalNames } from '../../../base/kernel-names.ts';
import type { Span } from '../../../base/source.ts';
import type { Report } from '../../../diagnostics/diagnostic.ts';
import { inDecidingOrder } from '../../../ir/deciding-order.ts';
import type { Policy, ProcessRule, Rule, TypedPolicy } from '../../../ir/typed.ts';
import { sourceAnnotations } from '../../annotations.ts';
import type { Json, JsonObject } from '../../importer.ts';
import { selectorOf } from './filters.ts';
import { everySyscall, type Site, sitesOf } from './hooks.ts';
import { subjectsOf } from './subject.ts';

/** Selectors of one hook. */
const mostSelectors = 5;
const target = 'tetragon';

/** A rule, or a default deny, as what a hook does. */
type Step = {
  readonly class: string;
  readonly sites: readonly Site[];
  readonly actions: readonly JsonObject[];
  readonly span: Span;
  readonly message?: string;
};
/** Steps of one subject in their order; `isOrdered`: some of them allow. */
type Plan = { readonly policy: Policy; readonly suffix: string; readonly steps: readonly Step[]; readonly isOrdered: boolean };

const isProcess = (rule: Rule): rule is ProcessRule => rule.section === 'process';

/** The documents of a unit's process rules. */
export function exportTetragon(typed: TypedPolicy, report: Report): readonly JsonObject[] {
  const refuse = (span: Span, what: string, reason: string): void => report('export/unsupported', span, { target, what, reason });
  for (const rule of typed.rules)
    if (!isProcess(rule)) refuse(rule.span, `a rule of \`${rule.section}\``, 'it knows programs and hooks, no flows');
  const rules = inDecidingOrder(typed).filter(isProcess);
  const classes = [
    ...new Set([...rules.map(({ match }) => match.domain), ...typed.policies.flatMap(({ defaultDeny }) => defaultDeny.process)]),
  ].sort();
  const plans = classes.flatMap((name) => plansOf({ name, typed, rules: rules.filter(({ match }) => match.domain === name), refuse }));
  return together(plans).flatMap((plan) => documentsOf(plan, refuse));
}

type Refuse = (span: Span, what: string, reason: string) => void;
type OfClass = { readonly name: string; readonly typed: TypedPolicy; readonly rules: readonly ProcessRule[]; readonly refuse: Refuse };

function plansOf(of: OfClass): readonly Plan[] {
  const { name, typed, rules, refuse } = of;
  const policies = typed.policies.filter(
    ({ id, defaultDeny }) => rules.some(({ policy }) => policy === id) || defaultDeny.process.includes(name),
  );
  const allowing = rules.filter(({ action }) => action === 'allow' || action === 'pass');
  const isOrdered = allowing.length > 0 || policies.some(({ defaultDeny }) => defaultDeny.process.includes(name));
  if (!isOrdered) {
    const firstDeny = rules.findIndex(({ action, audit }) => action === 'deny' && !audit);
    const behind = rules.find(({ action, audit }, i) => action === 'kill' && !audit && firstDeny >= 0 && i > firstDeny);
    if (behind) refuse(behind.span, `a \`kill\` of \`${name}\` behind a \`deny\``, 'each of its policies acts, whatever the others do');
    return policies.flatMap((policy) => independent(of, policy));
  }
  const subjects = new Set(policies.map(({ subject }) => JSON.stringify(subject)));
  const [first] = policies;
  for (const rule of allowing) if (rule.action === 'pass') refuse(rule.span, '`pass`', 'its policies have no tiers');
  if (subjects.size > 1) {
    const span = allowing[0]?.span ?? first?.span;
    if (span)
      refuse(span, `an allow-list of \`${name}\` beside policies of other subjects`, 'what one of its policies refuses, no other allows');
    return [];
  }
  return first ? ordered(of, first, policies) : [];
}

/** Rules that only refuse: each holds by itself. */
function independent({ rules, refuse }: OfClass, policy: Policy): readonly Plan[] {
  const own = rules.filter((rule) => rule.policy === policy.id);
  return [false, true].map((audit) => ({
    policy,
    suffix: audit ? '-observed' : '',
    steps: own.filter((rule) => rule.audit === audit).flatMap((rule) => stepOf(rule, refuse)),
    isOrdered: false,
  }));
}

/** What is enforced, then what would be: rules that allow end the search, a default deny ends it for all. */
function ordered({ name, rules, refuse }: OfClass, policy: Policy, policies: readonly Policy[]): readonly Plan[] {
  const isDenied = (audit: boolean): boolean => policies.some((one) => one.audit === audit && one.defaultDeny.process.includes(name));
  const everything = (audit: boolean): readonly Step[] => {
    const by = policies.find((one) => one.audit === audit && one.defaultDeny.process.includes(name));
    const sites = by && sitesOf(name, [], (what) => refuse(by.span, what, 'no hook sees it'));
    return by && sites
      ? [{ class: name, sites, actions: audit ? [{ action: 'Post' }] : [{ action: 'Override', argError: -1 }], span: by.span }]
      : [];
  };
  const enforced = withoutTail([...rules.filter(({ audit }) => !audit).flatMap((rule) => stepOf(rule, refuse)), ...everything(false)]);
  const isObserved = rules.some(({ audit }) => audit) || isDenied(true);
  const observed = isObserved ? withoutTail([...rules.flatMap((rule) => observedStep(rule, refuse)), ...everything(true)]) : [];
  for (const [i, { span, audit, action }] of rules.entries())
    if (audit && action === 'allow' && (isDenied(false) || rules.slice(i).some((one) => !one.audit && one.action !== 'allow')))
      refuse(
        span,
        `an \`allow\` of \`${name}\` in audit mode beside what is refused`,
        'it reports what it would refuse, not what it would let',
      );
  for (const { span } of new Set([enforced, observed].flatMap(acrossHooks)))
    refuse(span, `an \`allow\` of \`${name}\` beside refusals by another hook`, 'what is allowed there ends no search here');
  return [
    { policy, suffix: '', steps: enforced, isOrdered: true },
    { policy, suffix: '-observed', steps: observed, isOrdered: true },
  ];
}

const allows = ({ actions }: Step): boolean => actions.every(({ action }) => action === 'NoPost');

/** Steps that allow where both hooks of single system calls and the one of all see the same event. */
function acrossHooks(steps: readonly Step[]): readonly Step[] {
  const calls = steps.flatMap(({ sites }) => sites.map(({ hook }) => hook['call'] === everySyscall));
  return new Set(calls).size > 1 ? steps.filter(allows) : [];
}

/** Steps that allow what nothing after them refuses do nothing. */
const withoutTail = (steps: readonly Step[]): readonly Step[] => steps.slice(0, steps.findLastIndex((step) => !allows(step)) + 1);

/** What is enforced is not reported a second time. */
const observedStep = (rule: ProcessRule, refuse: Refuse): readonly Step[] =>
  stepOf(rule, refuse).map((step) => (rule.audit ? step : { ...step, actions: [{ action: 'NoPost' }] }));

function stepOf(rule: ProcessRule, refuse: Refuse): readonly Step[] {
  const { match, span, log } = rule;
  const sites = match.lines.flatMap((line) => sitesOf(match.domain, line, (what) => refuse(span, what, 'no filter says it')) ?? []);
  return sites.length === 0 ? [] : [{ class: match.domain, sites, actions: actionsOf(rule), span, ...(log && { message: log.text }) }];
}

const errnoNumber = (name: string): number => {
  const at = errnoNames.indexOf(name) + 1;
  return at + (at >= 41 ? 1 : 0) + (at >= 57 ? 1 : 0);
};

function actionsOf({ action, audit, errno = 'EPERM', signal = 'SIGKILL', log }: ProcessRule): readonly JsonObject[] {
  const rate = log?.rate === undefined ? {} : { rateLimit: `${Math.max(1, Math.round(1 / log.rate))}s` };
  if (action === 'allow') return [{ action: 'NoPost' }];
  if (audit) return [{ action: 'Post', ...rate }];
  const number = signalNames.indexOf(signal) + 1;
  if (action === 'kill') return [number === 9 ? { action: 'Sigkill' } : { action: 'Signal', argSig: number }];
  return [{ action: 'Override', argError: -errnoNumber(errno) }];
}

/** Plans of one policy and name are one document. */
function together(plans: readonly Plan[]): readonly Plan[] {
  const found = new Map<string, Plan>();
  for (const plan of plans.filter(({ steps }) => steps.length > 0)) {
    const key = `${plan.policy.id}${plan.suffix}`;
    const before = found.get(key);
    found.set(key, before ? { ...before, steps: [...before.steps, ...plan.steps], isOrdered: before.isOrdered || plan.isOrdered } : plan);
  }
  return [...found.values()].sort((a, b) => a.policy.id - b.policy.id || (a.suffix < b.suffix ? -1 : 1));
}

type HookEntry = { readonly hook: JsonObject; readonly selectors: JsonObject[]; readonly messages: Set<string>; readonly span: Span };

function documentsOf({ policy, suffix, steps, isOrdered }: Plan, refuse: Refuse): readonly JsonObject[] {
  const hooks = new Map<string, HookEntry>();
  for (const { sites, actions, span, message } of steps)
    for (const { hook, filters } of sites) {
      // Arguments of a hook are those that some selector asks for.
      const key = String(hook['call']);
      const entry = hooks.get(key) ?? { hook, selectors: [], messages: new Set(), span };
      hooks.set(key, { ...entry, hook: withArguments(entry.hook, hook) });
      entry.selectors.push(...filters.map((one) => selectorOf(one, actions)));
      if (message !== undefined) entry.messages.add(message);
    }
  for (const { selectors, span, hook } of hooks.values())
    if (isOrdered && selectors.length > mostSelectors)
      refuse(span, `more than ${mostSelectors} selectors of \`${String(hook['call'])}\``, 'they have an order, and stand in one hook');
  const subjects = subjectsOf(policy, (what) => refuse(policy.span, what, 'it selects pods, containers by name, and the host'));
  const parts = partsOf([...hooks.values()]);
  return subjects.flatMap((subject, i) =>
    parts.map((kprobes, j) => documentOf({ policy, name: named(policy.name + suffix, i, j), subject, kprobes })),
  );
}

const named = (name: string, ...places: readonly number[]): string => {
  const place = places.filter((at) => at > 0).map((at) => `-${at + 1}`);
  return `${name}${place.join('')}`.toLowerCase().replace(/[^a-z0-9.-]+/g, '-');
};

function withArguments(one: JsonObject, other: JsonObject): JsonObject {
  const list = (hook: JsonObject): readonly Json[] => (Array.isArray(hook['args']) ? hook['args'] : []);
  const all = [...new Map([...list(one), ...list(other)].map((arg) => [JSON.stringify(arg), arg])).values()];
  return { ...one, ...(all.length > 0 && { args: all }) };
}

/** A hook takes some selectors: the others stand in further documents. */
function partsOf(hooks: readonly HookEntry[]): readonly (readonly JsonObject[])[] {
  const most = Math.max(1, ...hooks.map(({ selectors }) => Math.ceil(selectors.length / mostSelectors)));
  return Array.from({ length: most }, (_, i) =>
    hooks.flatMap(({ hook, selectors, messages }): readonly JsonObject[] => {
      const some = selectors.slice(i * mostSelectors, (i + 1) * mostSelectors);
      const [message, ...more] = messages;
      return some.length === 0 ? [] : [{ ...hook, ...(message !== undefined && more.length === 0 && { message }), selectors: some }];
    }),
  );
}

type Written = { readonly policy: Policy; readonly name: string; readonly subject: JsonObject; readonly kprobes: readonly JsonObject[] };

function documentOf({ policy, name, subject, kprobes }: Written): JsonObject {
  const every = kprobes.some(({ call }) => call === everySyscall);
  return {
    apiVersion: 'cilium.io/v1alpha1',
    kind: 'TracingPolicy',
    metadata: { name, annotations: sourceAnnotations(policy) },
    spec: { ...subject, ...(every && { lists: [{ name: 'every-syscall', type: 'generated_syscalls' }] }), kprobes },
  };
}
