// Which generation is in force: the one element of `config`. One that nobody has confirmed yet makes room for the one before by itself, in
// the kernel, when its time is over (pol_generation_read in bpf/templates/include/maps.h). INVARIANT: the slot of `former` is not written
// while programs could come back to it, and no number of a revision is used twice. The kernel copies an element eight bytes at a time, the
// first ones first: both numbers change at once, and before the time.
import { layouts, limits } from '../../compiler/ir/abi.ts';
import { encode } from '../../compiler/ir/layout.ts';
import { mapLookup, mapUpdate } from '../ffi/libbpf.ts';
import { u32 } from './entries.ts';
import type { MapSource } from './tables.ts';

/** Nanoseconds of CLOCK_MONOTONIC, as programs read it. */
export const monotonicNow = (): bigint => process.hrtime.bigint();

/** `until`: nanoseconds of CLOCK_MONOTONIC from which on `former` is in force; 0 = never. */
type Config = { readonly revision: number; readonly former: number; readonly until: bigint };
/** Over since the machine was started. */
const over = 1n;

const placeOf = (name: keyof Config): number => layouts.config.fields.find((field) => field.name === name)?.offset ?? 0;
const places = { revision: placeOf('revision'), former: placeOf('former'), until: placeOf('until') };

function configMap(maps: MapSource): number {
  const fd = maps.get('config');
  if (fd === undefined) throw new Error('policyc bug: no map `config` in the loaded objects');
  return fd;
}

function configOf(maps: MapSource): Config {
  const view = new DataView(new ArrayBuffer(layouts.config.size));
  mapLookup(configMap(maps), u32(0), new Uint8Array(view.buffer));
  return {
    revision: view.getUint32(places.revision, true),
    former: view.getUint32(places.former, true),
    until: view.getBigUint64(places.until, true),
  };
}

const put = (maps: MapSource, config: Config): void => mapUpdate(configMap(maps), u32(0), encode(layouts.config, config));

const isOver = ({ until }: Config): boolean => until !== 0n && monotonicNow() >= until;
const effective = (config: Config): number => (isOver(config) ? config.former : config.revision);

/** The revision that programs read now; 0 = none yet. */
export const currentRevision = (maps: MapSource): number => effective(configOf(maps));

/** The revision that is in force when what is on trial is over; where nothing is, the one that is in force now. */
export function formerRevision(maps: MapSource): number {
  const { revision, former, until } = configOf(maps);
  return until === 0n ? revision : former;
}

/** What is on trial stays. Nothing where nothing is, or its time is over. */
export function endTrial(maps: MapSource): void {
  const config = configOf(maps);
  if (config.until !== 0n && !isOver(config)) put(maps, { ...config, until: 0n });
}

/** What was in force before what is on trial is in force again. Nothing where nothing is on trial. */
export function goBack(maps: MapSource): void {
  const config = configOf(maps);
  if (config.until !== 0n) put(maps, { ...config, until: over });
}

/** The revision after `last`, in another slot than `taken` has, and never 0, which means that nothing is loaded. */
function nextRevision(last: number, taken: number): number {
  const next = last === 0xffffffff ? limits.slots : last + 1;
  return next % limits.slots === taken % limits.slots ? nextRevision(next, taken) : next;
}

/** `before`: what stays in force until the switch, or comes back when nobody has confirmed what comes. */
export type Succession = { readonly revision: number; readonly before: number };

/** Frees the slot of the next revision. `keepsFormer`: what is in force is to come back, so it is not what is on trial. */
export function succession(maps: MapSource, keepsFormer: boolean): Succession {
  if (keepsFormer) goBack(maps);
  else endTrial(maps);
  const config = configOf(maps);
  const before = effective(config);
  return { revision: nextRevision(config.revision, before), before };
}

/** Puts the next revision in force: for good, or, where there is something that can come back, until a time. */
export function switchTo(maps: MapSource, { revision, before }: Succession, until: bigint): void {
  const { until: given } = configOf(maps);
  // Who was gone back to is in force until the time is another one, whatever the number says.
  if (given !== 0n) put(maps, { revision, former: before, until: given });
  put(maps, { revision, former: before, until: before === 0 ? 0n : until });
}
