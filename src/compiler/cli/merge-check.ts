// `policyc merge-check`: do two changes, each right by itself, do something together that neither does?
import { posix } from 'node:path';
import type { Comparison } from '../analysis/diff.ts';
import { diffReport } from '../analysis/report.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type CheckedUnit, checkUnit, mergeUnits } from '../pipeline.ts';
import { type Given, undecidedCode } from './diff.ts';
import { readSides, type Side } from './diff-sides.ts';
import type { DocumentOptions } from './document-options.ts';
import { importOptionsOf } from './document-options.ts';
import { type MergeReview, mergeText } from './merge-text.ts';
import { mergeTexts, type Texts } from './merge-texts.ts';
import type { CommonOptions } from './options.ts';
import { colorsOf, print, printError, printJson, type Result, reportDiagnostics } from './output.ts';
import { mergeStatesOf } from './revisions.ts';
import { shownPath } from './sources.ts';

export type MergeCheckOptions = CommonOptions & DocumentOptions & { readonly base?: string };

export function runMergeCheck(given: Given, options: MergeCheckOptions): Result {
  const { format, maxFileBytes, agent, schema, baseline } = options;
  const states = mergeStatesOf(given, options.base);
  const sides = readSides(states, { maxFileBytes, agent, schema, baseline });
  const units = sides.flatMap(({ unit }) => unit ?? []);
  const [base, ours, theirs] = units;
  if (!base || !ours || !theirs)
    return failed(
      sides.flatMap(({ diagnostics }) => diagnostics),
      format,
    );
  const roots = states.states.map(({ paths }) => paths.map(shownPath));
  const [was, one, other] = units.map(({ text }, i) => textsOf(text.files, roots[i] ?? []));
  const { texts, conflicts } = mergeTexts(was ?? new Map(), one ?? new Map(), other ?? new Map());
  const names = namesOf(sides);
  if (conflicts.length > 0) {
    if (format === 'json') printJson({ ok: false, ...names, textConflicts: conflicts, diagnostics: [] });
    else
      printError(
        `policyc: git could not merge ${conflicts.map((name) => `\`${name}\``).join(', ')}: merge by hand, and compare the result with \`policyc diff\``,
      );
    return { exitCode: 1 };
  }
  const merged = checkUnit(sourcesOf(texts, roots[1] ?? []), { documents: importOptionsOf(options) });
  if (!merged.ok) return failed(merged.diagnostics, format);
  const found = mergeUnits({ base, ours, theirs, merged: merged.value });
  if (!found.ok) return failed(found.diagnostics, format);
  const report = (from: CheckedUnit, { differences, undecided }: Comparison) =>
    diffReport([from.typed, merged.value.typed], differences, { undecided });
  const review: MergeReview = {
    ...names,
    together: report(base, found.value.together),
    undoneOurs: report(ours, found.value.undoneOurs),
    undoneTheirs: report(theirs, found.value.undoneTheirs),
  };
  const reports = [review.together, review.undoneOurs, review.undoneTheirs];
  const [areKnown, isConflict] = [reports.every(({ undecided }) => !undecided), reports.some(({ changes }) => changes.length > 0)];
  if (format === 'json') printJson({ ok: areKnown && !isConflict, ...review, textConflicts: [], diagnostics: [] });
  else print(mergeText(review, colorsOf(process.stdout)));
  return { exitCode: isConflict ? 1 : areKnown ? 0 : undecidedCode };
}

const namesOf = ([base, ours, theirs]: readonly Side[]) => ({ base: base?.name ?? '', ours: ours?.name ?? '', theirs: theirs?.name ?? '' });

function failed(diagnostics: readonly Diagnostic[], format: CommonOptions['format']): Result {
  const records = reportDiagnostics(diagnostics, format);
  if (format === 'json') printJson({ ok: false, diagnostics: records });
  return { exitCode: 1 };
}

/** Files by their names below what was compared, so that those of two folders are the same; a file by itself has none. */
function textsOf(files: CheckedUnit['text']['files'], roots: readonly string[]): Texts {
  return new Map(
    files.map(({ path, text }) => {
      const root = roots.length === 1 ? (roots[0] ?? '.') : '.';
      return [root === '.' ? path : posix.relative(root, path), text];
    }),
  );
}

const sourcesOf = (texts: Texts, roots: readonly string[]) => {
  const root = roots.length === 1 ? (roots[0] ?? '.') : '.';
  return [...texts].map(([name, text]) => ({ path: root === '.' ? name : posix.join(root, name), text }));
};
