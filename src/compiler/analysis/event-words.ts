// One concrete event, and who decided it, in words: the same in tests, diffs and messages.
import { positionAt, type Span } from '../base/source.ts';
import type { Content, DomainSpec, Domains, FieldSpec, FieldValues } from '../domains/domain.ts';
import type { Cause, Decided, Endpoint, PolicyEvent, Verdict } from '../ir/event.ts';
import type { Action, Section, Tier, TypedPolicy } from '../ir/typed.ts';
import { formatAddress } from '../space/address.ts';
import { clusterKey, type Labels, namespaceKey, namespaceLabelKey } from '../space/labels.ts';
import { protocolOf, type TransportPoint } from '../space/transport.ts';
import { readableFields } from './content-encoding.ts';

const text = (value: string): string => JSON.stringify(value);
const keyWords = (key: string): string => (/^[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*$/.test(key) ? key : text(key));

const ofNamespace = namespaceLabelKey('');
const bracesOf = (entries: readonly (readonly [string, string])[]): string =>
  `{ ${entries.map(([key, value]) => `${keyWords(key)}: ${text(value)}`).join(', ')} }`;

/** `{ app: "cart" } in namespace "shop" in namespace { team: "x" } in cluster "c"`. */
export function labelsWords(labels: Labels): string {
  const own = Object.entries(labels).filter(([key]) => !key.startsWith('@'));
  const ofPlace = Object.entries(labels).flatMap(([key, value]) =>
    key.startsWith(ofNamespace) ? [[key.slice(ofNamespace.length), value] as const] : [],
  );
  const [namespace, cluster] = [labels[namespaceKey], labels[clusterKey]];
  const places = [
    ...(namespace === undefined ? [] : [` in namespace ${text(namespace)}`]),
    ...(ofPlace.length === 0 ? [] : [` in namespace ${bracesOf(ofPlace)}`]),
    ...(cluster === undefined ? [] : [` in cluster ${text(cluster)}`]),
  ];
  return `${own.length === 0 ? 'a workload without labels' : bracesOf(own)}${places.join('')}`;
}

/** The address of a managed endpoint, where the event says it. */
const placeWords = ({ address }: Endpoint): string => (address === undefined ? '' : ` at ${formatAddress(address)}`);

export function endpointWords(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case 'workload': {
      const ports = (endpoint.namedPorts ?? []).map(({ protocol, name, port }) => `${protocol} ${port} is ${text(name)}`);
      return labelsWords(endpoint.labels) + placeWords(endpoint) + (ports.length > 0 ? ` (where ${ports.join(', ')})` : '');
    }
    case 'reserved':
      return endpoint.entities.join('+') + placeWords(endpoint);
    case 'address': {
      const names = endpoint.names ?? [];
      const list = names.length === 1 ? text(names[0] ?? '') : `[${names.map(text).join(', ')}]`;
      return `${formatAddress(endpoint.address)}${names.length > 0 ? ` named ${list}` : ''}${endpoint.isApiServer ? ' where the API server stands' : ''}`;
    }
  }
}

/** `tcp 443`, `icmp 8 code 0`, `protocol 47`. */
export function pointWords(point: TransportPoint): string {
  const { protocol, value } = protocolOf(point);
  if (protocol === 'icmp' || protocol === 'icmpv6') return `${protocol} ${value >> 8} code ${value & 255}`;
  return protocol === 'other' ? `protocol ${value}` : `${protocol} ${value}`;
}

// --- content --------------------------------------------------------------------------------------------------------

function valueWords(spec: FieldSpec | undefined, values: FieldValues[string]): string {
  if ('kind' in values) return `that cannot be read (${values.reason})`;
  const isWord = (value: string): boolean => spec?.type.kind === 'number' || spec?.type.words.includes(value) === true;
  const words = values.map((value) => (isWord(value) ? value : text(value)));
  return words.length === 1 ? (words[0] ?? '') : `[${words.join(', ')}]`;
}

/** `is "/x"`, `is absent`. */
export const foundWords = (values: FieldValues[string], spec: FieldSpec | undefined): string =>
  'kind' in values ? `cannot be read (${values.reason})` : values.length > 0 ? `is ${valueWords(spec, values)}` : 'is absent';

/** As a test line says it: first operands without the names of their fields, as long as none is missing before them. */
function fieldsWords(fields: FieldValues, specs: readonly FieldSpec[], positional: readonly string[]): string {
  const missing = positional.findIndex((name) => !Object.hasOwn(fields, name));
  const first = missing < 0 ? positional : positional.slice(0, missing);
  const names = [...first, ...Object.keys(fields).filter((name) => !first.includes(name))];
  const words = names.flatMap((name) => {
    const [field = name, key] = name.split(' ');
    const values = fields[name] ?? [];
    const spec = specs.find((one) => one.name === field);
    if (first.includes(name)) return [valueWords(spec, values)];
    return [`${key === undefined ? field : `${field} ${text(key)} =`} ${valueWords(spec, values)}`];
  });
  return words.join(' ');
}

/** A test line writes the text that path and query are read from in the place of the path. */
function asSent(fields: FieldValues, { shared, positional }: DomainSpec): FieldValues {
  const first = positional.find((name) => shared?.readings.includes(name));
  if (!shared || first === undefined) return fields;
  const sent = readableFields(fields, shared.readings);
  const read: FieldValues = shared.decode(shared.encode(sent));
  if (!Object.hasOwn(read, first) || shared.readings.some((name) => String(read[name]) !== String(fields[name]))) return fields;
  const others = Object.entries(fields).filter(([name]) => name === first || !shared.readings.includes(name));
  return Object.fromEntries(others.map(([name, values]) => [name, name === first ? (sent[shared.text] ?? values) : values]));
}

