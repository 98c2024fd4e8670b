// All connections between the workloads that there are, and between them and what is outside: as records of plain text, in a fixed
// order. Exact, by reachability.ts.
import type { TypedPolicy } from '../ir/typed.ts';
import type { Exposure, Stated } from '../ir/workload.ts';
import { equals, intersect, isEmpty, union } from '../space/interval.ts';
import { namespaceKey } from '../space/labels.ts';
import { protocolOf, type TransportSet } from '../space/transport.ts';
import { everyAddress } from './cell.ts';
import { contentWords } from './content-words.ts';
import type { Decision } from './decide.ts';
import { placeOf, type SourcePlace } from './event-words.ts';
import {
  type Asked,
  askedBy,
  controllerNode,
  entityNodes,
  familyRanges,
  type Node,
  type NodeKind,
  outsideNodes,
  rangesText,
  rangeText,
  workloadNodes,
} from './nodes.ts';
import { type Connection, connectionsBetween, isOutside, type Part, pointsAt, Reachability, ReachabilityMemory } from './reachability.ts';
import { transportWords } from './words.ts';

/** Who lets it through on one side: a rule, or nobody, as no policy denies it there. */
export type AllowedBy = (SourcePlace & { readonly policy: string; readonly rule: string }) | undefined;
/** `at`: ports of the connection, in words. `requests`: which, where not all are allowed. */
export type AllowedPart = { readonly at: string; readonly requests?: string; readonly egress?: AllowedBy; readonly ingress?: AllowedBy };
/** `protocols`: the same as `connection`, for programs: `80`, `8000-8100`; of ICMP `type * 256 + code`. */
export type ConnectionRecord = {
  readonly source: string;
  readonly sourceKind: NodeKind;
  readonly destination: string;
  readonly destinationKind: NodeKind;
  readonly connection: string;
  readonly protocols: readonly { readonly protocol: string; readonly ranges: readonly string[] }[];
  readonly parts: readonly AllowedPart[];
  /** Of an ingress controller: by which objects it reaches the workload. */
  readonly by?: readonly string[];
};

/** `onHostNetwork`: workloads that are not among the ends, since no policy for workloads governs them. */
export type ConnectivityReport = {
  readonly workloads: readonly string[];
  readonly onHostNetwork: readonly string[];
  readonly connections: readonly ConnectionRecord[];
};

/** The ends that are told apart, and what is allowed between them. */
export type Connectivity = { readonly asked: Asked; readonly workloads: readonly Node[]; readonly connections: readonly Connection[] };

/** `others`: further policies by which ends are told apart, so that two states can be compared. @throws AnalysisLimit */
export function connectivityOf(typed: TypedPolicy, { workloads, exposures }: Stated, others: readonly TypedPolicy[] = []): Connectivity {
  const policies = [typed, ...others];
  const asked = askedBy(policies);
  const reachability = new Reachability(new ReachabilityMemory(typed));
  const governed = workloadNodes(
    asked,
    workloads.filter(({ onHostNetwork }) => !onHostNetwork),
  );
  const all = [...governed, ...entityNodes(asked, policies), ...outsideNodes(asked)];
  const connections = connectionsBetween(reachability, all).filter(concernsWorkload);
  return { asked, workloads: governed, connections: [...connections, ...exposed(reachability, { asked, exposures, governed })] };
}

const concernsWorkload = ({ source, destination }: Connection): boolean => source.kind === 'workload' || destination.kind === 'workload';

type Ends = Pick<Connection, 'source' | 'destination'>;

/** What is so of an address whatever it is known by is said once. */
export function withoutImpliedNames<T extends Ends>(connections: readonly T[], textOf: (one: T) => string): readonly T[] {
  const outsideOf = ({ source, destination }: Ends): Node => (isOutside(source) ? source : destination);
  const keyOf = (one: T): string => {
    const [from, to] = [one.source, one.destination].map((node) => (isOutside(node) ? `${node.ranges?.[0]?.low}` : node.name));
    return `${from} -> ${to}: ${textOf(one)}`;
  };
  const implied = new Set(connections.filter((one) => outsideOf(one).kind === 'addresses').map(keyOf));
  return connections.filter((one) => outsideOf(one).kind !== 'names' || !implied.has(keyOf(one)));
}

type Exposing = { readonly asked: Asked; readonly exposures: readonly Exposure[]; readonly governed: readonly Node[] };

/** What an ingress controller reaches: the ports that an Ingress opens, as far as policies let it. */
function exposed(reachability: Reachability, { asked, exposures, governed }: Exposing): readonly Connection[] {
  if (exposures.length === 0) return [];
  const controller = controllerNode(asked);
  return governed.flatMap((destination) => {
    const points = exposures
      .filter((exposure) => isExposed(destination, exposure))
      .map(({ transport }) => pointsAt(transport, destination))
      .reduce(union, []);
    if (isEmpty(points)) return [];
    const parts = reachability.between(controller, destination).flatMap((part): readonly Part[] => {
      const common = intersect(part.points, points);
      return isEmpty(common) ? [] : [{ ...part, points: common }];
    });
    return parts.length === 0 ? [] : [{ source: controller, destination, parts }];
  });
}

