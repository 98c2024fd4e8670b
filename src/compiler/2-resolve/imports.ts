// Which file an import names, and circles of files that import each other. Paths are compared as they were given for
// the sources, `/`-separated.
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Ast, FileAst, ImportAst } from '../ir/ast.ts';

/** The path that `written` names in the file at `from`: relative to that file's folder, without `.` and `..` where they can be resolved. */
export function importedPath(from: string, written: string): string {
  const base = written.startsWith('/') ? [] : from.split('/').slice(0, -1);
  const parts: string[] = [];
  for (const part of [...base, ...written.split('/')]) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..' && parts.at(-1) !== '') parts.pop();
    else if (part !== '.' && !(part === '' && parts.length > 0)) parts.push(part);
  }
  return parts.join('/');
}

/** Files that the sources import and that are not among them: whoever read the sources may read these too and parse again. */
export function missingSources(ast: Ast): readonly string[] {
  const known = new Set(ast.files.map(({ source }) => normalised(source.path)));
  const wanted = ast.files.flatMap(({ source, imports }) => imports.map(({ from }) => importedPath(source.path, from.text)));
  return [...new Set(wanted)].filter((path) => !known.has(path));
}

/** A path in the form in which import paths are compared. */
export const normalised = (path: string): string => importedPath('', path);

type Visit = { readonly file: FileAst; readonly by: ImportAst | undefined; next: number };

/** Reports every import that closes a circle (depth first, without recursion: chains may be long). */
export function reportImportCycles(files: ReadonlyMap<string, FileAst>, report: Report): void {
  const done = new Set<FileAst>();
  for (const start of files.values()) if (!done.has(start)) walk(start, files, { done, report });
}

type Walk = { readonly done: Set<FileAst>; readonly report: Report };

function walk(start: FileAst, files: ReadonlyMap<string, FileAst>, { done, report }: Walk): void {
  const path: Visit[] = [{ file: start, by: undefined, next: 0 }];
  const open = new Set([start]);
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const wanted = top.file.imports[top.next++];
    if (!wanted) {
      done.add(top.file);
      open.delete(top.file);
      path.pop();
      continue;
    }
    const file = files.get(importedPath(top.file.source.path, wanted.from.text));
    if (!file || done.has(file)) continue;
    if (open.has(file)) reportCycle(path, file, wanted.from.span, report);
    else {
      open.add(file);
      path.push({ file, by: wanted, next: 0 });
    }
  }
}

function reportCycle(path: readonly Visit[], file: FileAst, closing: Span, report: Report): void {
  const circle = path.slice(path.findIndex((visit) => visit.file === file));
  const chain = [...circle.map((visit) => visit.file), file].map(({ source }) => `\`${source.path}\``).join(' -> ');
  const first = circle[1]?.by?.from.span;
  report('resolve/import-cycle', first ? [first, closing] : closing, { chain });
}

/** How the file at `from` writes the path `to` in an import. */
export function relativePath(from: string, to: string): string {
  const here = normalised(from).split('/').slice(0, -1);
  const there = normalised(to).split('/');
  let common = 0;
  while (common < here.length && common < there.length - 1 && here[common] === there[common]) common++;
  const up = here.slice(common).map(() => '..');
  return [...(up.length > 0 ? up : ['.']), ...there.slice(common)].join('/');
}