/** What an event says: `GET "/cart/42"`, `dns "api.test" type A`, `exec "/bin/sh" user 0`. */
export function contentWords(domain: string, content: Content, domains: Domains): string {
  if (content.kind === 'undecidable') return `${domain} that cannot be read (${content.reason})`;
  const spec = domains.find(({ name }) => name === domain);
  const words = fieldsWords(spec ? asSent(content.fields, spec) : content.fields, spec?.fields ?? [], spec?.positional ?? []);
  // The first request domain is what a test line without its name means.
  return domains.find(({ form }) => form === 'request')?.name === domain && words !== '' ? words : `${domain} ${words}`.trim();
}

/** `{ app: "a" } -> { app: "b" } tcp 8080 GET "/cart"`. */
export function eventWords(event: PolicyEvent, domains: Domains): string {
  if (event.kind === 'process') return `${endpointWords(event.subject)} ${contentWords(event.domain, event.content, domains)}`;
  const request = event.request ? ` ${contentWords(event.request.domain, event.request.content, domains)}` : '';
  return `${endpointWords(event.source)} -> ${endpointWords(event.destination)} ${pointWords(event.point)}${request}`;
}

// --- who decided ----------------------------------------------------------------------------------------------------

/** A place in policy text: path as read, 1-based line. */
export type SourcePlace = { readonly file: string; readonly line: number };
/** Where a rule stands in the order, and what it does. */
export type RulePlace = SourcePlace & {
  readonly text: string;
  readonly section: Section;
  readonly action: Action;
  readonly tier: Tier;
  /** `@name`. */
  readonly name?: string;
};
/** Who decided. `by` default: no rule; `policies` then are those that brought the default deny, none where nobody did. */
type Decider = {
  readonly verdict: Verdict['action'];
  readonly by: 'rule' | 'default' | 'self';
  readonly rule?: RulePlace;
  readonly policies: readonly (SourcePlace & { readonly name: string })[];
  /** A condition that could not be read made a rule that refuses match. */
  readonly undecidable?: true;
};
/** `audit`: what would be if everything in audit mode were enforced, where that is another verdict. */
export type DeciderRecord = Decider & { readonly audit?: Decider };

export const placeOf = ({ source, start }: Span): SourcePlace => ({ file: source.path, line: positionAt(source, start).line });

/** Where a cause stands in the policy text; undefined where no text is the cause. */
export function spanOf(typed: TypedPolicy, cause: Cause): Span | undefined {
  if (cause.kind === 'rule') return typed.rules[cause.rule]?.span;
  return cause.kind === 'default-deny' ? typed.policies[cause.policies[0] ?? -1]?.span : undefined;
}

export function deciderOf(typed: TypedPolicy, { audit, ...enforced }: Verdict): DeciderRecord {
  return { ...decider(typed, enforced), ...(audit && { audit: decider(typed, audit) }) };
}

function decider(typed: TypedPolicy, { action, cause }: Decided): Decider {
  const policy = (id: number) => {
    const found = typed.policies[id];
    return found ? [{ name: found.name, ...placeOf(found.span) }] : [];
  };
  switch (cause.kind) {
    case 'rule': {
      const policies = policy(typed.rules[cause.rule]?.policy ?? -1);
      return { verdict: action, by: 'rule', ...rulePlaceOf(typed, cause), policies, ...(cause.undecidable && { undecidable: true }) };
    }
    case 'default-deny':
      return { verdict: action, by: 'default', policies: cause.policies.flatMap(policy) };
    case 'default-allow':
      return { verdict: action, by: 'default', policies: [] };
    case 'self':
      return { verdict: action, by: 'self', policies: [] };
  }
}

function rulePlaceOf(typed: TypedPolicy, cause: Extract<Cause, { kind: 'rule' }>): { readonly rule?: RulePlace } {
  const rule = typed.rules[cause.rule];
  if (!rule) return {};
  const { text: words, section, action, name } = rule;
  const tier = typed.policies[rule.policy]?.tier ?? 'normal';
  return { rule: { text: words, section, action, tier, ...(name !== undefined && { name }), ...placeOf(rule.span) } };
}

/** `denied by default (cart-access, shop.policy:12)`; `killed by cart-access, shop.policy:14`; with what audit would change. */
export function deciderWords({ audit, ...enforced }: DeciderRecord): string {
  return `${enforcedWords(enforced)}${audit ? `; audit: would be ${enforcedWords(audit)}` : ''}`;
}

const strong: Partial<Record<Action, string>> = { drop: 'dropped', kill: 'killed' };

function enforcedWords({ verdict, by, rule, policies, undecidable }: Decider): string {
  if (by === 'self') return `${verdict}: it is the same endpoint`;
  if (by === 'default') {
    const places = policies.map(({ name, file, line }) => `${name}, ${file}:${line}`);
    if (places.length > 0) return `${verdict} by default (${places.join('; ')})`;
    return verdict === 'denied' ? 'denied by default (it has no labels yet)' : `${verdict}: no policy speaks of it`;
  }
  const because = undecidable ? ', because it cannot be read' : '';
  return `${(rule && strong[rule.action]) ?? verdict} by ${policies[0]?.name ?? 'a rule'}, ${rule?.file}:${rule?.line}${because}`;
}
