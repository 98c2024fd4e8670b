// A TypedPolicy and some endpoints as kernel tables, and the kernel's look-ups in them: the path that a packet takes,
// without a kernel. Causes are numbered plainly, so that answers can be read back as `Verdict`s.

import { normalize } from '../../src/compiler/4-normalize/index.ts';
import { plan } from '../../src/compiler/5-plan/index.ts';
import { emit, emitTables } from '../../src/compiler/6-emit/index.ts';
import { boundaryTable } from '../../src/compiler/analysis/boundary.ts';
import { readerOf } from '../../src/compiler/analysis/oracle.ts';
import { typeNumbers } from '../../src/compiler/base/record-types.ts';
import { collector } from '../../src/compiler/diagnostics/diagnostic.ts';
import { defaultImportOptions } from '../../src/compiler/interchange/index.ts';
import { fixedCause, verdictAction, verdictFlag } from '../../src/compiler/ir/abi.ts';
import type { StaticTable } from '../../src/compiler/ir/bundle.ts';
import type { Emitted } from '../../src/compiler/ir/emitted.ts';
import type { Cause, Content, Endpoint, FlowEvent, Verdict } from '../../src/compiler/ir/event.ts';
import { policyId, ruleId } from '../../src/compiler/ir/ids.ts';
import { type Direction, matchesUndecidable, type TypedPolicy } from '../../src/compiler/ir/typed.ts';
import type { CauseNumbers, GenerationTables, InventoryEndpoint } from '../../src/runtime/policy/generation.ts';
import { compactChoices } from '../../src/runtime/policy/grouped-choices.ts';
import { type KernelContent, lookupOf, type NetworkQuestion, type Peer } from '../../src/runtime/policy/lookup.ts';
import { materialize } from '../../src/runtime/policy/materialize.ts';
import { policySetOf } from '../../src/runtime/policy/policy-index.ts';
import type { KernelRequest, KernelValue } from '../../src/runtime/policy/request-lookup.ts';
import type { Entry } from '../../src/runtime/policy/verdict-table.ts';

/** Choices of every second policy as those of a large generation are laid out, which no random policy has. */
export const inEitherForm = ({ rules }: TypedPolicy, tables: GenerationTables): GenerationTables =>
  rules.length % 2 === 0 ? tables : { ...tables, choices: compactChoices(tables.choices, 0) };

/** Images and program of a policy; what the target refuses (HTTP on egress) is laid out all the same. */
export function emitted(typed: TypedPolicy): Emitted {
  const { report } = collector();
  const text = { files: [], documents: defaultImportOptions };
  return emit(plan(normalize(typed, report), report), { text, boundary: boundaryTable(typed) });
}

/** What the kernel's tables are made of. */
export type LaidOut = Pick<Emitted, 'images' | 'program'>;
/** The same without all else of a bundle. */
export function laidOut(typed: TypedPolicy): LaidOut {
  const { report } = collector();
  const planned = plan(normalize(typed, report), report);
  return { ...emitTables(planned), program: planned.space.program };
}

/** What a number means, of causes that were numbered in this order. */
export function causeIn(known: readonly Cause[], cause: number): Cause | undefined {
  if (cause === fixedCause.self) return { kind: 'self' };
  return cause === fixedCause.defaultAllow ? { kind: 'default-allow' } : known[cause - fixedCause.firstDynamic];
}

/** Causes that can be read back. */
export function plainCauses(): CauseNumbers & { readonly known: readonly Cause[]; readonly read: (cause: number) => Cause | undefined } {
  const known: Cause[] = [];
  const numbers = new Map<string, number>();
  const number = (cause: Cause): number => {
    const key = JSON.stringify(cause);
    const found = numbers.get(key) ?? fixedCause.firstDynamic + known.push(cause) - 1;
    numbers.set(key, found);
    return found;
  };
  return {
    rule: (rule) => number({ kind: 'rule', rule: ruleId(rule) }),
    defaultDeny: (policies) => number({ kind: 'default-deny', policies: policies.map(policyId) }),
    known,
    read: (cause) => causeIn(known, cause),
  };
}

export const imageOf = ({ images }: LaidOut, table: StaticTable): Uint8Array =>
  images.find((image) => image.table === table)?.bytes ?? new Uint8Array();
/** What a generation needs of them. */
export const imagesOf = (policy: LaidOut) => ({
  prefixes: imageOf(policy, 'prefixes'),
  http: imageOf(policy, 'http'),
  dns: imageOf(policy, 'dns'),
  tls: imageOf(policy, 'tls'),
  exec: imageOf(policy, 'exec'),
});

/** The text that the kernel makes of a program start; without a path it is undecidable to it. */
function kernelContent(content: Content): KernelContent {
  const path = content.kind === 'fields' ? content.fields['path'] : undefined;
  return Array.isArray(path) && path[0] !== undefined ? { kind: 'text', text: path[0] } : { kind: 'undecidable' };
}

/** A type of DNS records as it travels. */
function typeBytes(type: string): Uint8Array {
  const number = typeNumbers.get(type) ?? Number(type.slice('TYPE'.length));
  return Uint8Array.of(number >> 8, number & 0xff);
}

