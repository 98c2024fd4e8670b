// What of an event missed a rule, part by part, in words: the labels of the peer, its address or name, the port, the fields
// of a request or of what a process does. What missed is the oracle's reading; here it is only told how.
import type { Content, Domains, FieldSpec, FieldTest, LineMatch } from '../domains/domain.ts';
import type { FlowEvent, PolicyEvent } from '../ir/event.ts';
import type { DomainMatch, NetworkRule, PeerSet, TypedPolicy } from '../ir/typed.ts';
import { intersect, isEmpty } from '../space/interval.ts';
import { clusterKey, type Labels, namespaceKey, namespaceLabelKey, type Requirement, type Selector, selects } from '../space/labels.ts';
import { protocolOf, wholeProtocol } from '../space/transport.ts';
import { endpointWords, foundWords, pointWords } from './event-words.ts';
import { cubesOf, valuesOf } from './label-cube.ts';
import { type RuleReading, readerOf, refuses } from './oracle.ts';
import type { Truth } from './oracle-content.ts';
import { isEveryText, isNoText, patternWords, valuesWords } from './pattern-words.ts';
import { addressWords, cubeWords, reservedSetWords, transportWords, valueWords } from './words.ts';

export const peerParts = ['label', 'address', 'domain', 'peer'] as const;
export const transportParts = ['protocol', 'port'] as const;
/**
 * One condition of a rule that the event does not meet. `part`: one of peerParts or transportParts; `content` where nothing of
 * the content can be compared; else the field of the content, `path`, `header content-type`.
 */
export type Miss = { readonly part: string; readonly text: string };

/** Everything of the event that the rule does not match; empty when it does. */
export function missesOf(typed: TypedPolicy, reading: RuleReading, event: PolicyEvent): readonly Miss[] {
  const { rule, peer, transport, content } = reading;
  const misses: Miss[] = [];
  if (rule.section !== 'process' && event.kind === 'flow') {
    if (!peer) misses.push(...peerMisses(rule, event));
    if (!transport) misses.push(transportMiss(rule, event));
  }
  const match = rule.section === 'process' ? rule.match : rule.layer7;
  const asked = event.kind === 'process' ? event : event.request;
  if (match && asked && (content === false || (content === 'undecidable' && !refuses(rule))))
    misses.push(...contentMisses(typed, { match, asked, met: refuses(rule) ? [true, 'undecidable'] : [true] }));
  return misses;
}

const widest = 160;
const shortened = (text: string): string => (text.length > widest ? `${text.slice(0, widest)}...` : text);
const listed = (words: readonly string[]): string => shortened(words.length === 1 ? (words[0] ?? '') : words.join(' or '));

// --- peers ----------------------------------------------------------------------------------------------------------

/** `{ app: "web" } or 10.0.0.0/8 or host`. */
function peersWords({ selectors, networks, anyNetworks, domains, entities, reserved = [] }: PeerSet): string {
  const words = [
    ...new Set(selectors.flatMap((selector) => cubesOf(selector).map(cubeWords))),
    ...(isEmpty(networks) ? [] : [addressWords(networks)]),
    ...(isEmpty(anyNetworks) ? [] : [`${addressWords(anyNetworks)} including workloads`]),
    ...domains.map((domain) => JSON.stringify(patternWords(domain))),
    ...entities,
    ...reserved.map(reservedSetWords),
  ];
  return words.length === 0 ? 'nobody' : listed(words);
}

function peerMisses({ section, peers }: NetworkRule, { source, destination }: FlowEvent): readonly Miss[] {
  const [side, peer] = section === 'ingress' ? (['source', source] as const) : (['destination', destination] as const);
  const wanted = peersWords(peers);
  switch (peer.kind) {
    case 'workload': {
      const nearest = nearestConjunction(peers.selectors, peer.labels);
      if (nearest) return nearest.map((requirement) => labelMiss(side, requirement, peer.labels));
      return [{ part: 'peer', text: `the ${side} is the workload ${endpointWords(peer)}; the rule is about ${wanted}` }];
    }
    case 'address': {
      const part = !isEmpty(peers.networks) ? 'address' : peers.domains.length > 0 ? 'domain' : 'peer';
      const unnamed = peers.domains.length > 0 && (peer.names ?? []).length === 0 ? ', no name of which is known' : '';
      return [
        { part, text: `the ${side} is ${endpointWords(peer)}, an address of nothing managed${unnamed}; the rule is about ${wanted}` },
      ];
    }
    case 'reserved':
      return [{ part: 'peer', text: `the ${side} is ${endpointWords(peer)}; the rule is about ${wanted}` }];
  }
}

