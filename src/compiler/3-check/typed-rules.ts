// Rules: peers, ports, what they match of the content, and what is said behind them. Rules share what is the same in
// them: peers and transports by declaration or as they are written, matches by their text.
import type { DomainSpec } from '../domains/domain.ts';
import type { PolicyId, RuleId } from '../ir/ids.ts';
import type { ResolvedLine, ResolvedNetworkRule, ResolvedProcessRule, ResolvedRule, Value } from '../ir/resolved.ts';
import type { Annotation, DomainMatch, NetworkRule, PeerSet, ProcessRule, Rule, Subject, Transport } from '../ir/typed.ts';
import { anyTransport } from '../space/transport.ts';
import { attributesOf, type Said } from './attributes.ts';
import { transports } from './kinds.ts';
import { matchOf } from './lines.ts';
import { anybody, peersOf, refuseDomains } from './peers.ts';
import { annotationsOf } from './policies.ts';
import { warnNobody, warnNoPorts } from './rules/matches-nothing.ts';
import { checkRequestTransport } from './rules/request-transport.ts';
import { type Context, setOf } from './sets.ts';
import { WrittenAlike } from './written-alike.ts';

/** Sets of declared names, and those that are written alike. */
class SharedSets<T> {
  readonly #declared = new Map<number, T | undefined>();
  readonly #written = new WrittenAlike<T>();

  /** The value's set, computed or kept. Uses after a mistake report again, each at its place. */
  of(value: Value, context: Context, compute: (value: Value, context: Context) => T | undefined): T | undefined {
    if (value.kind !== 'declared') return this.#written.of(value, context.report, (report) => compute(value, { ...context, report }));
    if (value.service) return compute(value, context);
    const found = this.#declared.get(value.declaration) ?? compute(value, context);
    this.#declared.set(value.declaration, found);
    return found;
  }
}

/** What is the same in several policies and rules, computed once. */
export type Shared = {
  readonly context: Context;
  readonly subjects: WrittenAlike<Subject>;
  readonly peers: SharedSets<PeerSet>;
  readonly transports: SharedSets<Transport>;
  /** By domain and the text of the lines; only what nothing was wrong with. */
  readonly matches: Map<string, DomainMatch>;
  /** The same of lines with names, with what these mean. */
  readonly named: Map<string, DomainMatch>;
};

/** Matches without names are the same in every file: `matches` are those of other files. */
export const sharing = (context: Context, matches: Shared['matches']): Shared => ({
  context,
  subjects: new WrittenAlike(),
  peers: new SharedSets(),
  transports: new SharedSets(),
  matches,
  named: new Map(),
});

/** Whose rule it is: `audit` is the policy's mode. */
export type Owned = { readonly id: RuleId; readonly policy: PolicyId; readonly audit: boolean };

/** The rule; undefined after a report. */
export const ruleOf = (rule: ResolvedRule, owned: Owned, shared: Shared): Rule | undefined =>
  rule.section === 'process' ? processRule(rule, owned, shared) : networkRule(rule, owned, shared);

/** What every rule has; written out where rules are made: spreading it into each of very many rules takes time. */
type Common = Omit<NetworkRule, 'section' | 'peers' | 'transport' | 'layer7' | 'usedAt' | 'name' | 'log'>;
/** What few rules have. */
type Rare = { readonly usedAt?: Span; readonly name?: string; readonly log?: NonNullable<Rule['log']> };
type Behind = Pick<Common, 'priority' | 'audit' | 'require' | 'annotations'> & { readonly said: Said; readonly rare: Rare | undefined };

const isName = ({ name }: Annotation): boolean => name === 'name';

/** What stands behind a rule. */
function behind(rule: ResolvedRule, owned: Owned, { context }: Shared): Behind {
  const said = attributesOf(rule.attributes, context.report);
  const all = annotationsOf(rule.annotations, context.report);
  const name = all.find(isName)?.values[0]?.text;
  const annotations = name === undefined ? all : all.filter((one) => !isName(one));
  const audit = said.mode ? said.mode === 'audit' : rule.audit || owned.audit;
  const { priority, require, log } = said;
  const { usedAt } = rule;
  const isRare = name !== undefined || log !== undefined || usedAt !== undefined;
  const rare = isRare ? { ...(usedAt && { usedAt }), ...(name !== undefined && { name }), ...(log && { log }) } : undefined;
  return { said, priority, audit, require, annotations, rare };
}

function processRule(rule: ResolvedProcessRule, owned: Owned, shared: Shared): ProcessRule | undefined {
  const { span, text, action, section } = rule;
  const { id, policy } = owned;
  const match = sharedMatch(rule.domain, { lines: [rule.line], span: rule.line.span }, shared);
  const { priority, audit, require, annotations, said, rare } = behind(rule, owned, shared);
  if (!match) return undefined;
  const typed = { id, policy, span, text, action, priority, audit, require, annotations, section, match };
  const { errno, signal } = said;
  if (!rare && errno === undefined && signal === undefined) return typed;
  return { ...typed, ...rare, ...(errno !== undefined && { errno }), ...(signal !== undefined && { signal }) };
}

type Written = { readonly lines: readonly ResolvedLine[]; readonly span: Span };
type Span = ResolvedLine['span'];

/** A line by its text; and by what its names mean, which is not the same everywhere. */
function lineKey({ span: { source, start, end }, names }: ResolvedLine): string {
  const text = source.text.slice(start, end);
  return names.size === 0 ? text : `${text}\0${[...names].map(([at, declaration]) => `${at - start}=${declaration}`).join()}`;
}

const hasNames = ({ names }: ResolvedLine): boolean => names.size > 0;

/** The match that the lines say: the same text, the same match. */
function sharedMatch(domain: DomainSpec, written: Written, { matches, named, context }: Shared): DomainMatch | undefined {
  const known = written.lines.some(hasNames) ? named : matches;
  const key = [domain.name, ...written.lines.map(lineKey)].join('\0\0');
  const found = known.get(key) ?? matchOf(domain, written, context);
  if (found) known.set(key, found);
  return found;
}

const transportOf = (value: Value, context: Context): Transport | undefined => setOf(value, transports, context);

export const anything: Transport = { points: anyTransport, named: [] };

function networkRule(rule: ResolvedNetworkRule, owned: Owned, shared: Shared): NetworkRule | undefined {
  const { peers: written, transport: at, request, section } = rule;
  const { context } = shared;
  const { report } = context;
  const peers = written ? shared.peers.of(written, context, peersOf) : anybody;
  const transport = at ? shared.transports.of(at, context, transportOf) : anything;
  if (written && section === 'ingress' && peers && peers.domains.length > 0) refuseDomains(written, context, report);
  if (written) warnNobody(written, peers, report);
  if (at) warnNoPorts(at, transport, report);
  const layer7 = request && sharedMatch(request.domain, request, shared);
  if (request && (!at || transport)) checkRequestTransport({ ...request, transport: at && transport }, report);
  const { priority, audit, require, annotations, rare } = behind(rule, owned, shared);
  if (!peers || !transport || (request && !layer7)) return undefined;
  const { span, text, action } = rule;
  const { id, policy } = owned;
  const typed = { id, policy, span, text, action, priority, audit, require, annotations, section, peers, transport };
  return layer7 || rare ? { ...typed, ...(layer7 && { layer7 }), ...rare } : typed;
}
