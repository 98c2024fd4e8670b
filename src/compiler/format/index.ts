// The canonical form of a policy file, from its text. Every token and every comment of the text is printed again, in
// its order: only blanks, line ends, and the signs between items of lists and lines of blocks are the formatter's own.
import { parse } from '../1-parse/index.ts';
import type { SourceText } from '../base/source.ts';
import { collector, type Diagnostic } from '../diagnostics/diagnostic.ts';
import type { FileAst } from '../ir/ast.ts';
import { fileText } from './layout.ts';
import { leavesOf } from './leaves.ts';
import { marksOf } from './marks.ts';
import { itemsOf } from './tree.ts';

export type Formatted =
  | { readonly ok: true; readonly text: string }
  /** The text has mistakes: it has no form. */
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** The canonical form of a file without syntax errors; names are not looked up. */
export function format(source: SourceText): Formatted {
  const log = collector();
  const [file] = parse([source], log.report).files;
  if (!file || log.failed()) return { ok: false, diagnostics: log.all() };
  const text = formOf(file);
  return { ok: true, text: hasSameTree(file, text) ? text : source.text };
}

/** The canonical text of a file that was parsed without errors. */
export function formOf(file: FileAst): string {
  const { text } = file.source;
  const leaves = leavesOf(text);
  const marks = marksOf(file, leaves);
  const end = leaves.at(-1);
  return end ? fileText(itemsOf(leaves, marks), end) : text;
}

/**
 * Is this still the same policy? Where line ends carry meaning in ways that no policy without errors has (a reserved
 * word as the first word of a request), it may not be: such a text is kept as it is.
 */
function hasSameTree(file: FileAst, text: string): boolean {
  const log = collector();
  const [again] = parse([{ path: file.source.path, text }], log.report).files;
  return again !== undefined && !log.failed() && treeText(again) === treeText(file);
}

/** A tree as text, without the places of its nodes. */
export const treeText = (file: FileAst): string =>
  JSON.stringify(file, (key, value: unknown) =>
    key === 'span' || key === 'source' ? undefined : value instanceof Set ? [...value] : value,
  );
