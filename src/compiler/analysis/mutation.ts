// Mutation of policies: which single changes of rules no test line and no statement of an invariant notices. What is not
// noticed is compared with the policy: a change of no verdict is nobody's fault, any other comes with one event that a test
// line could be about.
import type { PolicyEvent, Verdict } from '../ir/event.ts';
import type { TypedPolicy } from '../ir/typed.ts';
import { diff, type Effect } from './diff.ts';
import { isAbout } from './event-classes.ts';
import { checkInvariants } from './invariants.ts';
import { cubesOf, selectorRelation } from './label-cube.ts';
import { AnalysisLimit } from './limit.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { governedSets } from './rule-cover.ts';
import { allHold } from './run-tests.ts';

/** `witness`: an event whose verdict the change turns; absent where none was found within the limit. */
export type Survivor = {
  readonly mutant: Mutant;
  readonly witness?: { readonly event: PolicyEvent; readonly before: Verdict; readonly after: Verdict };
};
/** `total` = tried + those left out; `noticed` + `equivalent` + survivors = tried. */
export type Mutation = {
  readonly total: number;
  readonly tried: number;
  readonly noticed: number;
  /** Changes of no verdict at all: nothing can notice them. */
  readonly equivalent: number;
  readonly survivors: readonly Survivor[];
};
/** `goOn` is asked before each mutant, with how many are done of how many; false ends the work. */
export type MutationOptions = { readonly goOn?: (done: number, total: number) => boolean };

export const mostMutants = 20_000;
/** Cells in which one mutant is compared with the policy. */
const comparedCells = 20_000;

/** Tries every mutant; lines and statements have to hold for the policy itself. Ended early, those tried are spread evenly. */
export function mutate(typed: TypedPolicy, { goOn = () => true }: MutationOptions = {}): Mutation {
  const mutants = mutantsOf(typed);
  const order = spread(mutants.length).slice(0, mostMutants);
  const found: { readonly place: number; readonly survivor: Survivor }[] = [];
  const counts = { tried: 0, noticed: 0, equivalent: 0 };
  for (const place of order) {
    const mutant = mutants[place];
    if (!mutant || !goOn(counts.tried, order.length)) break;
    counts.tried++;
    const survivor = survivorOf(typed, mutant);
    if (typeof survivor === 'string') counts[survivor]++;
    else found.push({ place, survivor });
  }
  const survivors = found.sort((a, b) => bySpan(a.survivor, b.survivor) || a.place - b.place).map(({ survivor }) => survivor);
  return { total: mutants.length, ...counts, survivors };
}

function bySpan({ mutant: { span: a } }: Survivor, { mutant: { span: b } }: Survivor): number {
  const paths = a.source.path < b.source.path ? -1 : Number(a.source.path > b.source.path);
  return paths || a.start - b.start;
}

/** Who denies, and how, is no other verdict. */
const turning: readonly Effect[] = ['newly-allowed', 'newly-denied', 'newly-audited', 'no-longer-audited'];

function survivorOf(typed: TypedPolicy, mutant: Mutant): Survivor | 'noticed' | 'equivalent' {
  const changed = mutant.make();
  const tests = typed.tests.filter(({ event }) => mutant.sections.some((section) => isAbout(typed, event, { ...mutant, section })));
  try {
    if (!allHold({ ...changed, tests })) return 'noticed';
    const turned = diff(nearby(typed, mutant), nearby(changed, mutant), comparedCells).find(({ effect }) => turning.includes(effect));
    if (!turned) return 'equivalent';
    return breaksStatement(changed, mutant) ? 'noticed' : { mutant, witness: turned.witness };
  } catch (error) {
    if (!(error instanceof AnalysisLimit)) throw error;
    return { mutant };
  }
}

/** Is a statement about what the mutant's sections decide refuted now? What is not found within the limit is not noticed. */
function breaksStatement(changed: TypedPolicy, { sections }: Mutant): boolean {
  const isProcess = sections.every((section) => section === 'process');
  const invariants = changed.invariants.filter(({ kind }) => (kind === 'process') === isProcess || sections.length > 1);
  return invariants.some((one) => {
    try {
      return checkInvariants({ ...changed, invariants: [one] }, comparedCells).some(({ kind }) => kind === 'refuted');
    } catch (error) {
      if (error instanceof AnalysisLimit) return false;
      throw error;
    }
  });
}

/**
 * The rules that can have a say where the mutant has: those of its sections about workloads of its policy, and the whole
 * other direction. RuleIds stay as they are.
 */
function nearby(typed: TypedPolicy, { sections, policy: { subject } }: Mutant): TypedPolicy {
  const cubes = cubesOf(subject.workloads);
  const isReserved = governedSets(subject).length > 0;
  const near = typed.policies.map(
    (policy) =>
      (isReserved && governedSets(policy.subject).length > 0) ||
      cubes.some((cube) => selectorRelation(cube, policy.subject.workloads).kind !== 'apart'),
  );
  const isNetwork = sections.some((section) => section !== 'process');
  const rules = typed.rules.filter((rule) =>
    sections.includes(rule.section) ? near[rule.policy] === true : isNetwork && rule.section !== 'process',
  );
  return { ...typed, rules };
}

/** 0 .. count-1, each once, neighbours far apart: by a stride of about the golden ratio that has no divisor with `count`. */
function spread(count: number): readonly number[] {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let stride = Math.max(1, Math.round(count * 0.618));
  while (divisor(stride, count) > 1) stride++;
  return Array.from({ length: count }, (_, i) => (i * stride) % count);
}
