// Questions to the packet programs as bytes: packets, and what is expected of each, for packet-runs.c to ask one after the other. A
// machine that emulates its instructions has nothing to work out.
import { fixedCause, hubbleVerdict, section } from '../../src/compiler/ir/abi.ts';
import type { Cause } from '../../src/compiler/ir/event.ts';
import type { AskedPackets } from './compared-packets.ts';
import { ethernet } from './packet.ts';
import { expectedAt, type HookName, programNumber } from './packet-hooks.ts';
import type { PacketQuestion } from './packet-questions.ts';
import type { PackedAsks } from './packet-runs.ts';
import { causeIn, type Told } from './tables.ts';

/** Questions of one subject to one place. `questions`: their numbers in the case. */
export type PackedGroup = PackedAsks & { readonly hook: HookName; readonly questions: Uint32Array };
/** `sameCause`: by the number of a cause, the first number that means the same. */
export type PackedPackets = {
  readonly content: AskedPackets['content'];
  readonly pairs: number;
  readonly sameCause: Uint32Array;
  /** Those of one place stand behind each other. */
  readonly groups: readonly PackedGroup[];
};

export const shown = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
/** That a condition could not be decided is no part of a cause's number. */
const textOf = (cause: Cause): string => shown(cause.kind === 'rule' ? { kind: 'rule', rule: cause.rule } : cause);

/** Verdicts of events, by bits. */
const tellings = {
  allowed: (1 << hubbleVerdict.forwarded) | (1 << hubbleVerdict.redirected),
  audited: 1 << hubbleVerdict.audit,
  denied: 1 << hubbleVerdict.dropped,
  dropped: 1 << hubbleVerdict.dropped,
} as const;
/** The number of no cause. */
const noCause = 0xffffffff;

type NumberedCauses = { readonly same: Uint32Array; readonly numberOf: (cause: Cause) => number };
function numbered(known: readonly Cause[]): NumberedCauses {
  const first = new Map<string, number>();
  const same = Uint32Array.from({ length: fixedCause.firstDynamic + known.length }, (_, number) => {
    const cause = causeIn(known, number);
    if (!cause) return number;
    const text = textOf(cause);
    if (!first.has(text)) first.set(text, number);
    return first.get(text) ?? number;
  });
  return { same, numberOf: (cause) => first.get(textOf(cause)) ?? noCause };
}

/** The words behind a packet's place: told, verdicts, direction, cause. */
function toldWords(told: Told | undefined, direction: PacketQuestion['direction'], causes: NumberedCauses): readonly number[] {
  return told ? [1, tellings[told.action], section[direction], causes.numberOf(told.cause)] : [0, 0, 0, 0];
}

type Numbered = { readonly number: number; readonly question: PacketQuestion };

/** Those of one subject stand behind each other. */
function bySubject(questions: readonly Numbered[]): readonly (readonly Numbered[])[] {
  const groups: Numbered[][] = [];
  for (const one of questions) {
    const last = groups.at(-1);
    if (last?.[0]?.question.subject === one.question.subject) last.push(one);
    else groups.push([one]);
  }
  return groups;
}

function packedGroup(hook: HookName, questions: readonly Numbered[], causes: NumberedCauses): PackedGroup {
  const packets = questions.map(({ question }) => ethernet(question.packet));
  let offset = 0;
  const asks = questions.flatMap(({ question }, i) => {
    const expected = expectedAt[hook](question);
    const length = packets[i]?.length ?? 0;
    offset += length;
    const answer = [expected?.returned ?? 0, ...toldWords(expected?.told, question.direction, causes)];
    return [programNumber(hook, question.direction), offset - length, length, ...answer];
  });
  return {
    hook,
    subject: questions[0]?.question.subject ?? 0,
    questions: Uint32Array.from(questions, ({ number }) => number),
    asks: Uint32Array.from(asks),
    packets: new Uint8Array(Buffer.concat(packets)),
  };
}

const hooks: readonly HookName[] = ['cgroup', 'interface', 'early'];
const passes = 1;

/** Throws where what is expected of both ends together is not what the oracle says of the event. */
function assertBothEnds({ questions, events, denied, text }: AskedPackets): void {
  const stopped = new Set(questions.filter((one) => expectedAt.cgroup(one)?.returned !== passes).map(({ event }) => event));
  const wrong = events.find((event) => stopped.has(event) !== denied.has(event));
  if (wrong) throw new Error(`both sides: ${shown(wrong)}\n${text}`);
}

export function packedPackets(one: AskedPackets): PackedPackets {
  assertBothEnds(one);
  const causes = numbered(one.causes);
  const all = one.questions.map((question, number): Numbered => ({ number, question }));
  const groups = hooks.flatMap((hook) =>
    bySubject(all.filter(({ question }) => expectedAt[hook](question) !== undefined)).map((group) => packedGroup(hook, group, causes)),
  );
  return { content: one.content, pairs: one.events.length, sameCause: causes.same, groups };
}
