// Recorded traffic under policies: what each cell's verdict is, what it was then, and under other policies. Verdicts are the oracle's; a
// cell is asked once for all that policy cannot tell apart from it.
import { sideVerdict } from '../analysis/oracle.ts';
import type { Verdict } from '../ir/event.ts';
import type { Direction as Side, TypedPolicy } from '../ir/typed.ts';
import { EventClasses } from './classes.ts';
import { eventOf } from './event.ts';
import { type AskedEvent, type Judged, judge } from './judge.ts';
import type { Recorded } from './observation.ts';
import { type Cell, type Count, type CountedCell, type Tally, Traffic } from './traffic.ts';

/** What became of flows: beside what was recorded, or beside what other policies say. */
export const effects = ['newly-denied', 'newly-allowed', 'newly-audited', 'no-longer-audited'] as const;
export type FlowEffect = (typeof effects)[number];

export type Answer = { readonly asked: AskedEvent; readonly judged: Judged };
/** `before`: under the other policies. */
export type JudgedCell = CountedCell & { readonly answer: Answer; readonly before?: Answer };

/** Policies that recorded traffic is held against; with `before`, also what they change. */
export type Policies = { readonly before?: TypedPolicy; readonly after: TypedPolicy };

/** Recorded traffic as far as some policies can tell it apart. */
export class Replay {
  readonly #policies: Policies;
  readonly #classes: EventClasses;
  readonly #headers: readonly string[];
  readonly traffic: Traffic;

  /** `classes`: of these policies, where there are some already. */
  constructor(policies: Policies, classes = new EventClasses([...(policies.before ? [policies.before] : []), policies.after])) {
    this.#policies = policies;
    this.#classes = classes;
    this.#headers = this.#classes.fieldsOf('http').filter((field) => field.startsWith('header '));
    this.traffic = new Traffic(this.#classes);
  }

  tally(): Tally {
    return this.traffic.tally();
  }

  /** Every cell with its verdicts. */
  *judged(): Generator<JudgedCell> {
    const { before, after } = this.#policies;
    const [were, are] = [this.#asking(before), this.#asking(after)];
    for (const counted of this.traffic.cells()) {
      const answer = are?.(counted.cell);
      if (!answer) continue;
      const earlier = were?.(counted.cell);
      yield earlier ? { ...counted, answer, before: earlier } : { ...counted, answer };
    }
  }

  #asking(typed: TypedPolicy | undefined): ((cell: Cell) => Answer) | undefined {
    if (!typed) return undefined;
    const known = new Map<string, Answer>();
    return (cell) => {
      const key = this.#keyOf(cell);
      const answer = known.get(key);
      const asked = eventOf(cell, this.#headers);
      // Another event of the same classes: what is said about it names its own ends.
      if (answer) return { asked, judged: answer.judged };
      const made: Answer = { asked, judged: judge(typed, asked) };
      known.set(key, made);
      return made;
    };
  }

  #keyOf(cell: Cell): string {
    if (cell.kind === 'process') return `process|${cell.source.key}|${cell.content}`;
    return `${cell.source.key}|${cell.destination.key}|${this.#classes.point(cell.point)}|${cell.content}|${cell.isSelf}`;
  }
}

// --- what changed ---------------------------------------------------------------------------------------------------

export type Outcome = 'allowed' | 'denied' | 'audited';
/** AUDIT is what is allowed, and would be denied with everything in audit mode enforced. */
export const outcomeOf = ({ action, audit }: Verdict): Outcome =>
  action === 'denied' ? 'denied' : audit?.action === 'denied' ? 'audited' : 'allowed';

export function effectOf(before: Outcome, after: Outcome): FlowEffect | undefined {
  if (before === after) return undefined;
  if (after === 'denied') return 'newly-denied';
  if (before === 'denied') return 'newly-allowed';
  return after === 'audited' ? 'newly-audited' : 'no-longer-audited';
}

const compared: readonly Recorded[] = ['allowed', 'denied', 'audited'];
export const isCompared = (recorded: Recorded): recorded is Outcome => compared.includes(recorded);

const sides = new WeakMap<Judged, Map<Side, Verdict>>();

/** The verdict of one side of a flow; of a process that of the process. */
export function verdictOn(typed: TypedPolicy, { asked: { event }, judged }: Answer, side: Side): Verdict {
  const known = sides.get(judged) ?? new Map<Side, Verdict>();
  sides.set(judged, known);
  const verdict = known.get(side) ?? sideVerdict(typed, event.kind === 'process' ? 'process' : side, event);
  known.set(side, verdict);
  return verdict;
}

/**
 * The verdict that a record is held against: a record is made on one side, and says what that side decided. Where nothing was recorded on the
 * other side, the whole flow's verdict: what the other side refuses was not seen to fail there.
 */
export function verdictFor(typed: TypedPolicy, { answer, counts }: JudgedCell, { direction }: Count): Verdict | undefined {
  const { judged, asked } = answer;
  if (judged.kind === 'undecided') return undefined;
  if (direction === 'unknown' || asked.event.kind === 'process') return judged.verdict;
  const isSeen = counts.some((other) => other.direction !== direction && other.direction !== 'unknown' && isCompared(other.recorded));
  return isSeen ? verdictOn(typed, answer, direction) : judged.verdict;
}
