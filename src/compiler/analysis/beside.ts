// What a change does that no verdict shows: services lead elsewhere, invariants come and go, rules log or require something else.
import { isEqual } from '../base/equal.ts';
import type { Invariant, Rule, Service, TypedPolicy } from '../ir/typed.ts';
import { keyOf } from './align.ts';
import { placeOf, type SourcePlace } from './event-words.ts';

/** `text`: `service shop`, the statement of an invariant, a rule as it is written. The place is that of what is there now, or was. */
export type BesideRecord = SourcePlace & {
  readonly of: 'service' | 'invariant' | 'rule';
  readonly change: 'new' | 'gone' | 'another';
  readonly text: string;
};

/** In the order of services, invariants and rules. */
export const besideVerdicts = (before: TypedPolicy, after: TypedPolicy): readonly BesideRecord[] => [
  ...servicesOf(before, after),
  ...invariantsOf(before, after),
  ...rulesOf(before, after),
];

function servicesOf({ services: old }: TypedPolicy, { services: now }: TypedPolicy): readonly BesideRecord[] {
  const said = ({ span: _, ...service }: Service) => service;
  const record = (change: BesideRecord['change'], { name, span }: Service): BesideRecord => ({
    of: 'service',
    change,
    text: `service ${name}`,
    ...placeOf(span),
  });
  const [earlier, later] = [old, now].map((list) => new Map(list.map((service) => [service.name, service])));
  return [
    ...old.flatMap((service) => (later?.has(service.name) ? [] : [record('gone', service)])),
    ...now.flatMap((service) => {
      const was = earlier?.get(service.name);
      if (was && isEqual(said(was), said(service))) return [];
      return [record(was ? 'another' : 'new', service)];
    }),
  ];
}

/** An invariant whose words are the same is the same one: what they stand for is held by `policyc test`. */
function invariantsOf({ invariants: old }: TypedPolicy, { invariants: now }: TypedPolicy): readonly BesideRecord[] {
  const key = ({ name, text }: Invariant): string => `${name}\n${text}`;
  const without = (list: readonly Invariant[], other: readonly Invariant[], change: 'new' | 'gone'): readonly BesideRecord[] => {
    const known = new Set(other.map(key));
    const missing = list.filter((one) => !known.has(key(one)));
    return missing.map(({ name, text, span }) => ({ of: 'invariant', change, text: `${JSON.stringify(name)}: ${text}`, ...placeOf(span) }));
  };
  return [...without(old, now, 'gone'), ...without(now, old, 'new')];
}

/** What a rule says that is no part of a verdict; undefined where it says nothing more. */
function attributesOf(rule: Rule): string | undefined {
  const { log, require } = rule;
  const [errno, signal] = rule.section === 'process' ? [rule.errno, rule.signal] : [];
  return log || require.length > 0 || errno !== undefined || signal !== undefined
    ? JSON.stringify([log, require, errno, signal])
    : undefined;
}

/** Rules that decide as before: others are changes of verdicts. */
function rulesOf(before: TypedPolicy, after: TypedPolicy): readonly BesideRecord[] {
  const named = ({ policies }: TypedPolicy, rule: Rule): string => policies[rule.policy]?.name ?? '';
  const bearing = [before, after].map(
    (typed) => new Set(typed.rules.flatMap((rule) => (attributesOf(rule) === undefined ? [] : [named(typed, rule)]))),
  );
  const isAsked = (name: string): boolean => bearing.some((names) => names.has(name));
  const [old, now] = [before, after].map((typed) => {
    const rules = typed.rules.filter((rule) => isAsked(named(typed, rule)));
    return new Map(rules.map((rule) => [`${named(typed, rule)} ${keyOf(rule)}`, rule]));
  });
  return [...(now ?? [])].flatMap(([key, rule]): readonly BesideRecord[] => {
    const was = old?.get(key);
    if (!was || attributesOf(was) === attributesOf(rule)) return [];
    return [{ of: 'rule', change: 'another', text: rule.text, ...placeOf(rule.span) }];
  });
}