/** The unmet tests of the alternative with the fewest of them. */
function nearestConjunction(selectors: readonly Selector[], labels: Labels): readonly Requirement[] | undefined {
  const unmet = selectors.flatMap((selector) =>
    selector.map((conjunction) => conjunction.filter((requirement) => !selects([[requirement]], labels))),
  );
  return unmet.reduce<readonly Requirement[] | undefined>((best, next) => (best && best.length <= next.length ? best : next), undefined);
}

const ofNamespace = namespaceLabelKey('');

/** `namespace`, `label app`, `namespace's label tenant`. */
function labelName(key: string): string {
  if (key === namespaceKey) return 'namespace';
  if (key === clusterKey) return 'cluster';
  return key.startsWith(ofNamespace) ? `namespace's label ${key.slice(ofNamespace.length)}` : `label ${key}`;
}

function labelMiss(side: string, requirement: Requirement, labels: Labels): Miss {
  const { key } = requirement;
  const name = labelName(key);
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  const has = value === undefined ? `the ${side} has no ${name}` : `the ${side}'s ${name} is ${JSON.stringify(value)}`;
  return { part: 'label', text: `${has}; the rule wants ${shortened(valueWords(valuesOf(requirement)))}` };
}

// --- transport ------------------------------------------------------------------------------------------------------

function transportMiss({ transport: { points, named } }: NetworkRule, { point, destination }: FlowEvent): Miss {
  const { protocol } = protocolOf(point);
  const names = named.map((port) => `${port.protocol} ${JSON.stringify(port.name)}`);
  const numbers = isEmpty(points) ? [] : [transportWords(points, new Map())];
  const wanted = listed([...numbers, ...names]);
  const isProtocol = isEmpty(intersect(points, wholeProtocol(protocol))) && named.every((port) => port.protocol !== protocol);
  const none = names.length > 0 && destination.kind === 'workload' ? ', and the destination has no such port by name' : '';
  return { part: isProtocol ? 'protocol' : 'port', text: `it is ${pointWords(point)}; the rule is about ${wanted}${none}` };
}

// --- content --------------------------------------------------------------------------------------------------------

/** `met`: what a test may come out as, for the rule to match. */
type Looked = {
  readonly match: DomainMatch;
  readonly asked: { readonly domain: string; readonly content: Content };
  readonly met: readonly Truth[];
};

function contentMisses(typed: TypedPolicy, { match, asked: { domain, content }, met }: Looked): readonly Miss[] {
  if (domain !== match.domain) return [{ part: 'content', text: `it is no ${match.domain} request` }];
  if (content.kind === 'undecidable') {
    const text = `the ${domain} cannot be read (${content.reason}), and no rule that tests it allows what cannot be read`;
    return [{ part: 'content', text }];
  }
  const reader = readerOf(typed);
  const isMet = (test: FieldTest): boolean => {
    const found = content.fields[test.field] ?? [];
    return met.includes('kind' in found ? 'undecidable' : reader.testHolds(test, found));
  };
  const unmet = match.lines.map((line) => line.filter((test) => !isMet(test)));
  const fewest = Math.min(...unmet.map(({ length }) => length));
  const nearest = unmet.filter(({ length }) => length === fewest);
  const fields = fieldsOf(nearest[0] ?? []);
  const alike = nearest.filter((tests) => fieldsOf(tests).join() === fields.join()).flat();
  return fields.map((field) => {
    const spec = specOf(typed.domains, domain, field);
    const wanted = [...new Set(alike.filter((test) => test.field === field).map((test) => wantedWords(spec, test)))];
    return { part: field, text: `it ${foundWords(content.fields[field] ?? [], spec)}; the rule wants ${listed(wanted)}` };
  });
}

const fieldsOf = (tests: LineMatch): readonly string[] => [...new Set(tests.map(({ field }) => field))];
const specOf = (domains: Domains, domain: string, field: string): FieldSpec | undefined =>
  domains.find(({ name }) => name === domain)?.fields.find(({ name }) => name === field.split(' ')[0]);

/** `"/cart/*"`, `[GET, HEAD]`, `not "x"`, `none`. */
function wantedWords(spec: FieldSpec | undefined, { orAbsent, values }: FieldTest): string {
  const orNone = orAbsent ? ' or none' : '';
  if (values.kind === 'number') return `${valuesWords(values)}${orNone}`;
  const { pattern } = values;
  if (isNoText(pattern)) return orAbsent ? 'none' : 'what cannot be';
  if (isEveryText(pattern)) return `any${orNone}`;
  const isWords = (spec?.type.words.length ?? 0) > 0;
  if (pattern.kind === 'not') return `not ${isWords ? patternWords(pattern.part) : JSON.stringify(patternWords(pattern.part))}`;
  return `${isWords ? patternWords(pattern) : JSON.stringify(patternWords(pattern))}${orNone}`;
}
