// What a change does to the connections between the workloads that there are, in the words of a review: with them it shows also where
// only the workloads are others.
import type { ConnectivityChange, ConnectivityDiff } from '../analysis/connectivity-diff.ts';
import type { Workload } from '../ir/workload.ts';
import { type CheckedUnit, connectivityDiffUnits, type Outcome } from '../pipeline.ts';
import type { Colors } from './output.ts';

/** Undefined: there are no workloads. `inventory`: workloads beside those of both sides' documents. */
export function changedConnections(
  before: CheckedUnit,
  after: CheckedUnit,
  inventory: readonly Workload[],
): Outcome<ConnectivityDiff> | undefined {
  const count = before.stated.workloads.length + after.stated.workloads.length + inventory.length;
  return count === 0 ? undefined : connectivityDiffUnits(before, after, inventory);
}

/** A heading and a line for each change; none where there is no change. */
export function connectionLines({ newWorkloads, lostWorkloads, changes }: ConnectivityDiff, colors: Colors): readonly string[] {
  if (newWorkloads.length + lostWorkloads.length + changes.length === 0) return [];
  return [
    colors.bold('connections between the workloads that there are'),
    ...newWorkloads.map((name) => `    new workload ${name}`),
    ...lostWorkloads.map((name) => `    lost workload ${name}`),
    ...changes.map((change) => paint(change, colors)(`  ${lineOf(change)}`)),
    '',
  ];
}

const signs: Readonly<Record<ConnectivityChange['effect'], string>> = { added: '+', removed: '-', changed: '~' };

function lineOf({ effect, source, destination, before, after }: ConnectivityChange): string {
  const connection = effect === 'changed' ? `${before}, now ${after}` : (after ?? before);
  return `${signs[effect]} ${source} => ${destination} : ${connection}`;
}

const paint = ({ effect }: ConnectivityChange, colors: Colors): ((text: string) => string) =>
  effect === 'added' ? colors.red : effect === 'removed' ? colors.blue : colors.yellow;

/** How many connections changed, in one line. */
export function connectionsText({ changes }: ConnectivityDiff): string {
  const count = (effect: ConnectivityChange['effect']): number => changes.filter((change) => change.effect === effect).length;
  return `connections between the workloads that there are: ${count('added')} added, ${count('removed')} removed, ${count('changed')} changed`;
}
