// What `policyd names` and `policyd status` say of names: who knows which addresses by them, for how long, and how much room is left.
import { formatAddress } from '../../compiler/space/address.ts';
import { dnsQuestion } from '../events/dns-question.ts';
import { displayName } from '../inventory/inventory.ts';
import { learntNames, type NameTables, nameTables } from '../kernel/learnt-names.ts';
import type { NameEvent } from '../kernel/names.ts';
import type { InForce } from './enforcement.ts';
import { nameRows } from './measure.ts';
import { Refusal } from './refusal.ts';

export type KnownAddress = {
  readonly address: string;
  /** For which it holds; 0: for new flows it does no more, those that began with it keep it. */
  readonly seconds: number;
};
export type KnownName = { readonly name: string; readonly addresses: readonly KnownAddress[] };
/** `workload`: as it is shown; of one that left the inventory `endpoint` and its number. */
export type WorkloadNames = { readonly workload: string; readonly names: readonly KnownName[] };

export type NamesStatus = {
  readonly tables: NameTables;
  /** Since the programs were loaded. */
  readonly counts: Readonly<Record<NameEvent, number>>;
};

type Places = Pick<InForce, 'maps' | 'tables'>;

/** By workload, name and address. `wanted`: this workload alone. @throws Refusal where the inventory has no such workload */
export function knownNames({ maps, tables }: Places, wanted?: string): readonly WorkloadNames[] {
  const shown = new Map(tables.names.map((endpoint) => [endpoint.id, displayName(endpoint)]));
  if (wanted !== undefined && ![...shown.values()].includes(wanted))
    throw new Refusal([{ message: `the inventory has no workload \`${wanted}\``, help: '`policyd status` lists them' }]);
  const found = new Map<string, Map<string, KnownAddress[]>>();
  for (const { subject, address, name, seconds } of learntNames(maps, (wire) => dnsQuestion(wire).name)) {
    const workload = shown.get(subject) ?? `endpoint ${subject}`;
    if (wanted !== undefined && workload !== wanted) continue;
    const names = found.get(workload) ?? new Map<string, KnownAddress[]>();
    const addresses = names.get(name) ?? [];
    addresses.push({ address: formatAddress(address), seconds });
    found.set(workload, names.set(name, addresses));
  }
  return sorted([...found]).map(([workload, names]) => ({
    workload,
    names: sorted([...names]).map(([name, addresses]) => ({ name, addresses: addresses.sort((a, b) => compare(a.address, b.address)) })),
  }));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const sorted = <T>(entries: (readonly [string, T])[]): readonly (readonly [string, T])[] => entries.sort(([a], [b]) => compare(a, b));

/** Undefined where no program reads answers. */
export function namesStatus(maps: InForce['maps']): NamesStatus | undefined {
  const rows = nameRows(maps);
  if (rows.length === 0) return undefined;
  const of = (wanted: NameEvent): number => rows.find(({ event }) => event === wanted)?.count ?? 0;
  const counts = { learned: of('learned'), expired: of('expired'), refused: of('refused'), unreadable: of('unreadable') };
  return { tables: nameTables(maps), counts };
}
