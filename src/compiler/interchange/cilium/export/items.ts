// One rule as items of a section: each kind of peers is an item of its own, and so are ports and ICMP types.
import type { Span } from '../../../base/source.ts';
import type { EntityName, NetworkRule, PeerSet, Policy, Rule, TypedPolicy } from '../../../ir/typed.ts';
import { intersect } from '../../../space/interval.ts';
import { wholeProtocol } from '../../../space/transport.ts';
import { objectIn } from '../../documents/json.ts';
import type { ImportOptions, JsonObject } from '../../importer.ts';
import { mayOverlap, type Ruled } from '../../overlap.ts';
import type { Ends } from './order.ts';
import { peersOf } from './peers.ts';
import { transportOf } from './ports.ts';
import { besides, requestsOf } from './requests.ts';

const mostPorts = 40;
export type Refuse = (places: Span | readonly [Span, Span], what: string, reason: string) => void;
export type ItemUnit = Ends & Pick<TypedPolicy, 'policies'> & { readonly options: ImportOptions; readonly refuse: Refuse };

/** A rule that cannot be said whole is left out whole: less of what it asks for could be more of what it allows. */
export function itemsOf(ruled: Ruled, unit: ItemUnit): readonly JsonObject[] {
  const { rule } = ruled;
  let isWhole = true;
  const say = (what: string, reason = 'its rules do not say it'): void => {
    isWhole = false;
    unit.refuse(rule.span, what, reason);
  };
  const found = rule.layer7 ? requestItems(ruled, unit, say) : plainItems(rule, unit, say);
  return isWhole ? found : [];
}

type Say = (what: string, reason?: string) => void;

function plainItems(rule: NetworkRule, { options }: ItemUnit, say: Say): readonly JsonObject[] {
  const groups = groupsOf(rule, say);
  const peers = groups.length > 0 ? [{ [`${rule.section === 'ingress' ? 'from' : 'to'}Groups`]: groups }] : peersOf(rule, options, say);
  const { ports, fields } = transportOf(rule.transport, say);
  const mode = rule.require.find(({ name }) => name === 'authentication');
  const authentication: JsonObject = mode ? { authentication: { mode: mode.text ?? 'required' } } : {};
  const beside = besides(rule.require, say);
  const more: JsonObject = rule.layer7 ? { ...beside, ...requestsOf(rule.layer7, rule.require, say) } : beside;
  const chunks = Array.from({ length: Math.ceil(ports.length / mostPorts) }, (_, i) => ports.slice(i * mostPorts, (i + 1) * mostPorts));
  const isEvery = ports.length + fields.length === 0;
  return peers.flatMap((peer): readonly JsonObject[] => [
    ...(isEvery ? [{ ...peer, ...authentication }] : []),
    ...(chunks.length > 0 ? [{ ...peer, toPorts: chunks.map((chunk): JsonObject => ({ ports: chunk, ...more })), ...authentication }] : []),
    ...(fields.length > 0 ? [{ ...peer, icmps: [{ fields }], ...authentication }] : []),
  ]);
}

// --- requests ---------------------------------------------------------------------------------------------------------

/**
 * What a rule does not allow ends at the proxy. The agent lets the host reach its workloads: where the policies do not say that its
 * requests end, every one of them passes.
 */
function requestItems({ rule, policy }: Ruled, unit: ItemUnit, say: Say): readonly JsonObject[] {
  sayUnasked(rule, policy, say);
  const isOfHost = rule.section === 'ingress' && unit.options.allowLocalhost && mayBeHost(rule.peers);
  if (!isOfHost || unit.ended.has(rule)) return plainItems(rule, unit, say);
  const other = [...unit.ends].find((end) => isOverHost(end, { rule, policy }, unit));
  if (other) say('requests of the host', `\`${other.text}\` ends some of them, and this does not`);
  const { peers, layer7: _, ...others } = rule;
  const asked = plainItems({ ...rule, peers: { ...peers, entities: peers.entities.filter((name) => name !== 'host') } }, unit, say);
  const open = plainItems({ ...others, require: [], peers: { ...nobody, entities: ['host'] } }, unit, say);
  return [...asked, ...open];
}

const nobody: PeerSet = { selectors: [], networks: [], anyNetworks: [], domains: [], entities: [] };
const hosts: readonly EntityName[] = ['all', 'cluster', 'host', 'kube-apiserver'];

/** The API server may stand on it. */
const mayBeHost = ({ entities, reserved = [] }: PeerSet): boolean =>
  entities.some((name) => hosts.includes(name)) ||
  reserved.some(({ name, except }) => !except.includes('host') && (name === undefined || hosts.includes(name)));

function isOverHost(end: Rule, ruled: Ruled, { policies }: ItemUnit): boolean {
  const policy = policies[end.policy];
  return end.section === 'ingress' && policy !== undefined && mayBeHost(end.peers) && mayOverlap({ rule: end, policy }, ruled);
}

/** Requests that the proxy is not asked about. */
function sayUnasked({ section, layer7, transport }: NetworkRule, { subject }: Policy, say: Say): void {
  const isDns = layer7?.domain === 'dns';
  const isOfHost = subject.host || (subject.reserved ?? []).some(({ name }) => name === 'host');
  if (isDns && section === 'ingress') say('`dns` requests of ingress', 'its proxy reads those of egress');
  if (isOfHost && !isDns) say(`\`${layer7?.domain}\` requests of the host`, 'its proxy reads names alone there');
  const ranges = (['tcp', 'udp', 'sctp'] as const).flatMap((protocol) => intersect(transport.points, wholeProtocol(protocol)));
  if (ranges.some(({ low, high }) => high - low === 65_535)) say('requests on every port', 'its proxy is asked about ports');
  else if (isDns && (ranges.some(({ low, high }) => low !== high) || transport.named.some(({ name }) => name.includes('..'))))
    say('`dns` requests on a range of ports', 'its proxy reads them on single ports');
}

/** Groups of other clouds, as they were written; their addresses come when the policy is applied. */
function groupsOf({ require }: NetworkRule, say: (what: string) => void): readonly JsonObject[] {
  return require.flatMap(({ name, text: written }) => {
    if (name !== 'groups') return [];
    const group = objectIn(written ?? '');
    if (!group) say('`require groups` without the group');
    return group ? [group] : [];
  });
}
