// One event as text, for questions from the command line: it is read as the line of a `test` block that stands in a file
// of its own, which sees the names of all files. Findings are told as places in the text that was given.
import type { SourceText, Span } from './base/source.ts';
import type { Diagnostic, Report } from './diagnostics/diagnostic.ts';
import type { Operand } from './domains/domain.ts';
import type { Ast, DeclarationAst, EndAst, Expr, FileAst, ImportAst, Name } from './ir/ast.ts';

const opening = 'test "event" {\n';
/** What findings call the place of the text. */
const shownPath = '--event';

/** The file in which the event is the one line; the expected verdict is there for the grammar's sake. */
export const eventSource = (text: string): SourceText => ({ path: shownPath, text: `${opening}${text}\nis allowed\n}` });

/** The verdict that one line states, from its `is` on; undefined if it states none. */
export function statedVerdict({ tests }: FileAst, text: string): Span | undefined {
  const [line, more] = tests.flatMap(({ lines }) => lines);
  if (!line || more) return undefined;
  const { source, start } = line.verdict.span;
  if (start > opening.length + text.length) return undefined;
  return { source, start: source.text.lastIndexOf('is', start), end: opening.length + text.trimEnd().length };
}

/** Is there nothing but one line, whose verdict is the one that was put there? */
export function isOneEvent({ tests, ...file }: FileAst, text: string): boolean {
  const [line, more] = tests.flatMap(({ lines }) => lines);
  const named = [file.modules, file.namespaces, file.clusters, file.imports, file.annotations];
  const declared = [file.declarations, file.rules, file.annotationTypes, file.policies, file.invariants];
  if (!line || more || tests.length > 1 || [...named, ...declared].some((items) => items.length > 0)) return false;
  return line.verdict.span.start > opening.length + text.length && !line.by;
}

/** Words of the event that no file declares. */
export function undeclaredNames({ files }: Ast, event: FileAst): readonly Name[] {
  const declared = new Set(files.flatMap(({ declarations }) => declarations.map(({ name }) => name.text)));
  return namesIn(event).filter(({ text }) => !declared.has(text));
}

/** The unit with the event's file, which imports every name that one file alone declares; private names too. */
export function withEvent({ files }: Ast, event: FileAst, report: Report): Ast {
  const declaring = new Map<string, FileAst[]>();
  for (const file of files) for (const { name } of file.declarations) declaring.set(name.text, [...(declaring.get(name.text) ?? []), file]);
  for (const name of namesIn(event)) {
    const several = declaring.get(name.text) ?? [];
    if (several.length < 2) continue;
    const paths = several.map(({ source }) => source.path).join(', ');
    report('event/ambiguous-name', name.span, { name: name.text, paths, example: '`{ app: "x" } in namespace "y"`' });
  }
  const imports = [...declaring].flatMap(([name, [file, ...others]]) => (file && others.length === 0 ? [importOf(name, file, event)] : []));
  const open = files.map((file) => ({ ...file, declarations: file.declarations.map(opened), tests: [], invariants: [] }));
  return { files: [...open, { ...event, imports, isWhole: false, unread: new Set(ambiguousNames(declaring)) }] };
}

const opened = (one: DeclarationAst): DeclarationAst => ({ ...one, isPrivate: false });

/** They are told once, and are not unknown as well. */
const ambiguousNames = (declaring: ReadonlyMap<string, readonly FileAst[]>): readonly string[] =>
  [...declaring].flatMap(([name, several]) => (several.length > 1 ? [name] : []));

function importOf(text: string, file: FileAst, { source }: FileAst): ImportAst {
  const span: Span = { source, start: 0, end: 0 };
  const { path } = file.source;
  return { names: [{ text, span }], from: { kind: 'string', text: path, raw: path, span }, span };
}

/** Every word of the event, or of the statement, that may be a declared name. */
function namesIn({ tests, invariants }: FileAst): readonly Name[] {
  const named = (value: Expr | undefined): readonly Name[] => (value?.kind === 'name' ? [value] : []);
  const inEnd = (end: EndAst | undefined): readonly Name[] => [...named(end?.what), ...(end?.names ? wordsIn(end.names) : [])];
  const ofTests = tests.flatMap(({ lines }) =>
    lines.flatMap(({ subject, flow, operands }) => [
      ...inEnd(subject),
      ...inEnd(flow?.destination),
      ...named(flow?.transport),
      ...operands.flatMap(wordsIn),
    ]),
  );
  const ofStatements = invariants.flatMap(({ statements }) =>
    statements.flatMap(({ subject, object, transport, block, operands }) => [
      ...[subject, object, transport].flatMap((value) => (value ? exprNames(value) : [])),
      ...[...operands, ...(block?.lines ?? []).flatMap((line) => line.operands)].flatMap(wordsIn),
    ]),
  );
  return [...ofTests, ...ofStatements];
}

function exprNames(value: Expr): readonly Name[] {
  switch (value.kind) {
    case 'name':
      return [value];
    case 'list':
      return value.items.flatMap(exprNames);
    case 'combine':
      return value.operands.flatMap(exprNames);
    case 'matched':
    case 'including':
    case 'not':
      return exprNames(value.operand);
    case 'term':
      return value.value ? exprNames(value.value) : [];
    default:
      return [];
  }
}

function wordsIn(operand: Operand): readonly Name[] {
  if (operand.kind === 'list') return operand.items.flatMap(wordsIn);
  if (operand.kind === 'matched') return wordsIn(operand.operand);
  return operand.kind === 'word' ? [operand] : [];
}

/** The findings about the event, as places in the text alone. */
export function eventDiagnostics(found: readonly Diagnostic[], source: SourceText, text: string): readonly Diagnostic[] {
  const given: SourceText = { path: shownPath, text };
  const within = (offset: number): number => Math.min(Math.max(offset - opening.length, 0), text.length);
  const moved = (span: Span): Span => (span.source === source ? { source: given, start: within(span.start), end: within(span.end) } : span);
  const isBehind = ({ span }: Diagnostic): boolean => span.start >= opening.length + text.length;
  const told = found.filter(({ span, severity }) => span.source === source && severity === 'error');
  return told
    .filter((one, i) => i === 0 || !isBehind(one))
    .map((one) => ({
      ...one,
      // What stands behind the event was put there, and means nothing to whoever asks.
      message: isBehind(one) ? one.message.replace(/found `[^`]*`$/, 'found the end of the event') : one.message,
      span: moved(one.span),
      labels: one.labels.map((label) => ({ ...label, span: moved(label.span) })),
    }));
}
