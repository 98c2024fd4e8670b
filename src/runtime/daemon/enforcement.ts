// What is wanted (bundle, inventory, workloads of `policyd exec`) -> what is in force. A change is taken over whole or
// refused whole: everything that can fail happens before the new generation is switched to, and what was attached for a
// refused change is taken off again.

import { fixedEndpoint } from '../../compiler/ir/abi.ts';
import type { Labels } from '../../compiler/space/labels.ts';
import { protocolOf } from '../../compiler/space/transport.ts';
import type { CauseTable } from '../events/causes.ts';
import { type EndpointIds, type EndpointTables, endpointTables } from '../inventory/endpoints.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { type Machine, machineNow, type ResolvedInventory, type ResolvedWorkload, resolveInventory } from '../inventory/resolve.ts';
import { attachCgroup, attachMachine, attachments, detachCgroup } from '../kernel/attach.ts';
import { dropForeign, names, pinsAt } from '../kernel/bpffs.ts';
import { outermost } from '../kernel/cgroups.ts';
import type { Drift } from '../kernel/drift.ts';
import type { Result } from '../kernel/failure.ts';
import { governHost, type Hold, type HostRule, hostPlace, isUnconfirmed } from '../kernel/host.ts';
import {
  attachEarly,
  attachedInterfaces,
  attachInterface,
  detachEarly,
  detachInterface,
  earlyInterfaces,
  isAttached,
  ownInterfaces,
} from '../kernel/interfaces.ts';
import { type Loaded, load, sameObjects, supported } from '../kernel/load.ts';
import { endTrial, goBack } from '../kernel/revision.ts';
import { type GenerationContent, type Generations, generations, type MapSource, tableNames } from '../kernel/tables.ts';
import { type Mismatch, Verifier } from '../kernel/verify.ts';
import type { Bundle } from '../policy/bundle.ts';
import { newQuestions, Questions } from '../policy/changed-questions.ts';
import { ClassSpace } from '../policy/class-space.ts';
import type { CauseNumbers, GenerationTables } from '../policy/generation.ts';
import { materialize } from '../policy/materialize.ts';
import { PartedSources } from '../policy/parted-sources.ts';
import { PolicyIndex, type PolicySet } from '../policy/policy-index.ts';
import { serviceTables } from '../policy/services.ts';
import { refuseWithoutInterface } from './own-interface.ts';
import { type PinnedMaps, pinnedMaps } from './pinned.ts';
import { type Complaint, Refusal, refusalOfFailures } from './refusal.ts';
import { changedPart, someCauses } from './rehearsed-part.ts';

export type Desired = {
  readonly bundle: Bundle;
  readonly inventory: Inventory;
  readonly dynamic: readonly ResolvedWorkload[];
};

/** What must be on disk before a generation that uses it is in force. Saved after each, too: then the next finds little to save. */
export type Identities = { readonly causes: CauseTable; readonly ids: EndpointIds; readonly save: () => void };

/** Programs in the kernel, and the tables that they and those of earlier bundles read. */
type Programs = {
  readonly loaded: Loaded;
  readonly tables: PinnedMaps;
  readonly generations: Generations;
  /** A table was made for them, so nothing is in it yet. */
  readonly emptyTable: boolean;
};

export type InForce = {
  readonly desired: Desired;
  readonly resolved: ResolvedInventory;
  readonly tables: EndpointTables;
  readonly loaded: Loaded;
  /** Every pinned map, also where the bundle in force has no program for it: counters go on. */
  readonly maps: MapSource;
  readonly revision: number;
  /** Questions that the programs of this kernel answered as the bundle says. */
  readonly verified: number;
  /** Is the host itself a subject of its policies? */
  readonly governsHost: boolean;
  readonly policies: {
    /** Numbers of policies that select an endpoint with these labels, ascending. */
    readonly selecting: (labels: Labels) => readonly number[];
    /** Has a rule or a default deny something to say of what comes to it? */
    readonly decidesIngress: (labels: Labels) => boolean;
  };
};
/** `places`: where programs are attached. */
type Current = InForce & {
  readonly host: HostRule | undefined;
  readonly places: EndpointTables;
  readonly programs: Programs;
  readonly content: GenerationContent;
};

/** `until`: when it makes room for what is in force now; 0 = never. */
type Next = { readonly content: GenerationContent; readonly until: bigint };

const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw refusalOfFailures(result.failures);
  return result.value;
};

