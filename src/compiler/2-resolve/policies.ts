// A policy: its attributes, and its sections together with those that it uses.
import type { Span } from '../base/source.ts';
import type { PolicyAst } from '../ir/ast.ts';
import type { Attribute, ResolvedPolicyBlock, ResolvedRule, ResolvedSection } from '../ir/resolved.ts';
import type { Direction, Tier } from '../ir/typed.ts';
import { annotationsOf } from './annotations.ts';
import { attributesOf } from './attributes.ts';
import { type Part, partsOf } from './sections.ts';
import type { Place } from './unit.ts';
import type { Uses } from './uses.ts';
import { boundValue } from './values.ts';
import { reservedWords, tiers } from './vocabulary.ts';

export function policyOf(place: Place, policy: PolicyAst, uses: Uses): ResolvedPolicyBlock {
  const { unit, scope } = place;
  const { name, span } = policy;
  if (reservedWords.includes(name.text))
    unit.report('resolve/reserved-name', name.span, { name: name.text, meaning: 'a word of the grammar' });
  if (policy.sections.length + policy.uses.length === 0 && scope.file.isWhole)
    unit.report('resolve/no-sections', name.span, { kind: 'policy', name: name.text });
  const attributes = attributesOf(unit, policy.attributes, { kind: 'policy' });
  const parts = [...partsOf(place, policy.sections, undefined), ...policy.uses.flatMap((use) => uses.partsOf(place, use))];
  if (policy.uses.length > 0) parts.sort(byPlace);
  const rules = parts.flatMap((part) => part.rules);
  return {
    name: name.text,
    span: name.span,
    subject: boundValue(place, policy.subject),
    tier: tierOf(attributes),
    attributes: attributes.filter((one) => one.name !== 'tier'),
    annotations: annotationsOf(place, policy.annotations, { target: 'policy', scope: span }),
    ...defaultsOf(parts),
    rules,
    ruleNames: scope.file.isWhole ? ruleNamesOf(rules) : undefined,
  };
}

/** Sections in the order of the text; those of one `use` stay in the order of their block. */
const byPlace = (a: Part, b: Part): number => (a.usedAt ?? a.span).start - (b.usedAt ?? b.span).start;

function tierOf(attributes: readonly Attribute[]): Tier {
  const word = attributes.find(({ name }) => name === 'tier')?.operands[0];
  return tiers.find((one) => word?.kind === 'word' && one === word.text) ?? 'normal';
}

type Defaults = Pick<ResolvedPolicyBlock, 'ingress' | 'egress' | 'defaultDeny'>;

function defaultsOf(parts: readonly Part[]): Defaults {
  const of = (direction: Direction): ResolvedSection | undefined => {
    const own = parts.filter(({ section }) => section === direction);
    const first = own.find(({ usedAt }) => !usedAt) ?? own[0];
    return first && { span: first.usedAt ?? first.span, defaultAllow: own.some(({ defaults }) => defaults.length > 0) };
  };
  const denied = new Map<string, Span>();
  for (const { defaults, usedAt } of parts)
    for (const { span, says } of defaults) if (says.kind === 'deny' && !denied.has(says.domain)) denied.set(says.domain, usedAt ?? span);
  const defaultDeny = [...denied].map(([domain, span]) => ({ domain, span })).sort((a, b) => (a.domain < b.domain ? -1 : 1));
  const [ingress, egress] = [of('ingress'), of('egress')];
  return { ...(ingress ? { ingress } : {}), ...(egress ? { egress } : {}), defaultDeny };
}

const noRuleNames: ReadonlySet<string> = new Set();

function ruleNamesOf(rules: readonly ResolvedRule[]): ReadonlySet<string> {
  const names = rules.flatMap(({ annotations }) =>
    annotations.flatMap(({ name, values: [value] }) => (name === 'name' && value?.kind === 'string' ? [value.text] : [])),
  );
  return names.length > 0 ? new Set(names) : noRuleNames;
}
