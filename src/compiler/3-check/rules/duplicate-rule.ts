// Two rules of one policy that say the same, and differ only in their place or in the order of their parts: the second
// was meant to say something else, or is left over.
import type { Span } from '../../base/source.ts';
import type { DomainMatch, PeerSet, Rule, Transport } from '../../ir/typed.ts';
import type { PolicyFinding } from './finding.ts';

/** Shared parts are written out once. */
const texts = new WeakMap<object, string>();

const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

function textOf(part: PeerSet | Transport | DomainMatch, write: () => string): string {
  const known = texts.get(part);
  if (known !== undefined) return known;
  const text = write();
  texts.set(part, text);
  return text;
}

const sorted = (parts: readonly unknown[]): string =>
  parts
    .map((part) => JSON.stringify(part, plain))
    .sort()
    .join();

const peersText = ({ selectors, networks, anyNetworks, domains, entities, reserved = [] }: PeerSet): string =>
  `${sorted(selectors)} ${JSON.stringify([networks, anyNetworks, entities], plain)} ${sorted(domains)} ${sorted(reserved)}`;

/** What a rule says, its place and annotations left out. */
function meaning(rule: Rule): string {
  const { section, action, priority, audit, log, require } = rule;
  const common = `${section} ${action} ${priority} ${audit} ${log ? JSON.stringify(log) : ''} ${JSON.stringify(require)}`;
  if (rule.section === 'process') {
    const { match, errno = '', signal = '' } = rule;
    return `${common} ${errno} ${signal} ${match.domain} ${textOf(match, () => sorted(match.lines.map(sorted)))}`;
  }
  const { peers, transport, layer7 } = rule;
  const at = textOf(transport, () => `${JSON.stringify(transport.points)} ${sorted(transport.named)}`);
  const request = layer7 ? `${layer7.domain} ${textOf(layer7, () => sorted(layer7.lines.map(sorted)))}` : '';
  return `${common} ${textOf(peers, () => peersText(peers))} ${at} ${request}`;
}

const placeOf = ({ usedAt, span }: Rule): Span => usedAt ?? span;

/** A number for how a rule looks: rules that say the same look alike; few others do, so that few have to be written out. */
function looks(rule: Rule): number {
  const { section, action } = rule;
  const kind = section.length * 8 + action.length;
  if (section === 'process') return kind + rule.match.lines.length * 64;
  const { peers, transport } = rule;
  const [first] = transport.points;
  const peer = peers.selectors.length + 3 * peers.networks.length + 5 * peers.entities.length;
  return (((first?.low ?? 0) * 31 + (first?.high ?? 0)) * 31 + peer) * 64 + kind;
}

/** Warns of rules that say what another one of their policy said before. */
export const warnDuplicates: PolicyFinding = ({ rules }, report) => {
  const alike = new Map<number, Rule | Map<string, Rule>>();
  for (const rule of rules) {
    const look = looks(rule);
    const before = alike.get(look);
    if (!before) {
      alike.set(look, rule);
      continue;
    }
    const firsts = before instanceof Map ? before : new Map([[meaning(before), before]]);
    alike.set(look, firsts);
    const said = meaning(rule);
    const first = firsts.get(said);
    if (first) report('check/duplicate-rule', [placeOf(rule), placeOf(first)], {});
    else firsts.set(said, rule);
  }
};
