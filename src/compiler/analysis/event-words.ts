// One concrete event, and who decided it, in words: the same in tests, diffs and messages.
import { positionAt, type Span } from '../base/source.ts';
import type { Cause, Content, Endpoint, PolicyEvent, Verdict } from '../ir/event.ts';
import type { Section, TypedPolicy } from '../ir/typed.ts';
import { formatAddress } from '../space/address.ts';
import { type Labels, namespaceKey } from '../space/labels.ts';
import { protocolOf, type TransportPoint } from '../space/transport.ts';

const text = (value: string): string => JSON.stringify(value);
const keyWords = (key: string): string => (/^[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*$/.test(key) ? key : text(key));

/** `{ app: "cart" } in namespace "shop"`. */
export function labelsWords(labels: Labels): string {
  const own = Object.entries(labels).filter(([key]) => key !== namespaceKey);
  const namespace = labels[namespaceKey];
  const place = namespace === undefined ? '' : ` in namespace ${text(namespace)}`;
  return own.length === 0
    ? `a workload without labels${place}`
    : `{ ${own.map(([key, value]) => `${keyWords(key)}: ${text(value)}`).join(', ')} }${place}`;
}

export function endpointWords(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case 'workload': {
      const ports = (endpoint.namedPorts ?? []).map(({ protocol, name, port }) => `${protocol} ${port} is ${text(name)}`);
      return labelsWords(endpoint.labels) + (ports.length > 0 ? ` (where ${ports.join(', ')})` : '');
    }
    case 'reserved':
      return endpoint.entities.join('+');
    case 'address':
      return formatAddress(endpoint.address);
  }
}

/** `tcp 443`, `icmp 8 code 0`, `protocol 47`. */
export function pointWords(point: TransportPoint): string {
  const { protocol, value } = protocolOf(point);
  if (protocol === 'icmp' || protocol === 'icmpv6') return `${protocol} ${value >> 8} code ${value & 255}`;
  return protocol === 'other' ? `protocol ${value}` : `${protocol} ${value}`;
}

const contentWords = (domain: string, content: Content): string =>
  content.kind === 'undecidable'
    ? `${domain} that cannot be read (${content.reason})`
    : domain === 'exec'
      ? text(content.text)
      : content.text;

/** `{ app: "a" } -> { app: "b" } tcp 8080 GET /cart`. */
export function eventWords(event: PolicyEvent): string {
  if (event.kind === 'exec') return `${endpointWords(event.subject)} exec ${contentWords('exec', event.content)}`;
  const request = event.request ? ` ${contentWords(event.request.domain, event.request.content)}` : '';
  return `${endpointWords(event.source)} -> ${endpointWords(event.destination)} ${pointWords(event.point)}${request}`;
}

/** A place in policy text: path as read, 1-based line. */
export type SourcePlace = { readonly file: string; readonly line: number };
/** Who decided. `by` default: no rule; `policies` then are those that brought the default deny, none where nobody did. */
export type DeciderRecord = {
  readonly verdict: Verdict['action'];
  readonly by: 'rule' | 'default' | 'self';
  readonly rule?: SourcePlace & { readonly text: string; readonly section: Section };
  readonly policies: readonly (SourcePlace & { readonly name: string })[];
  /** A condition that could not be read made a deny rule match. */
  readonly undecidable?: true;
};

export const placeOf = ({ source, start }: Span): SourcePlace => ({ file: source.path, line: positionAt(source, start).line });

/** Where a cause stands in the policy text; undefined where no text is the cause. */
export function spanOf(typed: TypedPolicy, cause: Cause): Span | undefined {
  if (cause.kind === 'rule') return typed.rules[cause.rule]?.span;
  return cause.kind === 'default-deny' ? typed.policies[cause.policies[0] ?? -1]?.span : undefined;
}

export function deciderOf(typed: TypedPolicy, { action, cause }: Verdict): DeciderRecord {
  const policy = (id: number) => {
    const found = typed.policies[id];
    return found ? [{ name: found.name, ...placeOf(found.span) }] : [];
  };
  switch (cause.kind) {
    case 'rule': {
      const rule = typed.rules[cause.rule];
      const place = rule && { rule: { text: rule.text, section: rule.section, ...placeOf(rule.span) } };
      return {
        verdict: action,
        by: 'rule',
        ...place,
        policies: policy(rule?.policy ?? -1),
        ...(cause.undecidable && { undecidable: true }),
      };
    }
    case 'default-deny':
      return { verdict: action, by: 'default', policies: cause.policies.flatMap(policy) };
    case 'default-allow':
      return { verdict: action, by: 'default', policies: [] };
    case 'self':
      return { verdict: action, by: 'self', policies: [] };
  }
}

/** `denied by default (cart-access, shop.policy:12)`; `allowed by cart-access, shop.policy:14`. */
export function deciderWords({ verdict, by, rule, policies, undecidable }: DeciderRecord): string {
  if (by === 'self') return `${verdict}: it is the same endpoint`;
  if (by === 'default') {
    const places = policies.map(({ name, file, line }) => `${name}, ${file}:${line}`);
    return places.length > 0 ? `${verdict} by default (${places.join('; ')})` : `${verdict}: no policy speaks of it`;
  }
  const because = undecidable ? ', because it cannot be read' : '';
  return `${verdict} by ${policies[0]?.name ?? 'a rule'}, ${rule?.file}:${rule?.line}${because}`;
}
