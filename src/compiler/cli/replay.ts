// `policyc replay`: recorded traffic against policies, or against a change of policies.
import { type ReplayReport, replayReport } from '../flows/groups.ts';
import { type Policies, Replay } from '../flows/replay.ts';
import type { CheckedUnit } from '../pipeline.ts';
import { readSides } from './diff-sides.ts';
import type { DocumentOptions } from './document-options.ts';
import { FlowProgress } from './flow-progress.ts';
import { readTraffic } from './flow-traffic.ts';
import type { CommonOptions } from './options.ts';
import { colorsOf, print, printError, printJson, type Result, reportDiagnostics } from './output.ts';
import { type ReplayGate, replayGates } from './replay-gates.ts';
import { replayText, unreadableText } from './replay-text.ts';
import { statesOf } from './revisions.ts';
import { readUnit } from './unit.ts';
import { UsageError } from './usage-error.ts';

export type ReplayOptions = CommonOptions &
  DocumentOptions & { readonly diff?: readonly string[]; readonly failOn: readonly ReplayGate[]; readonly all?: true };

type Units = { readonly before?: CheckedUnit; readonly after?: CheckedUnit; readonly failed: boolean; readonly diagnostics: Diagnostics };
type Diagnostics = Parameters<typeof reportDiagnostics>[0];

export async function runReplay(flows: string, paths: readonly string[], options: ReplayOptions): Promise<Result> {
  const { format } = options;
  const { before, after, failed, diagnostics } = unitsOf(paths, options);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const records = reportDiagnostics(errors, format);
  if (failed || !after) {
    if (format === 'json') printJson({ ok: false, diagnostics: records });
    return { exitCode: 1 };
  }
  const policies: Policies = { after: after.typed, ...(before && { before: before.typed }) };
  const report = await replayed(flows, policies);
  const met = options.failOn.filter((gate) => isMet(gate, report));
  if (format === 'json')
    printJson({ ok: met.length === 0 && report.read.flows + report.read.processes > 0, ...report, failed: met, diagnostics: records });
  else {
    printError(unreadableText(report));
    print(replayText(report, { colors: colorsOf(process.stdout), all: options.all === true, failed: met }));
  }
  return { exitCode: met.length > 0 || report.read.flows + report.read.processes === 0 ? 1 : 0 };
}

function unitsOf(paths: readonly string[], options: ReplayOptions): Units {
  const { format: _, diff, failOn: __, ...reading } = options;
  if (!diff) {
    if (paths.length === 0) throw new UsageError('expected the policies to replay against, or `--diff OLD NEW`');
    const { unit, diagnostics } = readUnit(paths, reading);
    return { diagnostics, failed: unit === undefined, ...(unit && { after: unit }) };
  }
  if (paths.length > 0) throw new UsageError('expected policies, or `--diff OLD NEW`, and not both');
  const [old, now] = readSides(statesOf(diff, undefined), reading);
  const diagnostics = [...(old?.diagnostics ?? []), ...(now?.diagnostics ?? [])];
  return { diagnostics, failed: !old?.unit || !now?.unit, ...(old?.unit && { before: old.unit }), ...(now?.unit && { after: now.unit }) };
}

async function replayed(flows: string, policies: Policies): Promise<ReplayReport> {
  const replay = new Replay(policies);
  const progress = new FlowProgress();
  await readTraffic(flows, replay.traffic, progress);
  progress.step('asking the policies');
  const report = replayReport(replay, policies);
  progress.end();
  return report;
}

function isMet(gate: ReplayGate, report: ReplayReport): boolean {
  const changed = (effect: string): boolean => report.changes.some((change) => change.effect === effect);
  switch (gate) {
    case 'mismatch':
      return report.mismatches.length > 0 || (report.baseline === 'record' && report.changes.length > 0);
    case 'undecided':
      return report.undecided.length > 0;
    case 'not-judged':
      return report.notJudged.some(({ reason }) => isWanting(reason));
    case 'unreadable':
      return report.unreadable.count > 0;
    case 'any':
      return replayGates.some((other) => other !== 'any' && isMet(other, report));
    default:
      return changed(gate);
  }
}

/** Replies and their like are no events, and nothing is wanting. */
const isWanting = (reason: string): boolean => !['reply', 'related', 'translation', 'control'].includes(reason);
