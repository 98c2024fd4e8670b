// Recorded traffic -> the policies that allow just that: one for each workload, with both sections, since what is not recorded is to be
// denied. Where more is allowed than was recorded, the text says what.
import { type Address, formatAddress, formatPrefix, isIpv4, prefixInterval } from '../../space/address.ts';
import type { End } from '../ends.ts';
import { type Count, type CountedCell, type FlowCell, type ProcessCell, Traffic } from '../traffic.ts';
import { type Generalize, many } from './generalization.ts';
import { blockLines } from './lines.ts';
import { type PolicyDraft, policiesText } from './policies-text.ts';
import { type Entry, rulesOf } from './rules.ts';
import { exactly } from './telling.ts';
import { type Group, type Groups, groupsOf } from './workloads.ts';

/** Recorded traffic in which nothing is taken for anything else, as a suggestion needs it. */
export const exactTraffic = (): Traffic => new Traffic(exactly);

/** `cells`: the recorded flows that the policies allow. */
export type Suggestion = { readonly text: string; readonly cells: readonly CountedCell[] };

/** What was let through then; records in audit mode were. */
const isEvidence = ({ recorded }: Count): boolean => recorded === 'allowed' || recorded === 'audited';

/** `allowances`: codes of findings that the text is to say are meant. */
export function suggest(traffic: Traffic, generalize: Generalize, allowances: readonly string[] = []): Suggestion {
  const all = [...traffic.cells()];
  const cells = all.flatMap(({ cell, counts }): readonly CountedCell[] => {
    const own = counts.filter(isEvidence);
    return own.length === 0 || (cell.kind === 'flow' && cell.isSelf) ? [] : [{ cell, counts: own }];
  });
  const ends = cells.flatMap(({ cell }) => (cell.kind === 'flow' ? [cell.source, cell.destination] : [cell.source]));
  const groups = groupsOf(ends, generalize.has('labels'));
  const drafts = new Map(
    groups.all.map((group): readonly [Group, Draft] => [group, { entries: { ingress: [], egress: [] }, processes: [] }]),
  );
  for (const counted of cells) place(counted, groups, drafts);
  const reserved = ends.flatMap(({ identity }) => (identity.kind === 'reserved' ? [identity.entities] : []));
  const policies = [...drafts].map(([group, draft]) => policyOf(group, draft, { groups, generalize, reserved }));
  const counts = all.flatMap((one) => one.counts);
  return { text: policiesText({ policies, generalize, tally: traffic.tally(), counts, allowances }), cells };
}

type Placed<C> = { readonly cell: C; readonly counts: readonly Count[] };
type Draft = {
  readonly entries: { readonly ingress: Placed<FlowCell>[]; readonly egress: Placed<FlowCell>[] };
  readonly processes: Placed<ProcessCell>[];
};

/** A flow is allowed on both its sides, whichever of them was recorded. */
function place({ cell, counts }: CountedCell, groups: Groups, drafts: ReadonlyMap<Group, Draft>): void {
  const draftOf = ({ identity }: End): Draft | undefined => (identity.kind === 'workload' ? drafts.get(groups.of(identity)) : undefined);
  if (cell.kind === 'process') draftOf(cell.source)?.processes.push({ cell, counts });
  else {
    draftOf(cell.source)?.entries.egress.push({ cell, counts });
    draftOf(cell.destination)?.entries.ingress.push({ cell, counts });
  }
}

/** `reserved`: the names of every reserved endpoint that was recorded. */
type Saying = { readonly groups: Groups; readonly generalize: Generalize; readonly reserved: readonly (readonly string[])[] };

const noNames: ReadonlySet<string> = new Set();

function policyOf(group: Group, { entries, processes }: Draft, saying: Saying): PolicyDraft {
  const asked = saying.generalize.has('names') ? namesAsked(entries.egress, saying.generalize) : new Set<string>();
  const rules = (placed: readonly Placed<FlowCell>[], side: 'source' | 'destination') => {
    // Names are known of destinations only.
    const named = side === 'destination' ? asked : noNames;
    const peer = peerText(
      placed.map(({ cell }) => cell[side]),
      named,
      saying,
    );
    return rulesOf(
      entriesOf(placed, (cell) => peer(cell[side])),
      saying.generalize,
    );
  };
  return { group, ingress: rules(entries.ingress, 'source'), egress: rules(entries.egress, 'destination'), processes };
}