export class Enforcement {
  private readonly pinsRoot: string;
  private readonly identities: Identities;
  private readonly verifier: Verifier;
  private readonly index = new PolicyIndex();
  private space: { readonly of: Bundle['images']; readonly space: ClassSpace } | undefined;
  private readonly questions = new Questions();
  /** Keys of the questions that the programs answered rightly. */
  private answered: ReadonlySet<string> = new Set();
  private current: Current | undefined;

  constructor(pinsRoot: string, identities: Identities) {
    this.pinsRoot = pinsRoot;
    this.identities = identities;
    this.verifier = new Verifier(`${pinsRoot}-verify`);
  }

  get inForce(): InForce | undefined {
    return this.current;
  }

  /**
   * Puts `desired` in force; throws a Refusal and leaves everything as it was if that cannot be. `unchanged`: all but the bundle is
   * as before. `hold` is asked, where its policies govern this host, until when they may.
   */
  apply(desired: Desired, machine: Machine | 'unchanged', hold: () => Hold = forGood): InForce {
    if (machine === 'unchanged') return this.applyBundle(desired);
    const found = resolveInventory(desired.inventory, desired.dynamic, machine);
    if (!found.ok) throw new Refusal(found.problems.map((message) => ({ message })));
    const before = this.current;
    const standing = before && revisionOf(before.programs);
    const verified = this.verified(desired.bundle);
    const programs = this.programsFor(desired.bundle);
    const { loaded } = programs;
    const attached = new Set(attachments(loaded.pins).map(({ cgroup }) => cgroup));
    const interfaces = new Set(attachedInterfaces(loaded.pins));
    try {
      const tables = endpointTables(found.inventory, this.identities.ids);
      refuseWithoutInterface(desired.bundle, this.policiesOf(desired.bundle), tables);
      const content = this.contentOf(desired.bundle, tables);
      const governsHost = isSubject(content);
      const held = governsHost ? hold() : undefined;
      const host = held?.rule;
      const places = governsHost ? { ...tables, cgroups: [{ ...hostPlace(), endpoint: fixedEndpoint.host }] } : tables;
      // Before the switch, for what a socket is, is kept with the revision; but nothing that nobody confirmed has more time by it.
      const endsLater = host?.until === 0n && isUnconfirmed(programs.tables);
      if (!endsLater) governHost(programs.tables, host);
      const revision = this.switchTo(programs, { content, until: held?.isNew ? held.rule.until : 0n }, places);
      if (endsLater) governHost(programs.tables, host);
      this.current = {
        desired,
        resolved: found.inventory,
        tables,
        loaded,
        maps: programs.tables,
        revision,
        verified,
        policies: this.asked(desired.bundle),
        governsHost,
        host,
        places,
        programs,
        content,
      };
    } catch (error) {
      for (const { cgroup } of attachments(loaded.pins)) if (!attached.has(cgroup)) detachCgroup(loaded.pins, cgroup);
      for (const index of attachedInterfaces(loaded.pins)) if (!interfaces.has(index)) detachInterface(loaded.pins, programs.tables, index);
      if (before) governHost(before.programs.tables, before.host);
      if (before && (before.programs !== programs || standing !== revisionOf(before.programs))) this.restore(before);
      if (before?.programs !== programs) close(programs);
      throw error;
    }
    if (before && before.programs !== programs) close(before.programs);
    return this.current;
  }

  /** A change of policy alone is a change of tables: nothing is looked up, attached or loaded, unless the programs are other ones. */
  private applyBundle(desired: Desired): InForce {
    const { current } = this;
    if (!current) throw new Error('policyd bug: nothing is in force yet');
    const { bundle } = desired;
    const { programs, tables } = current;
    if (!sameObjects(current.desired.bundle.objects, bundle.objects) || programs.tables.get('config') === undefined)
      return this.apply(desired, machineNow('leave'));
    const verified = this.verified(bundle);
    refuseWithoutInterface(bundle, this.policiesOf(bundle), tables);
    const content = this.contentOf(bundle, tables);
    const revision = must(programs.generations.install(content));
    this.current = { ...current, desired, revision, verified, policies: this.asked(bundle), content };
    return this.current;
  }

  /**
   * What a change of a part does before its switch, without one: the part at `place` becomes another one, and itself again.
   * `bundle`: the one in force, perhaps read again.
   */
  rehearse(bundle: Bundle, place: number): void {
    const { current } = this;
    if (current?.desired.bundle.manifest.build !== bundle.manifest.build || current.programs.tables.get('config') === undefined) return;
    const part = bundle.parts[place];
    if (part) {
      const parts = bundle.parts.slice(0, place).concat(changedPart(part), bundle.parts.slice(place + 1));
      this.tablesOf({ ...bundle, parts, sources: new PartedSources(parts) }, current.tables, someCauses);
    }
    this.questioned(bundle, this.answered);
    current.programs.generations.layOut(this.contentOf(bundle, current.tables));
  }

