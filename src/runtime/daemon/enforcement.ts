// What is wanted (bundle, inventory, workloads of `policyd exec`) -> what is in force. A change is taken over whole or
// refused whole: everything that can fail happens before the new generation is switched to, and what was attached for a
// refused change is taken off again.

import type { CauseTable } from '../events/causes.ts';
import { type EndpointIds, type EndpointTables, endpointTables } from '../inventory/endpoints.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { type Machine, type ResolvedInventory, type ResolvedWorkload, resolveInventory } from '../inventory/resolve.ts';
import { attachCgroup, attachMachine, attachments, detachCgroup } from '../kernel/attach.ts';
import { outermost } from '../kernel/cgroups.ts';
import type { Result } from '../kernel/failure.ts';
import { type Loaded, load } from '../kernel/load.ts';
import { type Generations, generations } from '../kernel/tables.ts';
import type { Bundle } from '../policy/bundle.ts';
import { materialize } from '../policy/materialize.ts';
import { Refusal, refusalOfFailures } from './refusal.ts';

export type Desired = {
  readonly bundle: Bundle;
  readonly inventory: Inventory;
  readonly dynamic: readonly ResolvedWorkload[];
};

/** What must be on disk before a generation that uses it is in force. */
export type Identities = { readonly causes: CauseTable; readonly ids: EndpointIds; readonly save: () => void };

export type InForce = {
  readonly desired: Desired;
  readonly resolved: ResolvedInventory;
  readonly tables: EndpointTables;
  readonly loaded: Loaded;
  readonly revision: number;
};

const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw refusalOfFailures(result.failures);
  return result.value;
};

export class Enforcement {
  private readonly pinsRoot: string;
  private readonly identities: Identities;
  private current: InForce | undefined;
  private tables: Generations | undefined;

  constructor(pinsRoot: string, identities: Identities) {
    this.pinsRoot = pinsRoot;
    this.identities = identities;
  }

  get inForce(): InForce | undefined {
    return this.current;
  }

  /** Puts `desired` in force; throws a Refusal and leaves everything as it was if that cannot be. */
  apply(desired: Desired, machine: Machine): InForce {
    const found = resolveInventory(desired.inventory, desired.dynamic, machine);
    if (!found.ok) throw new Refusal(found.problems.map((message) => ({ message })));
    const before = this.current;
    const loaded = before?.desired.bundle === desired.bundle ? before.loaded : must(load(desired.bundle, this.pinsRoot));
    try {
      const tables = endpointTables(found.inventory, this.identities.ids);
      const revision = this.switchTo(desired.bundle, loaded, tables);
      this.current = { desired, resolved: found.inventory, tables, loaded, revision };
    } catch (error) {
      if (loaded !== before?.loaded) loaded.close();
      if (before) this.attach(before.loaded, before.tables);
      throw error;
    }
    if (before && before.loaded !== loaded) before.loaded.close();
    return this.current;
  }

  /** Lets go of descriptors; everything stays pinned and in force. */
  close(): void {
    this.current?.loaded.close();
    this.current = undefined;
  }

  /**
   * Attaches to new cgroups, switches, detaches from old ones. A new cgroup under the old generation belongs to nobody
   * and passes; only where there is no generation at all, which denies everything, the switch comes first.
   */
  private switchTo(bundle: Bundle, loaded: Loaded, tables: EndpointTables): number {
    const { causes, save } = this.identities;
    const content = {
      images: bundle.images,
      tables: materialize({
        program: bundle.program,
        ports: bundle.images.ports,
        endpoints: tables.endpoints,
        causes: causes.numbersOf(bundle.sources),
      }),
      addresses: tables.addresses,
      cgroups: tables.cgroups,
    };
    save();
    const fresh = this.current?.loaded !== loaded;
    if (!loaded.maps.has('config')) return this.withoutPrograms(loaded, tables);
    const generation = fresh || !this.tables ? generations(loaded.maps) : this.tables;
    const first = generation.revision() === 0;
    if (!first) this.attach(loaded, tables, fresh);
    const revision = must(generation.install(content));
    this.tables = generation;
    if (first) this.attach(loaded, tables, fresh);
    this.detachAllBut(loaded, tables);
    return revision;
  }

  /** A bundle without policies has no programs: what an earlier one attached is taken off. */
  private withoutPrograms(loaded: Loaded, tables: EndpointTables): number {
    this.attach(loaded, tables);
    this.detachAllBut(loaded, tables);
    return this.current?.revision ?? 0;
  }

  /** `all`: also where something is attached already, because the programs are other ones now. */
  private attach(loaded: Loaded, { cgroups }: EndpointTables, all = true): void {
    if (all) must(attachMachine(loaded));
    const attached = new Set(attachments(loaded.pins).flatMap(({ cgroup, alive }) => (alive ? [cgroup] : [])));
    const made: bigint[] = [];
    for (const { cgroup, path } of outermost(cgroups)) {
      if (attached.has(cgroup) && !all) continue;
      const result = attachCgroup(loaded, path);
      if (!result.ok) {
        for (const id of made) detachCgroup(loaded.pins, id);
        throw refusalOfFailures(result.failures);
      }
      if (!attached.has(cgroup)) made.push(result.value);
    }
  }

  private detachAllBut({ pins }: Loaded, { cgroups }: EndpointTables): void {
    const wanted = new Set(outermost(cgroups).map(({ cgroup }) => cgroup));
    for (const { cgroup } of attachments(pins)) if (!wanted.has(cgroup)) detachCgroup(pins, cgroup);
  }
}