function entriesOf(placed: readonly Placed<FlowCell>[], peerOf: (cell: FlowCell) => string): readonly Entry[] {
  const entries = new Map<string, Entry>();
  for (const { cell, counts } of placed) {
    const [peer, { point, request }] = [peerOf(cell), cell];
    const key = `${point} ${peer}`;
    const entry: Entry = entries.get(key) ?? { peer, point, requests: new Map(), hasUnreadable: false, counts: [] };
    entries.set(key, entry);
    entry.counts.push(...counts);
    if (request?.content.kind === 'fields') {
      const known = entry.requests.get(request.domain);
      if (known) known.push(request.content.fields);
      else entry.requests.set(request.domain, [request.content.fields]);
    } else if (request) entry.hasUnreadable = true;
  }
  return [...entries.values()];
}

/** The names that a workload asks for in a way that a rule can name: only those count as names of addresses. */
function namesAsked(egress: readonly Placed<FlowCell>[], generalize: Generalize): ReadonlySet<string> {
  const fields = egress.flatMap(({ cell: { request } }) =>
    request?.domain === 'dns' && request.content.kind === 'fields' ? [request.content.fields] : [],
  );
  const isWhole =
    blockLines('dns', fields, generalize) !== undefined &&
    !egress.some(({ cell }) => cell.request?.domain === 'dns' && cell.request.content.kind !== 'fields');
  const names = fields.flatMap(({ name }) => (name === undefined || 'kind' in name ? [] : name));
  return new Set(isWhole ? names : []);
}

// --- peers ----------------------------------------------------------------------------------------------------------

/** How the peers of one section are written. */
function peerText(ends: readonly End[], asked: ReadonlySet<string>, { groups, generalize, reserved }: Saying): (end: End) => string {
  const blocks = new Map<string, Set<Address>>();
  if (generalize.has('addresses'))
    for (const { identity, address } of ends)
      if (identity.kind === 'world' && address !== undefined)
        blocks.set(blockOf(address), (blocks.get(blockOf(address)) ?? new Set()).add(address));
  return ({ identity, address = 0n, names }) => {
    switch (identity.kind) {
      case 'workload':
        return groups.of(identity).name;
      case 'reserved':
        return entityOf(identity.entities, reserved);
      case 'world': {
        const name = names.find((one) => asked.has(one));
        if (name !== undefined) return `"${name}"`;
        const block = blockOf(address);
        return (blocks.get(block)?.size ?? 0) >= many ? block : formatAddress(address);
      }
    }
  };
}

/** The narrowest name first. */
const narrowest = ['host', 'kube-apiserver', 'ingress', 'health', 'init', 'unmanaged', 'remote-node'];

/** An endpoint of several names by one of them, without those that others of this name have beside. */
function entityOf(entities: readonly string[], recorded: readonly (readonly string[])[]): string {
  const others = recorded.filter((other) => other.join() !== entities.join());
  const isTold = (name: string): boolean => others.every((other) => !other.includes(name) || other.some((one) => !entities.includes(one)));
  const own = narrowest.filter((name) => entities.includes(name));
  const name = own.find(isTold) ?? own[0] ?? 'unmanaged';
  const more = [
    ...new Set(others.filter((other) => other.includes(name)).flatMap((other) => other.filter((one) => !entities.includes(one)))),
  ].sort();
  if (more.length === 0) return name;
  return `${name} except ${more.length === 1 ? more[0] : `[${more.join(', ')}]`}`;
}

function blockOf(address: Address): string {
  const length = isIpv4(address) ? 120 : 64;
  return formatPrefix({
    address: prefixInterval({ address: (address >> BigInt(128 - length)) << BigInt(128 - length), length }).low,
    length,
  });
}
