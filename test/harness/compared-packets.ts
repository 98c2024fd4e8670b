// Random policies and packets, the programs against the oracle: what each place in the kernel returns for a packet, and the verdict and
// cause that it tells. A pair is a policy and an event; it is asked at each end that policies govern, at each place.
import { verdictOf } from '../../src/compiler/analysis/oracle.ts';
import type { Cause, FlowEvent, PolicyEvent } from '../../src/compiler/ir/event.ts';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { protocolOf } from '../../src/compiler/space/transport.ts';
import { randomEvents, randomPolicy, randomUniverse } from './arbitrary.ts';
import { typedPolicy } from './compile.ts';
import { type KernelWorld, kernelWorld } from './kernel-world.ts';
import { expectedAt, type Found, type HookName, type PacketHook, type PacketHooks } from './packet-hooks.ts';
import { type PacketQuestion, packetQuestions } from './packet-questions.ts';
import type { Random } from './random.ts';
import { causeIn, type Told } from './tables.ts';
import type { Universe } from './universe.ts';
import { varied } from './varied.ts';

export const eventsPerPolicy = 100;

const shown = (value: unknown): string => JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
/** That a condition could not be decided is no part of a cause's number. */
const plain = (cause: Cause): Cause => (cause.kind === 'rule' ? { kind: 'rule', rule: cause.rule } : cause);

/** Verdicts of events. */
const tellings = { allowed: ['forwarded', 'redirected'], audited: ['audit'], denied: ['dropped'], dropped: ['dropped'] } as const;

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

type Asked = { readonly causes: readonly Cause[]; readonly question: PacketQuestion };

function isToldAs(told: Told | undefined, { causes, question }: Asked, found: Found): boolean {
  if (told === undefined) return found.told === undefined;
  const { told: event } = found;
  const cause = event && causeIn(causes, event.cause);
  const verdict = tellings[told.action].some((one) => one === event?.verdict);
  return (
    verdict && event?.direction === question.direction && event.subject === question.subject && shown(cause) === shown(plain(told.cause))
  );
}

export type Tally = { policies: number; pairs: number; packets: number; readonly byHook: Map<string, number> };
export const emptyTally = (): Tally => ({ policies: 0, pairs: 0, packets: 0, byHook: new Map() });

/** Those of one subject stand behind each other. */
function bySubject(questions: readonly PacketQuestion[]): readonly (readonly PacketQuestion[])[] {
  const groups: PacketQuestion[][] = [];
  for (const question of questions) {
    const last = groups.at(-1);
    if (last?.[0]?.subject === question.subject) last.push(question);
    else groups.push([question]);
  }
  return groups;
}

/** Asks one place; the text of the first mismatch. */
function askHook([name, hook]: readonly [HookName, PacketHook], one: AskedPackets, tally: Tally): string | undefined {
  const denied = new Set<FlowEvent>();
  hook.forget();
  for (const questions of bySubject(one.questions.filter((question) => expectedAt[name](question) !== undefined))) {
    hook.own(questions[0]?.subject ?? 0);
    const answers = hook.ask(questions);
    tally.packets += answers.length;
    tally.byHook.set(name, (tally.byHook.get(name) ?? 0) + answers.length);
    for (const [i, question] of questions.entries()) {
      const [found, expected] = [answers[i], expectedAt[name](question)];
      if (found?.returned !== expected?.returned || !found || !isToldAs(expected?.told, { causes: one.causes, question }, found)) {
        const cause = found?.told && causeIn(one.causes, found.told.cause);
        return `${name}: ${shown(question)}\nkernel: ${shown({ ...found, cause })}\nexpected: ${shown(expected)}\n${one.text}`;
      }
      if (name === 'cgroup' && found.returned !== 1) denied.add(question.event);
    }
  }
  if (name !== 'cgroup') return undefined;
  const wrong = one.events.find((event) => denied.has(event) !== one.denied.has(event));
  return wrong && `both sides: ${shown(wrong)}\n${one.text}`;
}

/** Puts a case in force and asks every place; the text of the first mismatch. */
export function comparePackets(kernel: PacketHooks, one: AskedPackets, tally: Tally): string | undefined {
  kernel.install(one.content);
  tally.policies++;
  tally.pairs += one.events.length;
  for (const hook of kernel.hooks) {
    const mismatch = askHook(hook, one, tally);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

/** In words. */
export const tallyLine = ({ policies, pairs, packets, byHook }: Tally): string =>
  `${policies} policies, ${pairs} pairs, ${packets} packets (${[...byHook].map(([name, count]) => `${name} ${count}`).join(', ')})`;
