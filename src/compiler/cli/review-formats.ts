// The forms that a review has: each is a text.

import picocolors from 'picocolors';
import { type Diagnostic, isError } from '../diagnostics/diagnostic.ts';
import { diagnosticRecord, renderDiagnostics } from '../diagnostics/render.ts';
import { sarifOf } from '../diagnostics/sarif.ts';
import { diffHtml } from './diff-html.ts';
import { diffMarkdown, failureMarkdown } from './diff-markdown.ts';
import { diffSarif } from './diff-sarif.ts';
import { diffText } from './diff-text.ts';
import type { Review } from './diff-words.ts';
import { packageRoot, versionOf } from './installation.ts';
import { colorsOf, printError, reportDiagnostics } from './output.ts';
import { pageOf } from './pages.ts';
import { UsageError } from './usage-error.ts';

export const reviewFormats = ['text', 'markdown', 'json', 'sarif', 'html'] as const;
export type ReviewFormat = (typeof reviewFormats)[number];

const endings: Readonly<Record<string, ReviewFormat>> = {
  '.txt': 'text',
  '.md': 'markdown',
  '.json': 'json',
  '.sarif': 'sarif',
  '.sarif.json': 'sarif',
  '.html': 'html',
};

/** What the name of a file says. @throws UsageError where it says nothing */
export function formatOf(file: string): ReviewFormat {
  const ending = Object.keys(endings).findLast((one) => file.endsWith(one));
  const format = ending === undefined ? undefined : endings[ending];
  if (format) return format;
  throw new UsageError(`\`${file}\`: expected a name that ends in ${Object.keys(endings).join(', ')}, which says what is written`);
}

/** `isTerminal`: it goes to standard output, with colours where that is a terminal. */
export type ReviewView = { readonly all: boolean; readonly isTerminal: boolean };

export function reviewIn(format: ReviewFormat, review: Review, { all, isTerminal }: ReviewView): string {
  switch (format) {
    case 'text':
      return diffText(review, { all, colors: isTerminal ? colorsOf(process.stdout) : picocolors.createColors(false) });
    case 'markdown':
      return diffMarkdown(review);
    case 'json':
      return json({
        ok: true,
        old: review.old,
        new: review.new,
        ...review.report,
        ...(review.cost && { cost: review.cost }),
        ...(review.connections && { connections: review.connections }),
        ...(review.flows && { flows: review.flows }),
        failed: review.failed,
        diagnostics: [],
      });
    case 'sarif':
      return json(diffSarif(review, versionOf(packageRoot())));
    case 'html':
      return diffHtml(review);
  }
}

const json = (value: unknown): string => JSON.stringify(value, undefined, 2);

/** A question past the limit of an exact answer: nothing is claimed. */
const isUndecided = (diagnostics: readonly Diagnostic[]): boolean => diagnostics.some(({ code }) => code === 'analysis/limit');

/** What stands where a review would, when a side is wrong or the question is past a limit. */
export function failureIn(format: ReviewFormat, diagnostics: readonly Diagnostic[], isTerminal: boolean): string {
  switch (format) {
    case 'text':
    case 'html':
      if (isTerminal) reportDiagnostics(diagnostics, 'text');
      return isTerminal ? '' : renderDiagnostics(diagnostics, { color: false });
    case 'markdown':
      if (isTerminal) printError(renderDiagnostics(diagnostics.filter(isError), { color: false }));
      return failureMarkdown(renderDiagnostics(diagnostics.filter(isError), { color: false }), isUndecided(diagnostics));
    case 'json':
      return json({
        ok: false,
        ...(isUndecided(diagnostics) && { conclusion: 'undecided' }),
        diagnostics: diagnostics.map(diagnosticRecord),
      });
    case 'sarif':
      return json(sarifOf(diagnostics, { version: versionOf(packageRoot()), pageOf }));
  }
}
