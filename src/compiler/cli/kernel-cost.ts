// `policyc build --explain` and `--budget`: what a policy costs a kernel as far as a build can say, which rules ask for most of it,
// and whether that is more than it may be. Tables of endpoints depend on the inventory: `policyd status` has their sizes.
import { type Cost, costOf, needsOf, programsOf } from '../7-build/cost.ts';
import { chainText, type ProgramSize } from '../7-build/program-size.ts';
import type { ProgramRule } from '../ir/bundle.ts';
import type { Emitted } from '../ir/emitted.ts';
import type { Budget, BudgetKey } from './budget.ts';
import { counted } from './output.ts';

/** Classes that a rule names: what it adds to tables, as far as one rule alone adds anything. */
function weightOf({ ports, peers, content }: ProgramRule): number {
  return (
    (ports?.classes.length ?? 0) + (peers?.networkClasses.length ?? 0) + (peers?.selectors.length ?? 0) + (content?.classes.length ?? 0)
  );
}

const shown = 5;
/** Places of the rules that name most classes. */
function heaviest({ program, sources }: Emitted): readonly string[] {
  const weighed = program.rules.map((rule) => ({ rule: rule.rule, weight: weightOf(rule) }));
  const most = weighed.sort((a, b) => b.weight - a.weight || a.rule - b.rule).slice(0, shown);
  return most.flatMap(({ rule, weight }) => {
    const source = sources.rules[rule];
    return source ? [`${source.file}:${source.line} (${counted(weight, 'class', 'classes')})`] : [];
  });
}

/** One line for each budget that is exceeded, with the rules to begin with. */
export function overBudget(emitted: Emitted, budgets: readonly Budget[], objectsDirectory: string): readonly string[] {
  const cost = withPrograms(emitted, objectsDirectory);
  const rules = heaviest(emitted).join(', ');
  return budgets.flatMap(({ what, limit }) => {
    const { found, unit } = measured(what, cost);
    return found > limit ? [`over budget: ${found} ${unit}, ${limit} are allowed; most is asked for by ${rules}`] : [];
  });
}

type ProgramCost = Cost & { readonly programs: readonly ProgramSize[] };
const withPrograms = (emitted: Emitted, objectsDirectory: string): ProgramCost => ({
  ...costOf(needsOf(emitted), objectsDirectory),
  programs: programsOf(emitted, objectsDirectory),
});

/** What a budget is about, in its unit. Of single programs: the one that has most. */
function measured(what: BudgetKey, { programs, ...cost }: ProgramCost): { readonly found: number; readonly unit: string } {
  switch (what) {
    case 'program-instructions': {
      const [most] = [...programs].sort((a, b) => b.instructions - a.instructions);
      return { found: most?.instructions ?? 0, unit: `instructions in ${most?.name}` };
    }
    case 'program-stack': {
      const [most] = [...programs].sort((a, b) => b.stack - a.stack);
      return { found: most?.stack ?? 0, unit: `bytes of stack in ${most?.name} (${chainText(most?.chain ?? [])})` };
    }
    default:
      return { found: cost[what] ?? 0, unit: what };
  }
}

export type KernelCost = ProgramCost & { readonly heaviest: readonly string[] };
export const kernelCost = (emitted: Emitted, objectsDirectory: string): KernelCost => ({
  ...withPrograms(emitted, objectsDirectory),
  heaviest: heaviest(emitted),
});

/** How the verdict is looked up, in which sizes, and what asks for them. */
export function kernelCostText(
  { program: { classes, selectors } }: Emitted,
  { tables, instructions, programs, heaviest: rules }: KernelCost,
): string {
  return [
    'shape: port class -> row of a subject, peer class -> choice of the row; both in blocks of 16 classes that equal rows share',
    `  ${classes.ports} port classes, ${classes.networks} network classes and one for each set of ${counted(selectors.length, 'selector')} that some workload has`,
    ...tables.map(
      ({ table, entries, bytes }) =>
        `  ${table.padEnd(10)} ${counted(entries, 'entry', 'entries')}, ${counted(bytes, 'byte')} in the bundle`,
    ),
    ...(instructions === undefined ? [] : [`  programs   ${counted(instructions, 'instruction')}`]),
    ...programs.map(({ name, instructions: own, stack }) => `    ${name}: ${counted(own, 'instruction')}, ${stack} bytes of stack`),
    ...(rules.length === 0 ? [] : [`  most is asked for by ${rules.join(', ')}`]),
  ].join('\n');
}
