// Diagnostics as people and programs read them: text with the place underlined in its source line, and JSON. What a
// user wrote is shown with its control characters made visible, so that no policy can write to a terminal.
import { lineText, positionAt, type Span } from '../base/source.ts';
import type { Diagnostic, Label } from './diagnostic.ts';

/** How findings are shown as text. */
export type RenderOptions = {
  /** ANSI colours; for a terminal that wants them. */
  readonly color: boolean;
  /** Findings shown; the others are counted. Default 100. */
  readonly limit?: number;
};

type Paint = (text: string) => string;
const ansi =
  (code: number, enabled: boolean): Paint =>
  (text) =>
    enabled ? `\u001b[${code}m${text}\u001b[39;22m` : text;
const paints = (color: boolean) => ({
  error: ansi(31, color),
  warning: ansi(33, color),
  note: ansi(36, color),
  strong: ansi(1, color),
  dim: ansi(90, color),
});
type Paints = ReturnType<typeof paints>;

/** Columns of a source line that are shown. */
const widest = 160;
const tabWidth = 2;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced.
const unseen = /[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/g;
const codePoint = (found: string): string => `<${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}>`;

/** Text that is safe to show: a tab is spaces, every other control or bidirectional character its code point. */
const visible = (text: string): string => text.replaceAll('\t', ' '.repeat(tabWidth)).replace(unseen, codePoint);

/** The part of a source line that is shown, and where the place stands in it. */
function excerpt({ source, start, end }: Span): {
  readonly line: number;
  readonly text: string;
  readonly from: number;
  readonly width: number;
} {
  const { line, column } = positionAt(source, start);
  const whole = lineText(source, line);
  const first = column - 1;
  const last = Math.min(first + Math.max(end - start, 1), Math.max(whole.length, first + 1));
  const cut = last > widest ? Math.max(0, first - 40) : 0;
  const shown = whole.slice(cut, cut + widest);
  const before = visible(whole.slice(cut, first));
  const marked = visible(whole.slice(first, Math.min(last, cut + widest)));
  const [left, right] = [cut > 0 ? '...' : '', cut + widest < whole.length ? '...' : ''];
  return { line, text: `${left}${visible(shown)}${right}`, from: left.length + before.length, width: Math.max(marked.length, 1) };
}

type Mark = { readonly span: Span; readonly sign: string; readonly text: string; readonly paint: Paint };

/** Source line and underline of each mark; marks on one line stand below it one after the other. */
function frame(marks: readonly Mark[], paint: Paints): readonly string[] {
  const known = marks.filter(({ span }) => span.source.text !== '');
  const numbers = known.map(({ span }) => String(positionAt(span.source, span.start).line).length);
  const gutter = Math.max(1, ...numbers);
  const bar = paint.dim(`${' '.repeat(gutter)} |`);
  return known.flatMap((mark, i) => {
    const { line, text, from, width } = excerpt(mark.span);
    const above = known[i - 1];
    const path =
      above && above.span.source.path !== mark.span.source.path ? [paint.dim(`${' '.repeat(gutter)}::: ${placeText(mark.span)}`)] : [];
    const under = `${' '.repeat(from)}${mark.paint(mark.sign.repeat(width) + (mark.text === '' ? '' : ` ${mark.text}`))}`;
    const sameLine = above !== undefined && path.length === 0 && excerpt(above.span).text === text && excerpt(above.span).line === line;
    const shown = sameLine ? [] : [`${paint.dim(`${String(line).padStart(gutter)} |`)} ${text}`.trimEnd()];
    return [...path, ...shown, `${bar} ${under}`];
  });
}

function placeText({ source, start }: Span): string {
  if (source.text === '') return visible(source.path);
  const { line, column } = positionAt(source, start);
  return `${visible(source.path)}:${line}:${column}`;
}

const inOrder = (a: Mark, b: Mark): number => (a.span.source === b.span.source ? a.span.start - b.span.start : 0);

/** One finding as text, without a line end. */
export function renderDiagnostic(found: Diagnostic, { color }: RenderOptions): string {
  const paint = paints(color);
  const loud = paint[found.severity];
  const marks: readonly Mark[] = [
    { span: found.span, sign: '^', text: '', paint: loud },
    ...found.labels.map((label) => ({ ...label, text: visible(label.text), sign: '-', paint: paint.note })),
  ];
  return [
    `${paint.strong(placeText(found.span))}: ${loud(`${found.severity}[${found.code}]`)}: ${paint.strong(visible(found.message))}`,
    ...frame([...marks].sort(inOrder), paint),
    ...(found.help === undefined ? [] : [`  ${paint.note('help:')} ${visible(found.help)}`]),
  ].join('\n');
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** `2 errors, 1 warning`, or the empty string. */
export function summary(all: readonly Diagnostic[]): string {
  const errors = all.filter(({ severity }) => severity === 'error').length;
  const warnings = all.length - errors;
  return [...(errors > 0 ? [counted(errors, 'error')] : []), ...(warnings > 0 ? [counted(warnings, 'warning')] : [])].join(', ');
}

/** All findings as text, errors and warnings in their order, with the count last; the empty string for none. */
export function renderDiagnostics(all: readonly Diagnostic[], options: RenderOptions): string {
  if (all.length === 0) return '';
  const limit = options.limit ?? 100;
  const shown = all.slice(0, limit).map((one) => renderDiagnostic(one, options));
  const more = all.length > limit ? [`... and ${all.length - limit} more`] : [];
  return `${[...shown, ...more, summary(all)].join('\n\n')}\n`;
}

/** 1-based lines and columns (UTF-16 code units); `end` is exclusive. */
export type PlaceRecord = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
};
export type DiagnosticRecord = {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly help?: string;
  readonly place: PlaceRecord;
  readonly related: readonly { readonly place: PlaceRecord; readonly message: string }[];
};

function placeRecord({ source, start, end }: Span): PlaceRecord {
  const [from, to] = [positionAt(source, start), positionAt(source, end)];
  return { file: source.path, line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
}

/** One finding for programs; stable keys. */
export const diagnosticRecord = ({ code, severity, message, span, labels, help }: Diagnostic): DiagnosticRecord => ({
  code,
  severity,
  message,
  ...(help === undefined ? {} : { help }),
  place: placeRecord(span),
  related: labels.map((label: Label) => ({ place: placeRecord(label.span), message: label.text })),
});
