// `policyc diff`: what a change allows and denies, exactly.
import { writeFileSync } from 'node:fs';
import { type Cost, costOf } from '../7-build/cost.ts';
import type { FlowCount } from '../analysis/concern.ts';
import type { Difference } from '../analysis/diff.ts';
import { diffReport } from '../analysis/report.ts';
import { reportGraph } from '../analysis/report-graph.ts';
import { type CheckedUnit, compareUnits, needsUnit } from '../pipeline.ts';
import { changedConnections } from './diff-connections.ts';
import { readSides, type Side } from './diff-sides.ts';
import type { CostChange, Review } from './diff-words.ts';
import type { DocumentOptions } from './document-options.ts';
import { type Gate, metGates } from './fail-on.ts';
import { type FlowHits, flowHits } from './flow-hits.ts';
import { objectsDirectory, packageRoot } from './installation.ts';
import { readWorkloads } from './inventory.ts';
import type { CommonOptions } from './options.ts';
import { print, type Result } from './output.ts';
import { Progress } from './progress.ts';
import { failureIn, formatOf, type ReviewFormat, reviewIn } from './review-formats.ts';
import { statesOf } from './revisions.ts';
import { UsageError } from './usage-error.ts';

/** `output`: files that reports are written to, too. */
export type DiffOptions = Omit<CommonOptions, 'format'> &
  DocumentOptions & {
    readonly format: ReviewFormat;
    readonly output: readonly string[];
    readonly exitCode?: true;
    readonly failOn: readonly Gate[];
    readonly all?: true;
    readonly inventory?: string;
    readonly flows?: string;
    readonly cost: boolean;
  };

/** What stands on the command line before `--`, and behind it; `paths` is undefined without one. */
export type Given = { readonly words: readonly string[]; readonly paths: readonly string[] | undefined };

export async function runDiff({ words, paths }: Given, options: DiffOptions): Promise<Result> {
  const { maxFileBytes, agent, schema, baseline, output } = options;
  for (const file of output) formatOf(file);
  const [before, after] = readSides(statesOf(words, paths), { maxFileBytes, agent, schema, baseline });
  if (!before || !after) throw new UsageError('expected two sides to compare');
  const compared = await reviewOf(before, after, options);
  const render = (format: ReviewFormat, isTerminal: boolean): string =>
    'review' in compared
      ? reviewIn(format, compared.review, { all: options.all === true, isTerminal })
      : failureIn(format, compared.diagnostics, isTerminal);
  print(render(options.format, true));
  for (const file of output) write(file, render(formatOf(file), false));
  if (!('review' in compared) || compared.review.failed.length > 0) return { exitCode: 1 };
  return { exitCode: compared.review.report.undecided ? undecidedCode : 0 };
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text.endsWith('\n') ? text : `${text}\n`);
  } catch (error) {
    throw new UsageError(
      `\`${file}\` cannot be written: ${error instanceof Error && 'code' in error ? String(error.code) : String(error)}`,
    );
  }
}

/** Nothing that was asked for has failed, and not everything is known. */
export const undecidedCode = 3;

type Compared = { readonly review: Review } | { readonly diagnostics: Side['diagnostics'] };

async function reviewOf(before: Side, after: Side, options: DiffOptions): Promise<Compared> {
  const { inventory, failOn, exitCode, cost, format, output } = options;
  const progress = new Progress();
  progress.step('comparing');
  const compared = before.unit && after.unit ? compareUnits(before.unit, after.unit) : undefined;
  progress.end();
  if (!before.unit || !after.unit || !compared?.ok)
    return { diagnostics: [...before.diagnostics, ...after.diagnostics, ...(compared?.diagnostics ?? [])] };
  const { differences, undecided } = compared.value;
  const [old, now] = [before.unit.typed, after.unit.typed];
  const stated = [...before.unit.stated.workloads, ...after.unit.stated.workloads];
  const inventoried = inventory === undefined ? [] : readWorkloads(inventory);
  const workloads = [...stated, ...inventoried];
  const traffic = options.flows === undefined ? undefined : await flowHits({ before: old, after: now }, differences, options.flows);
  const report = diffReport([old, now], differences, { workloads, undecided, ...(traffic && { flowsOf: countsOf(traffic.hits) }) });
  const costs = cost ? costChange(before.unit, after.unit) : undefined;
  const connections = changedConnections(before.unit, after.unit, inventoried);
  if (connections?.ok === false) return { diagnostics: connections.diagnostics };
  const hasGraph = [format, ...output.map(formatOf)].includes('html');
  return {
    review: {
      old: before.name,
      new: after.name,
      report,
      ...(hasGraph && { graph: reportGraph(report, old, now) }),
      ...(costs && { cost: costs }),
      ...(connections && { connections: connections.value }),
      ...(traffic && { flows: readFrom(traffic.tally) }),
      failed: metGates(exitCode ? [...failOn, ...anyChange] : failOn, report.changes),
    },
  };
}

const countsOf =
  (hits: FlowHits['hits']) =>
  (difference: Difference): FlowCount | undefined => {
    const found = hits.get(difference);
    return found && { count: found.count, uncertain: found.uncertain, first: found.first, last: found.last };
  };

const readFrom = ({ flows, processes, skipped, bad }: FlowHits['tally']): NonNullable<Review['flows']> => ({
  events: flows + processes,
  notJudged: skipped.reduce((sum, { count }) => sum + count, 0),
  unreadableLines: bad.count,
});

const anyChange: readonly Gate[] = [{ text: 'any', is: ({ severity }) => severity !== 'none' }];

/** To make the tables of more rules takes longer than to compare them. */
const mostRules = 2000;

function costChange(before: CheckedUnit, after: CheckedUnit): CostChange | undefined {
  if (before.typed.rules.length + after.typed.rules.length > mostRules) return undefined;
  return { before: costOfUnit(before), after: costOfUnit(after) };
}

function costOfUnit(unit: CheckedUnit): Cost | string {
  const needs = needsUnit(unit);
  if (needs.ok) return costOf(needs.value, objectsDirectory(packageRoot()));
  const [first] = needs.diagnostics;
  return `the native target cannot hold it yet${first ? ` (${first.message})` : ''}`;
}
