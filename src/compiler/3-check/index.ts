// ResolvedPolicy -> TypedPolicy: every operand becomes a value set, every rule is well formed.
//   1. Declarations, each after what it refers to.
//   2. Subjects, peers, transports and patterns of rules; a rule with a mistake is left out (the result is not used then).
//   3. Rules of the language about whole rules and sections (rules/), tests.
import { invariant } from '../base/assert.ts';
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { DomainSpec, Domains, Line } from '../domains/domain.ts';
import type {
  Declaration,
  ResolvedNetworkRule,
  ResolvedPolicy,
  ResolvedPolicyBlock,
  ResolvedProcessRule,
  ResolvedRule,
  Value,
} from '../ir/resolved.ts';
import type { DomainMatch, NetworkRule, PeerSet, Policy, ProcessRule, Rule, Transport, TypedPolicy } from '../ir/typed.ts';
import { anyTransport } from '../space/transport.ts';
import { networks, transports, workloads } from './kinds.ts';
import { matchOf } from './lines.ts';
import { anybody, peersOf } from './peers.ts';
import { warnDenyOnly } from './rules/deny-only.ts';
import { warnEmpty } from './rules/matches-nothing.ts';
import { checkRequestTransport } from './rules/request-transport.ts';
import { type Context, type DeclaredSet, setOf } from './sets.ts';
import { testCaseOf } from './tests.ts';

/** Checks the unit; the result is only to be used when nothing failed. */
export function check(resolved: ResolvedPolicy, domains: Domains, report: Report): TypedPolicy {
  for (const { what, span } of resolved.unsupported) report('check/not-supported', span, { what });
  const context: Context = { report, declarations: resolved.declarations, sets: [] };
  computeDeclarations(resolved.order, context);
  const shared: Shared = { context, peers: new Map(), transports: new Map(), matches: new Map() };
  const policies = resolved.policies.map((policy) => policyOf(policy, domains, context));
  const rules = resolved.rules.flatMap((rule) => ruleOf(rule, shared) ?? []);
  warnDenyOnly(resolved.policies, resolved.rules, report);
  const tests = resolved.tests.flatMap((test) => testCaseOf(test, context) ?? []);
  return { policies, rules, tests };
}

const ruleOf = (rule: ResolvedRule, shared: Shared): Rule | undefined =>
  rule.section === 'process' ? processRule(rule, shared) : networkRule(rule, shared);

/** Parts of all declared sets together: names that double each other end here, not in memory. */
const mostParts = 4_000_000;

function computeDeclarations(order: readonly number[], context: Context): void {
  let parts = 0;
  for (const index of order) {
    const declaration = context.declarations[index];
    invariant(declaration !== undefined, 'the computing order names no declaration');
    const set = parts > mostParts ? { kind: 'unknown' as const } : declaredSet(declaration, context);
    context.sets[index] = set;
    const before = parts;
    parts += partsOf(set);
    warnEmpty(declaration.value, [declaration.kind, set.kind === 'unknown' ? undefined : partsOf(set)], context.report);
    if (parts > mostParts && before <= mostParts)
      context.report('check/set-too-large', declaration.span, { limit: mostParts, unit: 'parts of all declarations together' });
  }
}

function declaredSet({ kind, value }: Declaration, context: Context): DeclaredSet {
  switch (kind) {
    case 'workload': {
      const set = setOf(value, workloads, context);
      return set ? { kind, set } : { kind: 'unknown' };
    }
    case 'network': {
      const set = setOf(value, networks, context);
      return set ? { kind, set } : { kind: 'unknown' };
    }
    case 'port': {
      const set = setOf(value, transports, context);
      return set ? { kind, set } : { kind: 'unknown' };
    }
  }
}

function partsOf(set: DeclaredSet): number {
  switch (set.kind) {
    case 'workload':
      return set.set.length;
    case 'network':
      return set.set.length;
    case 'port':
      return set.set.points.length + set.set.named.length;
    case 'unknown':
      return 0;
  }
}

function policyOf(
  { id, name, span, subject, ingress, egress, defaultDeny }: ResolvedPolicyBlock,
  domains: Domains,
  context: Context,
): Policy {
  const selector = setOf(subject, workloads, context);
  warnEmpty(subject, ['subject', selector?.length], context.report);
  return {
    id,
    name,
    span,
    subject: selector ?? [],
    defaultDeny: {
      ingress: ingress !== undefined && !ingress.defaultAllow,
      egress: egress !== undefined && !egress.defaultAllow,
      process: domains.map((domain) => domain.name).filter((one) => defaultDeny.includes(one)),
    },
  };
}

function processRule(
  { domain, line, id, policy, span, text, action, section }: ResolvedProcessRule,
  shared: Shared,
): ProcessRule | undefined {
  const match = sharedMatch(domain, { lines: [line], span: line.span }, shared);
  return match && { id, policy, span, text, action, section, match };
}

/** Peers and transports of declared names, and matches of equal texts, computed once: rules share them. */
type Shared = {
  readonly context: Context;
  readonly peers: Map<number, PeerSet | undefined>;
  readonly transports: Map<number, Transport | undefined>;
  /** By domain and the text of the lines; only what nothing was wrong with. */
  readonly matches: Map<string, DomainMatch>;
};

type Written = { readonly lines: readonly Line[]; readonly span: Span };

/** The match that the lines say: the same text, the same match. */
function sharedMatch(domain: DomainSpec, written: Written, { matches, context }: Shared): DomainMatch | undefined {
  const texts = written.lines.map(({ span: { source, start, end } }) => source.text.slice(start, end));
  const key = [domain.name, ...texts].join('\0');
  const known = matches.get(key);
  if (known) return known;
  const match = matchOf(domain, written, context.report);
  if (match) matches.set(key, match);
  return match;
}

/** The value of a name from `known`, or computed and kept there. Uses after a mistake report again, each at its place. */
function sharedOf<T>(value: Value, known: Map<number, T | undefined>, compute: () => T | undefined): T | undefined {
  if (value.kind !== 'declared') return compute();
  const found = known.get(value.declaration) ?? compute();
  known.set(value.declaration, found);
  return found;
}

const sizeOf = ({ selectors, networks: blocks, entities }: PeerSet): number =>
  selectors.reduce((sum, { length }) => sum + length, blocks.length + entities.length);

const anything: Transport = { points: anyTransport, named: [] };

function networkRule(rule: ResolvedNetworkRule, shared: Shared): NetworkRule | undefined {
  const { peers: written, transport: at, request, id, policy, span, text, action, section } = rule;
  const { context } = shared;
  const { report } = context;
  const peers = written ? sharedOf(written, shared.peers, () => peersOf(written, context)) : anybody;
  const transport = at ? sharedOf(at, shared.transports, () => setOf(at, transports, context)) : anything;
  if (written) warnEmpty(written, ['peer', peers && sizeOf(peers)], report);
  if (at) warnEmpty(at, ['set of ports', transport && transport.points.length + transport.named.length], report);
  const layer7 = request && sharedMatch(request.domain, request, shared);
  if (request && (!at || transport)) checkRequestTransport({ ...request, transport: at && transport }, report);
  if (!peers || !transport || (request && !layer7)) return undefined;
  const typed = { id, policy, span, text, action, section, peers, transport };
  return layer7 ? { ...typed, layer7 } : typed;
}
