// The places of policies of one tier. In a document rules stand in an order of their own: where those of several policies of one
// priority stand between each other, each of their levels becomes a document, with the next priority.
import { placeOf } from '../../../ir/deciding-order.ts';
import { actions, type Direction, type Policy } from '../../../ir/typed.ts';
import type { Say, Written } from './refuse.ts';

/** The entries of a policy, or of a level of it, in deciding order. */
export type Entries = { readonly policy: Policy; readonly ingress: readonly Written[]; readonly egress: readonly Written[] };
export type Placed = Entries & { readonly priority: number };

const lastPriority = 1000;

/** `say`: of a policy that no priority is left for. */
export function placed(policies: readonly Entries[], say: (policy: Policy, ...what: Parameters<Say>) => void): readonly Placed[] {
  const priorities = [...new Set(policies.map(({ policy }) => policy.priority))].sort((a, b) => a - b);
  const groups = priorities.map((priority) => {
    const group = policies.filter(({ policy }) => policy.priority === priority);
    return { priority, steps: keepsOrder(group) ? [group] : levelsOf(group) };
  });
  let left = groups.reduce((sum, { steps }) => sum + steps.length, 0);
  let next = 0;
  return groups
    .flatMap(({ priority, steps }) => {
      const first = Math.max(next, Math.min(priority, lastPriority - left + 1));
      left -= steps.length;
      next = first + steps.length;
      return steps.flatMap((step, i) => step.map((entries): Placed => ({ ...entries, priority: first + i })));
    })
    .filter(({ policy, priority }) => {
      if (priority > lastPriority) say(policy, 'a policy behind so many others', `its priorities end at ${lastPriority}`);
      return priority <= lastPriority;
    });
}

const levelOf = ({ rule }: Written): number => placeOf(rule);

/** Do the places in their documents leave every two rules of other actions in the order that they have? */
function keepsOrder(group: readonly Entries[]): boolean {
  return group.length < 2 || (['ingress', 'egress'] as const).every((direction) => keepsOrderOf(direction, group));
}

type Ranked = { readonly level: number; readonly place: number; readonly action: number };

function keepsOrderOf(direction: Direction, group: readonly Entries[]): boolean {
  const all = group.flatMap((one) =>
    one[direction].map((written, place): Ranked => ({ level: levelOf(written), place, action: actions.indexOf(written.rule.action) })),
  );
  const runs = new Map<Ranked, number>();
  let [run, before] = [0, -1];
  for (const one of [...all].sort((a, b) => a.level - b.level)) {
    if (one.action !== before) run++;
    before = one.action;
    runs.set(one, run);
  }
  const after = [...all].sort((a, b) => a.place - b.place || a.action - b.action).map((one) => runs.get(one) ?? 0);
  return after.every((one, i) => i === 0 || one >= (after[i - 1] ?? 0));
}

/** Rules of one level do one thing: their order is nothing. */
function levelsOf(group: readonly Entries[]): readonly (readonly Entries[])[] {
  const levels = [...new Set(group.flatMap(({ ingress, egress }) => [...ingress, ...egress].map(levelOf)))].sort((a, b) => a - b);
  return levels.map((level) =>
    group
      .map(({ policy, ingress, egress }): Entries => {
        const isOfLevel = (one: Written): boolean => levelOf(one) === level;
        return { policy, ingress: ingress.filter(isOfLevel), egress: egress.filter(isOfLevel) };
      })
      .filter(({ ingress, egress }) => ingress.length + egress.length > 0),
  );
}