/** The values that the kernel reads of a request; what it cannot read of one, and another protocol, is undecidable to it. */
export function kernelRequest({ domain, content }: NonNullable<FlowEvent['request']>): KernelRequest {
  if (content.kind === 'undecidable') return { kind: 'undecidable' };
  const fields: Record<string, readonly KernelValue[]> = {};
  for (const [name, values] of Object.entries(content.fields)) {
    if ('kind' in values) return { kind: 'undecidable' };
    fields[name] = domain === 'dns' && name === 'type' ? values.map(typeBytes) : values;
  }
  return { kind: 'fields', domain, fields };
}

/** A verdict as the programs tell it. `audited`: it passes, and audit would deny it for this cause. */
export type Told = { readonly action: 'allowed' | 'denied' | 'dropped' | 'audited'; readonly cause: Cause };

/** What the programs are to tell of the oracle's verdict; they do not tell of denials that audit would allow. */
export function told({ rules }: TypedPolicy, { action, cause, audit }: Verdict): Told {
  if (action === 'allowed') return audit ? { action: 'audited', cause: audit.cause } : { action, cause };
  return { action: cause.kind === 'rule' && rules[cause.rule]?.action === 'drop' ? 'dropped' : action, cause };
}

export type SideAnswer = Told & { readonly inspected: boolean };
export type Tables = {
  readonly tables: GenerationTables;
  readonly side: (
    direction: Direction,
    subject: Endpoint,
    rest: { readonly peer: Endpoint; readonly point: number; readonly request?: FlowEvent['request'] },
  ) => SideAnswer;
  readonly exec: (subject: Endpoint, content: Content) => Told;
};

const firstId = 16;
const keyOf = (endpoint: Endpoint): string =>
  JSON.stringify(endpoint, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));

function inventoryOf(id: number, endpoint: Endpoint): readonly InventoryEndpoint[] {
  if (endpoint.kind === 'address') return [];
  if (endpoint.kind === 'reserved') return [{ id, kind: 'reserved', entities: endpoint.entities }];
  return [{ id, kind: 'workload', labels: endpoint.labels, namedPorts: endpoint.namedPorts ?? [], local: true }];
}

/** Is a request undecidable for who decided it? Repeated headers are, where others can read them. */
function isUndecidable(typed: TypedPolicy, decider: Cause | undefined, request: NonNullable<FlowEvent['request']>): boolean {
  const rule = decider?.kind === 'rule' ? typed.rules[decider.rule] : undefined;
  return rule?.section !== 'process' && rule?.layer7 !== undefined && readerOf(typed).truthOf(rule.layer7, request) === 'undecidable';
}

/** Makes the tables for these endpoints (addresses need none); asks about others are a mistake of the test. */
export function tablesOf(typed: TypedPolicy, endpoints: readonly Endpoint[]): Tables {
  const policy = laidOut(typed);
  const causes = plainCauses();
  const ids = new Map<string, number>();
  for (const endpoint of endpoints)
    if (endpoint.kind !== 'address' && !ids.has(keyOf(endpoint))) ids.set(keyOf(endpoint), firstId + ids.size);
  const inventory = endpoints.flatMap((endpoint) => inventoryOf(ids.get(keyOf(endpoint)) ?? 0, endpoint));
  const tables = inEitherForm(
    typed,
    materialize({ policies: policySetOf(policy.program), ports: imageOf(policy, 'ports'), endpoints: inventory, causes }),
  );
  const lookup = lookupOf(tables, imagesOf(policy));

  const idOf = (endpoint: Endpoint): number => {
    const id = ids.get(keyOf(endpoint));
    if (id === undefined) throw new Error(`not among the endpoints: ${keyOf(endpoint)}`);
    return id;
  };
  const peerOf = (endpoint: Endpoint): Peer => (endpoint.kind === 'address' ? endpoint : { kind: 'endpoint', id: idOf(endpoint) });
  /** A deny by a rule with content is one that could not be decided where there was no content to read. */
  const causeOf = (number: number, undecidable: boolean): Cause => {
    const cause = causes.read(number);
    if (!cause) throw new Error(`unexpected cause ${number}`);
    if (cause.kind !== 'rule' || !undecidable) return cause;
    const rule = typed.rules[cause.rule];
    const hasContent = rule?.section === 'process' || rule?.layer7 !== undefined;
    return rule && matchesUndecidable(rule.action) && hasContent ? { ...cause, undecidable: true } : cause;
  };
  const verdict = ({ action, flags, cause }: Entry, undecidable: boolean): Told => {
    const denied = flags & verdictFlag.silent ? 'dropped' : 'denied';
    const passed = flags & verdictFlag.audited ? 'audited' : 'allowed';
    return { action: action === verdictAction.deny ? denied : passed, cause: causeOf(cause, undecidable) };
  };
  return {
    tables,
    side: (direction, subject, { peer, point, request }) => {
      const read = request && kernelRequest(request);
      const question: NetworkQuestion = { subject: idOf(subject), peer: peerOf(peer), direction, point, ...(read && { request: read }) };
      const entry = lookup.network(question);
      const undecidable = request === undefined || isUndecidable(typed, causes.read(entry.cause), request);
      return { ...verdict(entry, undecidable), inspected: entry.action === verdictAction.inspect };
    },
    exec: (subject, content) => {
      const read = kernelContent(content);
      return verdict(lookup.exec(idOf(subject), read), read.kind === 'undecidable');
    },
  };
}
