// A question from the command line, in the words of several options: it is read as the one statement of an `invariant` block that
// stands in a file of its own, which sees the names of all files. Findings are told as places in the text of the option.
import type { SourceText, Span } from './base/source.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import type { FileAst } from './ir/ast.ts';

/**
 * `from`, `to`: ends, as peers of rules. `port`: ports and protocols; a plain number is of tcp. `request`: a block (`http { GET "/x" }`).
 * `may`: what a process does (`exec "/bin/sh"`), instead of the three before.
 */
export type QuestionText = {
  readonly from?: string;
  readonly to?: string;
  readonly port?: string;
  readonly request?: string;
  readonly may?: string;
};

/** A piece of the statement; `option` wrote `given`, which begins at `start`. */
type Piece = { readonly option: string; readonly given: string; readonly start: number; readonly end: number };
/** `source`: a file with the statement alone. */
export type QuestionSource = { readonly source: SourceText; readonly pieces: readonly Piece[] };

/** Who is anybody: every workload, reserved endpoint and address; of what processes do, every workload and the host. */
const anybody = 'all';

export function questionSource({ from, to, port, request, may }: QuestionText): QuestionSource {
  let text = 'invariant "question" {\nno ';
  const pieces: Piece[] = [];
  const add = (option: string, given: string | undefined, words: string): void => {
    if (given !== undefined) {
      const inside = words.indexOf(given.trim());
      const start = text.length + Math.max(0, inside);
      pieces.push({ option, given: given.trim(), start, end: start + given.trim().length });
    }
    text += words;
  };
  add('--from', from, endText(from));
  if (may === undefined) {
    text += ' can reach ';
    add('--to', to, endText(to));
    if (port !== undefined) add('--port', port, ` at ${portText(port.trim())}`);
    if (request !== undefined) add('--request', request, ` ${request.trim()}`);
  } else {
    text += ' can ';
    add('--may', may, may.trim());
  }
  return { source: { path: 'question', text: `${text}\n}` }, pieces };
}

const endText = (given: string | undefined): string => (given === undefined ? anybody : braced(given.trim()));

/** `app: "db" in namespace "shop"`: braces may be left out, and no address has a blank or a quotation mark behind its colon. */
function braced(text: string): string {
  if (!/^(?:[A-Za-z_][\w-]*|"[^"]*")\s*:(?:\s|")/.test(text)) return text;
  const place = text.search(/\s+in\s+(?:namespace|cluster|entity)\b/);
  return place < 0 ? `{ ${text} }` : `{ ${text.slice(0, place)} }${text.slice(place)}`;
}

/** `5432`, `8000-8100` are of tcp; `53/udp` is `udp 53`. */
function portText(text: string): string {
  if (/^\d+(?:-\d+)?$/.test(text)) return `tcp ${text}`;
  const [, numbers, protocol] = /^(\d+(?:-\d+)?)\/([A-Za-z]+)$/.exec(text) ?? [];
  return numbers === undefined ? text : `${protocol?.toLowerCase()} ${numbers}`;
}

/** Is there nothing but the one statement? */
export function isOneQuestion({ invariants, ...file }: FileAst): boolean {
  const named = [file.modules, file.namespaces, file.clusters, file.imports, file.annotations, file.tests];
  const declared = [file.declarations, file.rules, file.annotationTypes, file.policies];
  return invariants.flatMap(({ statements }) => statements).length === 1 && [...named, ...declared].every((items) => items.length === 0);
}

/** The findings about the question, as places in the options. */
export function questionDiagnostics(found: readonly Diagnostic[], { source, pieces }: QuestionSource): readonly Diagnostic[] {
  return found
    .filter(({ span, severity }) => span.source === source && severity === 'error')
    .map((one) => ({
      ...one,
      span: movedTo(pieces, one.span),
      labels: one.labels.map((label) => ({ ...label, span: label.span.source === source ? movedTo(pieces, label.span) : label.span })),
    }));
}

/** What stands between two options is about the one before. */
function movedTo(pieces: readonly Piece[], { start, end }: Span): Span {
  const piece = pieces.findLast((one) => one.start <= start) ?? pieces[0];
  if (!piece) return { source: { path: '--from', text: '' }, start: 0, end: 0 };
  const within = (offset: number): number => Math.min(Math.max(offset - piece.start, 0), piece.given.length);
  return { source: { path: piece.option, text: piece.given }, start: within(start), end: within(end) };
}
