// What of an event missed a rule, part by part, in words: the labels of the peer, its address, the port, the method and
// path of a request, the program. What missed is the oracle's reading; here it is only told how.
import type { FlowEvent, PolicyEvent } from '../ir/event.ts';
import type { DomainMatch, NetworkRule, PeerSet } from '../ir/typed.ts';
import { intersect, isEmpty } from '../space/interval.ts';
import { type Labels, namespaceKey, type Requirement, type Selector, selects } from '../space/labels.ts';
import { anyText, byteIn, literal, type Pattern, repeat, sequence } from '../space/pattern.ts';
import { protocolOf, wholeProtocol } from '../space/transport.ts';
import { patternWords } from './content-words.ts';
import { textMatcher } from './derivative.ts';
import { endpointWords, pointWords } from './event-words.ts';
import { cubesOf, valuesOf } from './label-cube.ts';
import type { RuleReading } from './oracle.ts';
import { addressWords, cubeWords, transportWords, valueWords } from './words.ts';

export type MissedPart = 'label' | 'address' | 'peer' | 'protocol' | 'port' | 'request' | 'method' | 'path' | 'binary';
/** One condition of a rule that the event does not meet. */
export type Miss = { readonly part: MissedPart; readonly text: string };

/** Everything of the event that the rule does not match; empty when it does. */
export function missesOf({ rule, peer, transport, content }: RuleReading, event: PolicyEvent): readonly Miss[] {
  const misses: Miss[] = [];
  if (rule.section !== 'process' && event.kind === 'flow') {
    if (!peer) misses.push(...peerMisses(rule, event));
    if (!transport) misses.push(transportMiss(rule, event));
  }
  const match = rule.section === 'process' ? rule.match : rule.layer7;
  const asked = event.kind === 'exec' ? { domain: 'exec', content: event.content } : event.request;
  if (match && asked && (content === false || (content === 'undecidable' && rule.action === 'allow')))
    misses.push(...contentMisses(match, asked));
  return misses;
}

const widest = 160;
const shortened = (text: string): string => (text.length > widest ? `${text.slice(0, widest)}...` : text);
const listed = (words: readonly string[]): string => shortened(words.length === 1 ? (words[0] ?? '') : words.join(' or '));

// --- peers ----------------------------------------------------------------------------------------------------------

/** `{ app: "web" } or 10.0.0.0/8 or host`. */
function peersWords({ selectors, networks, entities }: PeerSet): string {
  const workloads = [...new Set(selectors.flatMap((selector) => cubesOf(selector).map(cubeWords)))];
  const words = [...workloads, ...(isEmpty(networks) ? [] : [addressWords(networks)]), ...entities];
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
      const part = isEmpty(peers.networks) ? 'peer' : 'address';
      return [{ part, text: `the ${side} is ${endpointWords(peer)}, an address of nothing managed; the rule is about ${wanted}` }];
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

function labelMiss(side: string, requirement: Requirement, labels: Labels): Miss {
  const { key } = requirement;
  const name = key === namespaceKey ? 'namespace' : `label ${key}`;
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

type Asked = NonNullable<FlowEvent['request']>;

function contentMisses({ domain, pattern }: DomainMatch, { domain: spoken, content }: Asked): readonly Miss[] {
  const what = domain === 'exec' ? 'program' : 'request';
  const part = domain === 'exec' ? 'binary' : 'request';
  if (content.kind === 'undecidable')
    return [
      { part, text: `the ${what} cannot be read (${content.reason}), and such a one is matched by no allow rule with a condition on it` },
    ];
  if (domain !== spoken) return [{ part, text: `it is no ${domain} request` }];
  if (domain === 'http') return requestMisses(pattern, content.text);
  return [{ part, text: `the ${what} is ${content.text}; the rule is about ${shortened(patternWords(pattern))}` }];
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PURGE'];
const someMethod: Pattern = repeat(byteIn([0x21, 0x7e]), 1);

/** Canonical text is `METHOD SP path`: which of the two would have to be another for some line of the rule to match? */
function requestMisses(pattern: Pattern, text: string): readonly Miss[] {
  const matcher = textMatcher();
  const space = text.indexOf(' ');
  const [method, path] = [text.slice(0, space), text.slice(space + 1)];
  const meets = (other: Pattern): boolean => matcher.combinations([pattern, other]).some((matched) => matched.every(Boolean));
  const wanted = methods.filter((one) => matcher.matches(pattern, `${one} ${path}`));
  const pathMiss: Miss = { part: 'path', text: `the path is ${path}; the rule is about ${shortened(patternWords(pattern))}` };
  if (meets(sequence(someMethod, literal(` ${path}`)))) {
    const only = wanted.length > 0 ? `the rule wants ${listed(wanted)}` : 'the rule wants another';
    return [{ part: 'method', text: `the method is ${method}; for the path ${path} ${only}` }];
  }
  if (meets(sequence(literal(`${method} `), anyText))) return [pathMiss];
  return [{ part: 'method', text: `the method is ${method}, of which the rule says nothing` }, pathMiss];
}