  /** Tables in the kernel that do not hold what was put there. */
  drift(): readonly Drift[] {
    const { current } = this;
    return current && current.programs.tables.get('config') !== undefined ? current.programs.generations.drift() : [];
  }

  /** Writes every table again, as a generation of its own. */
  rewrite(): void {
    const { current } = this;
    if (!current || current.programs.tables.get('config') === undefined) return;
    current.programs.generations.close();
    const programs = { ...current.programs, generations: generations(current.programs.tables) };
    this.current = { ...current, programs, revision: must(programs.generations.install(current.content)) };
  }

  /** Asks the questions of the bundle in force again. */
  verifyAgain(): void {
    if (this.current) this.questioned(this.current.desired.bundle, new Set());
  }

  /** The policies for the host that are in force hold until then: for good, or no more. */
  holdHost(rule: HostRule): void {
    if (!this.current?.governsHost) return;
    const { tables } = this.current.programs;
    if (rule.until === 0n) endTrial(tables);
    else goBack(tables);
    governHost(tables, rule);
    this.current = { ...this.current, host: rule };
  }

  /** Lets go of descriptors; everything stays pinned and in force. */
  close(): void {
    this.verifier.close();
    if (this.current) close(this.current.programs);
    this.current = undefined;
  }

  /** Before anything else is touched: does this kernel decide as the bundle says? Asked once of each build. */
  private verified(bundle: Bundle): number {
    const { current } = this;
    if (current?.desired.bundle.manifest.build === bundle.manifest.build) return current.verified;
    must(supported(bundle));
    const isSame = current !== undefined && sameObjects(current.desired.bundle.objects, bundle.objects);
    return this.questioned(bundle, isSame ? this.answered : new Set());
  }

  /** Asks what is not in `known`; how many questions are answered. */
  private questioned(bundle: Bundle, known: ReadonlySet<string>): number {
    const policies = this.policiesOf(bundle);
    const keys = this.questions.keysOf(bundle.boundary, policies);
    const asked = { ...bundle, boundary: newQuestions(bundle.boundary, keys, known) };
    const { mismatches } = must(this.verifier.verify(asked, policies));
    if (mismatches.length > 0) throw new Refusal(mismatches.map((mismatch) => mismatchText(asked, mismatch)));
    this.answered = new Set(keys);
    return keys.length;
  }

  /** A change of policy is a change of tables: programs are loaded only when the objects are other ones. */
  private programsFor(bundle: Bundle): Programs {
    const { current } = this;
    if (!current || !sameObjects(current.desired.bundle.objects, bundle.objects)) return this.load(bundle);
    must(supported(bundle));
    return current.programs;
  }

  private load(bundle: Bundle): Programs {
    const known = new Set(names(pinsAt(this.pinsRoot).maps));
    const loaded = must(load(bundle, this.pinsRoot));
    const tables = pinnedMaps(this.pinsRoot);
    const emptyTable = tableNames.some((name) => tables.get(name) !== undefined && !known.has(name));
    return { loaded, tables, generations: generations(tables), emptyTable };
  }

  private contentOf(bundle: Bundle, tables: EndpointTables): GenerationContent {
    const { causes, save } = this.identities;
    const { frame, images, sources } = bundle;
    const { addresses, cgroups, backends } = tables;
    const made = this.tablesOf(bundle, tables, causes.numbersOf(sources));
    save();
    return { images, tables: made, addresses, cgroups, services: serviceTables(frame, backends) };
  }

  private tablesOf(bundle: Bundle, { endpoints }: EndpointTables, causes: CauseNumbers): GenerationTables {
    return materialize({ policies: this.policiesOf(bundle), ports: bundle.images.ports, endpoints, causes });
  }

  /** Good until it is asked for those of another bundle. */
  private policiesOf({ parts, frame, images }: Bundle): PolicySet {
    this.index.change(parts);
    const known = this.space?.of;
    const isKnown = known && known.ports === images.ports && known.prefixes === images.prefixes;
    const space = (isKnown && this.space?.space) || new ClassSpace(images);
    this.space = { of: images, space };
    return this.index.setOf(frame, space);
  }

  private asked(bundle: Bundle): InForce['policies'] {
    return {
      selecting: (labels) => {
        this.policiesOf(bundle);
        return this.index.policiesFor(labels);
      },
      decidesIngress: (labels) => {
        const policies = this.policiesOf(bundle);
        const matching = policies.matching(labels);
        return policies.rulesFor(matching, 'ingress').length > 0 || policies.bringing(matching, 'ingress').length > 0;
      },
    };
  }

