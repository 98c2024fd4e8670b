// How much a reviewer should care about a change: what it opens, and of whom. The rules stand in docs/review.md; nothing here
// changes what a diff finds.
import type { Annotation, Policy, TypedPolicy } from '../ir/typed.ts';
import { type AddressSet, ipv4Space } from '../space/address.ts';
import { intersect, subtract } from '../space/interval.ts';
import { clusterKey, namespaceKey } from '../space/labels.ts';
import { type End, everyAddress, peerOf, subjectEndRelation, subjectOf } from './cell.ts';
import { type Concern, highest, type Scope, type Severity } from './concern.ts';
import type { Difference } from './diff.ts';
import { anyValue, type LabelCube, type ValueSet } from './label-cube.ts';
import { endWords } from './words.ts';

/** Answers for the changes from one policy to another; remembers subjects. */
export function concerns(before: TypedPolicy, after: TypedPolicy): (difference: Difference) => Concern {
  const said = [...before.policies, ...after.policies].filter(({ annotations }) => annotations.some(({ name }) => isAsked(name)));
  const known = new Map<string, Annotated>();
  return (difference) => {
    const subject = subjectOf(difference.cell, difference.section);
    const key = endWords(subject);
    const annotated = known.get(key) ?? annotatedBy(said, subject);
    known.set(key, annotated);
    const opened = difference.effect === 'newly-allowed' ? openings(difference) : [];
    const turned = difference.effect !== 'masked' && difference.effect !== 'another-rule';
    const weight = turned ? annotated.severity : undefined;
    return {
      severity: highest([...(turned ? ['low' as const] : []), ...opened.map(({ severity }) => severity), ...raised(difference, weight)]),
      reasons: [...opened.map(({ reason }) => reason), ...(weight ? [`its subject is of \`@severity(${weight})\``] : [])],
      scopes: scopesOf(difference),
      owners: annotated.owners,
      namespaces: namespacesOf(subject),
    };
  };
}

const isAsked = (name: string): boolean => name === 'severity' || name === 'owner';
const weights = ['low', 'medium', 'high', 'critical'] as const;
type Weight = (typeof weights)[number];
type Annotated = { readonly severity?: Weight; readonly owners: readonly string[] };

/** What the policies that govern some of a subject say of it. */
function annotatedBy(policies: readonly Policy[], subject: End): Annotated {
  const own = policies
    .filter((policy) => subjectEndRelation(subject, policy.subject).kind !== 'apart')
    .flatMap(({ annotations }) => annotations);
  const words = textsOf(own, 'severity');
  const severity = weights.findLast((weight) => words.includes(weight));
  return { ...(severity && { severity }), owners: [...new Set(textsOf(own, 'owner'))].sort() };
}

const textsOf = (annotations: readonly Annotation[], wanted: string): readonly string[] =>
  annotations.flatMap(({ name, values }) => (name === wanted ? values.map(({ text }) => text) : []));

function raised({ effect }: Difference, weight: Weight | undefined): readonly Severity[] {
  if (weight === undefined || weight === 'low') return [];
  return effect === 'newly-allowed' && weight !== 'medium' ? ['high'] : ['medium'];
}

type Opening = { readonly severity: Severity; readonly reason: string };

function openings({ section, domain, cell, everyItem }: Difference): readonly Opening[] {
  if (section === 'process')
    return everyItem
      ? [{ severity: 'high', reason: `every ${domain ?? 'event'} is opened` }]
      : [{ severity: 'medium', reason: 'programs may do more' }];
  const [subject, peer] = [subjectOf(cell, section), peerOf(cell, section)];
  if (peer.kind === 'address') {
    if ([...peer.names.flags.values()].includes(true)) return [{ severity: 'medium', reason: 'opened to whoever has a DNS name' }];
    if (isLargeSet(peer.addresses)) return [{ severity: 'high', reason: 'opened to the world' }];
    return [{ severity: 'medium', reason: 'opened to addresses outside of everything managed' }];
  }
  if (peer.kind === 'reserved') return [{ severity: 'medium', reason: 'opened to nodes or other reserved endpoints' }];
  return isElsewhere(subject, peer) ? [{ severity: 'medium', reason: 'opened to another namespace' }] : [];
}

function scopesOf({ section, cell }: Difference): readonly Scope[] {
  if (section === 'process') return ['process'];
  const [subject, peer] = [subjectOf(cell, section), peerOf(cell, section)];
  if (peer.kind === 'address') return ['world'];
  if (peer.kind === 'reserved' || subject.kind === 'reserved') return ['host'];
  return isElsewhere(subject, peer) ? ['namespace'] : [];
}

/** As many as an IPv4 /8, or an IPv6 /16, or more. */
function isLargeSet(addresses: AddressSet): boolean {
  const known = intersect(addresses, everyAddress);
  const size = (set: AddressSet): bigint => set.reduce((sum, { low, high }) => sum + high - low + 1n, 0n);
  return size(intersect(known, ipv4Space)) >= 1n << 24n || size(subtract(known, ipv4Space)) >= 1n << 112n;
}

/** Can the peer be in another namespace, or outside of the subject's cluster? Not where neither is restricted; a subject of any cluster is here. */
function isElsewhere(subject: End, peer: End): boolean {
  if (subject.kind !== 'workload' || peer.kind !== 'workload') return false;
  const setsOf = (key: string): readonly [ValueSet | undefined, ValueSet | undefined] => [subject.labels.get(key), peer.labels.get(key)];
  const [own, other] = setsOf(namespaceKey);
  const [cluster, otherCluster] = setsOf(clusterKey);
  const isOtherCluster = cluster !== undefined && !isOneValue(cluster, otherCluster);
  return isOtherCluster || ((own !== undefined || other !== undefined) && !isOneValue(own, other));
}

/** One and the same value on both sides. */
const isOneValue = (a: ValueSet = anyValue, b: ValueSet = anyValue): boolean =>
  [a, b].every(({ absent, others, values }) => !others && values.length + Number(absent) === 1) && JSON.stringify(a) === JSON.stringify(b);

/** The namespaces that a subject is restricted to. */
function namespacesOf(subject: End): readonly string[] {
  const labels: LabelCube | undefined = 'labels' in subject ? subject.labels : undefined;
  const set = labels?.get(namespaceKey);
  return set && !set.others ? set.values : [];
}
