// Random policies and packets, the programs against the oracle: what each place in the kernel returns for a packet, and the verdict and
// cause that it tells. A pair is a policy and an event; it is asked at each end that policies govern, at each place.
import { verdictOf } from '../../src/compiler/analysis/oracle.ts';
import type { Cause, FlowEvent, PolicyEvent } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { protocolOf } from '../../src/compiler/space/transport.ts';
import { randomEvents, randomPolicy, randomUniverse } from './arbitrary.ts';
import { typedPolicy } from './compile.ts';
import { type KernelWorld, kernelWorld } from './kernel-world.ts';
import { type PackedPackets, packedPackets, shown } from './packed-packets.ts';
import { expectedAt, type Found, type HookName, type PacketHooks } from './packet-hooks.ts';
import { type PacketQuestion, packetQuestions } from './packet-questions.ts';
import type { Random } from './random.ts';
import { causeIn } from './tables.ts';
import type { Universe } from './universe.ts';
import { varied } from './varied.ts';

export const eventsPerPolicy = 100;

/** Tables, and what is asked of them with the oracle's answers: data alone, which another machine can ask its kernel. */
export type AskedPackets = {
  /** For who reads of a mismatch. */
  readonly text: string;
  readonly content: KernelWorld['content'];
  readonly causes: readonly Cause[];
  readonly events: readonly FlowEvent[];
  /** Those of them that do not pass both ends. */
  readonly denied: ReadonlySet<FlowEvent>;
  readonly questions: readonly PacketQuestion[];
};
/** A policy with a universe, and what is asked of it. */
export type PacketCase = { readonly typed: TypedPolicy; readonly asked: AskedPackets };
type WorldOf = (typed: TypedPolicy, universe: Universe) => KernelWorld;

/** A protocol without ports has one flow for each pair of ends, whoever began: a second packet would be of the first one's. */
function newFlows(events: readonly PolicyEvent[]): readonly FlowEvent[] {
  const known = new Set<string>();
  return events.filter((event): event is FlowEvent => {
    if (event.kind !== 'flow') return false;
    if (protocolOf(event.point).protocol !== 'other') return true;
    const [one, other] = [shown(event.source), shown(event.destination)];
    return one !== other && known.size < known.add(`${[one, other].sort().join()} ${event.point}`).size;
  });
}

/** The next case; `worldOf` makes its tables. */
export function packetCase(random: Random, worldOf: WorldOf = kernelWorld): PacketCase {
  const text = randomPolicy(random, { native: true, about: 'packets' });
  const typed = varied(random, typedPolicy(text));
  const universe = randomUniverse(random);
  const world = worldOf(typed, universe);
  const events = newFlows(randomEvents(typed, universe, { random, count: eventsPerPolicy, native: true, packets: true }));
  const denied = new Set(events.filter((event) => verdictOf(typed, event).action === 'denied'));
  const questions = packetQuestions({ typed, world }, events, random);
  return { typed, asked: { text, content: world.content, causes: world.causes, events, denied, questions } };
}

export type Tally = { policies: number; pairs: number; packets: number; readonly byHook: Map<string, number> };
export const emptyTally = (): Tally => ({ policies: 0, pairs: 0, packets: 0, byHook: new Map() });

/** A wrong answer, and to which question; `group` and `index` as in the packed case. */
export type Wrong = { readonly group: number; readonly found: Found };

/** Puts a case in force and asks every place that is loaded, up to the first wrong answer. */
export function askPackets(kernel: PacketHooks, { content, sameCause, groups, pairs }: PackedPackets, tally: Tally): Wrong | undefined {
  kernel.install(content);
  tally.policies++;
  tally.pairs += pairs;
  let last: HookName | undefined;
  for (const [number, group] of groups.entries()) {
    const hook = kernel.hooks.get(group.hook);
    if (!hook) continue;
    if (group.hook !== last) hook.forget();
    last = group.hook;
    hook.own(group.subject);
    const found = hook.ask(group, sameCause);
    const count = group.questions.length;
    tally.packets += count;
    tally.byHook.set(group.hook, (tally.byHook.get(group.hook) ?? 0) + count);
    if (found) return { group: number, found };
  }
  return undefined;
}

/** A wrong answer in words. */
export function wrongText({ causes, questions, text }: AskedPackets, { groups }: PackedPackets, { group, found }: Wrong): string {
  const asked = groups[group];
  const question = questions[asked?.questions[found.index] ?? -1];
  if (!asked || !question) throw new Error(`no question ${found.index} of group ${group}`);
  const cause = found.told && causeIn(causes, found.told.cause);
  return `${asked.hook}: ${shown(question)}\nkernel: ${shown({ ...found, cause })}\nexpected: ${shown(expectedAt[asked.hook](question))}\n${text}`;
}

/** Puts a case in force and asks every place; the text of the first mismatch. */
export function comparePackets(kernel: PacketHooks, one: AskedPackets, tally: Tally): string | undefined {
  const packed = packedPackets(one);
  const wrong = askPackets(kernel, packed, tally);
  return wrong && wrongText(one, packed, wrong);
}

/** In words. */
export const tallyLine = ({ policies, pairs, packets, byHook }: Tally): string =>
  `${policies} policies, ${pairs} pairs, ${packets} packets (${[...byHook].map(([name, count]) => `${name} ${count}`).join(', ')})`;