  /**
   * Attaches to new cgroups, switches, detaches from old ones: a new cgroup under the old generation belongs to nobody
   * and passes. Where programs would find an empty table, and so deny everything, the switch comes first; every table
   * that there is gets its content, so it is right for the programs that are still attached.
   */
  private switchTo(programs: Programs, { content, until }: Next, tables: EndpointTables): number {
    const fresh = this.current?.programs !== programs;
    const installFirst = fresh && (programs.emptyTable || revisionOf(programs) === 0);
    if (!installFirst) attachAll(programs, tables, fresh);
    // A bundle without policies, on a machine that never had another, has no tables.
    // What has no content for a table of these programs cannot come back under them.
    const trial = installFirst ? 0n : until;
    const revision = programs.tables.get('config') === undefined ? 0 : must(programs.generations.install(content, trial));
    if (installFirst) attachAll(programs, tables, fresh);
    ownInterfaces(programs.tables, tables.interfaces);
    detachOthers(programs, tables);
    if (fresh) dropForeign(programs.loaded.pins, programs.loaded.programs);
    return revision;
  }

  /** After a refused bundle: the programs and the generation of the one before. */
  private restore(before: Current): void {
    const { programs, content, places } = before;
    if (programs.tables.get('config') !== undefined) {
      programs.generations.close();
      const again = { ...programs, generations: generations(programs.tables) };
      this.current = { ...before, programs: again };
      must(again.generations.install(content));
    }
    attachAll(programs, places, true);
    ownInterfaces(programs.tables, places.interfaces);
  }
}

function mismatchText({ boundary, sources }: Bundle, { point, found }: Mismatch): Complaint {
  const { subject, direction, peer, action, cause } = point;
  const shown = (index: number): string => JSON.stringify(boundary.endpoints[index]);
  const rule = cause.kind === 'rule' ? sources.rule(cause.rule)?.rule : undefined;
  const by = rule ? `${rule.file}:${rule.line}` : cause.kind;
  return {
    message: `the programs decide otherwise than the policy: ${direction} of ${shown(subject)} with ${shown(peer)} at ${protocolOf(point.point).protocol} ${protocolOf(point.point).value} is ${action} by ${by}, they say ${found}`,
    help: 'nothing was switched; this is a bug of policyc, please report it with the kernel version',
  };
}

/** Of a bundle that does not govern the host nobody has to ask. */
const forGood = (): Hold => ({ rule: { until: 0n }, isNew: false });

const revisionOf = ({ tables, generations: { revision } }: Programs): number => (tables.get('config') === undefined ? 0 : revision());

/** Has a policy something to say of the host? */
const isSubject = ({ tables }: GenerationContent): boolean =>
  tables.endpoints.some(({ id, subjectClass }) => id === fixedEndpoint.host && subjectClass !== 0);

function close({ loaded, tables, generations: own }: Programs): void {
  own.close();
  loaded.close();
  tables.close();
}

/** `fresh`: the programs are other ones than those attached now. */
function attachAll({ loaded, tables }: Programs, { cgroups, interfaces, early }: EndpointTables, fresh: boolean): void {
  if (fresh) must(attachMachine(loaded));
  const attached = new Set(attachments(loaded.pins).flatMap(({ cgroup, alive }) => (alive ? [cgroup] : [])));
  for (const { cgroup, path } of outermost(cgroups)) if (fresh || !attached.has(cgroup)) must(attachCgroup(loaded, path));
  for (const place of interfaces) if (fresh || !isAttached(loaded.pins, place)) must(attachInterface(loaded, tables, place));
  const denying = new Set(earlyInterfaces(loaded.pins));
  for (const place of early) if (fresh || !denying.has(place.index)) must(attachEarly(loaded, place));
}

/** Takes everything off cgroups and interfaces that are no workload's any more. */
function detachOthers({ loaded: { pins }, tables }: Programs, { cgroups, interfaces, early }: EndpointTables): void {
  const wanted = new Set(outermost(cgroups).map(({ cgroup }) => cgroup));
  for (const { cgroup } of attachments(pins)) if (!wanted.has(cgroup)) detachCgroup(pins, cgroup);
  const own = new Set(interfaces.map(({ index }) => index));
  for (const index of attachedInterfaces(pins)) if (!own.has(index)) detachInterface(pins, tables, index);
  const denying = new Set(early.map(({ index }) => index));
  for (const index of earlyInterfaces(pins)) if (!denying.has(index)) detachEarly(pins, index);
}
