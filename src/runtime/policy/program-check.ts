// Are the numbers of a part, and those of all parts together, ones that exist? A bundle is input: an index out of range must be
// a message at load, not a wrong verdict later.
import { limits, type RequestDomain, requestDomains } from '../../compiler/ir/abi.ts';
import type { PartContent, ProgramFrame } from '../../compiler/ir/bundle.ts';
import { parsePrefix } from '../../compiler/space/address.ts';
import { transportPoints } from '../../compiler/space/transport.ts';

const ascendingBelow = (list: readonly number[], end: number): boolean =>
  list.every((value, i) => value < end && (i === 0 || value > (list[i - 1] ?? 0)));

/** Ranges by their first and last point, one behind the other. */
const areRanges = (points: readonly number[]): boolean =>
  points.length % 2 === 0 &&
  points.every(
    (point, i) => point < transportPoints && (i === 0 || (i % 2 === 1 ? point >= (points[i - 1] ?? 0) : point > (points[i - 1] ?? 0))),
  );

type Domain = RequestDomain | 'exec';
const contentDomains: readonly Domain[] = [...requestDomains, 'exec'];
/** What its content can be about. */
const domainsOf = ({ section }: PartContent['rules'][number]): readonly Domain[] => (section === 'process' ? ['exec'] : requestDomains);

function contentFault(rule: PartContent['rules'][number]): string | undefined {
  if (!rule.content) return rule.section === 'process' ? 'is a process rule without content' : undefined;
  if (rule.peers && rule.action === 'pass') return 'passes requests over, which only connections are';
  if (!domainsOf(rule).some((known) => known === rule.content?.domain))
    return `is about \`${rule.content.domain}\`, which this version does not know there`;
  return ascendingBelow(rule.content.classes, limits.classes) ? undefined : 'names a class of content that does not exist';
}

function ruleFault({ selectors, policies }: PartContent, rule: PartContent['rules'][number]): string | undefined {
  const { section, policy, peers, ports, action } = rule;
  if (policy >= policies.length) return 'is of a policy that does not exist';
  if ((section === 'process') !== (peers === undefined)) return 'has peers if and only if it is no network rule';
  if ((peers === undefined) !== (ports === undefined)) return 'has peers without ports, or ports without peers';
  if (peers?.selectors.some((selector) => selector >= selectors.length)) return 'names a selector that does not exist';
  if (peers?.networks.some((block) => parsePrefix(block) === undefined)) return 'names a block of addresses that is none';
  if (peers?.names && !ascendingBelow(peers.names, limits.classes)) return 'names a class of names that does not exist';
  if (ports && !areRanges(ports.points)) return 'names ports that do not exist';
  if (action === (section === 'process' ? 'drop' : 'kill')) return 'has an action that its section does not know';
  return contentFault(rule);
}

/** The first number of a part that points nowhere, as text; undefined when all is well. */
export function partFault(part: PartContent): string | undefined {
  if (part.policies.some(({ subject }) => subject >= part.selectors.length)) return 'a policy names a subject that does not exist';
  for (const [index, rule] of part.rules.entries()) {
    const fault = ruleFault(part, rule);
    if (fault !== undefined) return `rule ${index} (${rule.file}: \`${rule.text}\`) ${fault}`;
  }
  return part.rules.some(({ policy }, i) => policy < (part.rules[i - 1]?.policy ?? 0))
    ? 'its rules are not in the order of its policies'
    : undefined;
}

/** Of each domain, and of the names of peers, one more than the highest class that a part names. */
export type ContentEnds = ReadonlyMap<string, number>;
/** Of most parts: one object, so that it is looked at once. */
const noEnds: ContentEnds = new Map();

export function contentEnds({ rules }: PartContent): ContentEnds {
  const ends = new Map<string, number>();
  const raise = (domain: string, classes: readonly number[]): void => {
    ends.set(domain, Math.max(ends.get(domain) ?? 0, 1 + (classes.at(-1) ?? -1)));
  };
  for (const { content, peers } of rules) {
    if (content) raise(content.domain, content.classes);
    if (peers?.names) raise('names', peers.names);
  }
  return ends.size === 0 ? noEnds : ends;
}

/** Does what stands beside the parts make sense, and have they no class that it does not count? */
export function frameFault(
  { selectors, services, classes, ipv6Networks }: ProgramFrame,
  ends: ReadonlySet<ContentEnds>,
): string | undefined {
  if (classes.ports < 1) return 'no port has a class';
  if (Math.min(classes.networks, ...contentDomains.map((domain) => classes[domain])) < 2) return 'a dimension lacks its first two classes';
  if ([classes.ports, classes.names, ...contentDomains.map((domain) => classes[domain])].some((count) => count > limits.classes))
    return 'a dimension has too many classes';
  if (services.some(({ backends }) => backends >= selectors.length)) return 'a service names a selector that does not exist';
  for (const domain of [...contentDomains, 'names'] as const)
    if ([...ends].some((end) => (end.get(domain) ?? 0) > classes[domain]))
      return `a rule names a class of \`${domain}\` that does not exist`;
  return ascendingBelow(ipv6Networks, classes.networks) ? undefined : 'an IPv6 network class does not exist';
}