const isExposed = ({ workload }: Node, { namespace, selector }: Exposure): boolean =>
  workload?.labels[namespaceKey] === namespace && Object.entries(selector).every(([key, value]) => workload.labels[key] === value);

// --- records --------------------------------------------------------------------------------------------------------

/** The connections as records; what several ranges of addresses may alike is joined. */
export function connectivityReport(connectivity: Connectivity, { workloads, exposures }: Stated): ConnectivityReport {
  const exposing = (node: Node): readonly string[] => exposures.filter((one) => isExposed(node, one)).map(({ by }) => by);
  return {
    workloads: connectivity.workloads.map(({ name }) => name),
    onHostNetwork: workloads.filter(({ onHostNetwork }) => onHostNetwork).map(({ namespace, name }) => `${namespace}/${name}`),
    connections: joinedRanges(withoutImpliedNames(connectivity.connections, ({ parts }) => partsText(parts)))
      .flatMap(({ source, destination, parts }) =>
        endNames(source).flatMap((from) =>
          endNames(destination).map((to): ConnectionRecord => {
            const points = parts.map((part) => part.points).reduce(union, []);
            return {
              ...{ source: from, sourceKind: source.kind, destination: to, destinationKind: destination.kind },
              ...{ connection: partsText(parts), protocols: protocolsOf(points), parts: parts.map(partRecord) },
              ...(source.kind === 'controller' && { by: [...new Set(exposing(destination))] }),
            };
          }),
        ),
      )
      .sort(byEnds),
  };
}

/** Workloads first, then what is outside; each by its name. */
function byEnds(a: ConnectionRecord, b: ConnectionRecord): number {
  const key = ({ source, sourceKind, destination, destinationKind }: ConnectionRecord): string =>
    [sourceKind === 'workload' ? 0 : 1, source, destinationKind === 'workload' ? 0 : 1, destination].join('\0');
  return key(a) < key(b) ? -1 : 1;
}

/** One name for each range: lists are searched by line. */
export function endNames({ name, kind, ranges = [] }: Node): readonly string[] {
  if (kind === 'addresses') return familyRanges(ranges).map(rangeText);
  return kind === 'names' && !equals(ranges, everyAddress) ? [`${name} in ${rangesText(ranges)}`] : [name];
}

/** Outside ends of one kind that one workload has the same connection with, as one. */
export function joinedRanges(connections: readonly Connection[]): readonly Connection[] {
  const groups = new Map<string, Connection>();
  for (const one of connections) {
    const side = isOutside(one.source) ? 'source' : isOutside(one.destination) ? 'destination' : undefined;
    if (!side) {
      groups.set(`${groups.size}`, one);
      continue;
    }
    const other = side === 'source' ? one.destination : one.source;
    const { kind, name, ranges = [] } = one[side];
    const key = [side, kind, kind === 'names' ? name : '', other.name, partsText(one.parts)].join('\0');
    const same = groups.get(key);
    groups.set(key, same ? { ...same, [side]: { ...same[side], ranges: union(same[side].ranges ?? [], ranges) } } : one);
  }
  return [...groups.values()];
}

/** `tcp 8080, udp 53`; `tcp 80 (http GET /x)` where not every request is allowed. */
export function partsText(parts: readonly Part[]): string {
  const open = parts
    .filter(({ requests }) => !requests)
    .map(({ points }) => points)
    .reduce(union, []);
  const narrowed = parts.flatMap((part) => (part.requests ? [`${transportWords(part.points, new Map())} (${requestsText(part)})`] : []));
  return [...(isEmpty(open) ? [] : [transportWords(open, new Map())]), ...narrowed].join(', ');
}

const requestsText = ({ requests = [] }: Part): string => (requests.length === 0 ? 'no request' : contentWords(requests));

const partRecord = (part: Part): AllowedPart => {
  const [egress, ingress] = [allowedBy(part.egress), allowedBy(part.ingress)];
  return {
    at: transportWords(part.points, new Map()),
    ...(part.requests && { requests: requestsText(part) }),
    ...(egress && { egress }),
    ...(ingress && { ingress }),
  };
};

const allowedBy = (decision: Decision): AllowedBy =>
  decision.kind === 'rule'
    ? { policy: decision.owned.policy.name, rule: decision.owned.rule.text, ...placeOf(decision.owned.rule.span) }
    : undefined;

const protocolNames = ['tcp', 'udp', 'sctp', 'icmp', 'icmpv6', 'other'] as const;

const protocolsOf = (points: TransportSet): ConnectionRecord['protocols'] =>
  protocolNames.flatMap((protocol, slot) => {
    const own = intersect(points, [{ low: slot * 65536, high: slot * 65536 + 65535 }]);
    const ranges = own.map(({ low, high }) => [...new Set([protocolOf(low).value, protocolOf(high).value])].join('-'));
    return ranges.length === 0 ? [] : [{ protocol, ranges }];
  });
