// Which file an import names, and circles of files that import each other. Paths are compared as they were given for
// the sources, `/`-separated.
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Ast, ImportAst } from '../ir/ast.ts';
import type { Importer } from './bind-imports.ts';
import type { FileScope } from './scopes.ts';

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

type Importers = ReadonlyMap<FileScope, Importer>;
type Visit = { readonly importer: Importer; readonly by: ImportAst | undefined; next: number };

/** Each file after those that it imports from. Reports every import that closes a circle (depth first, without recursion: chains may be long). */
export function importOrder(importers: Importers, report: Report): readonly Importer[] {
  const done = new Set<Importer>();
  for (const start of importers.values()) if (!done.has(start)) walk(start, importers, { done, report });
  return [...done];
}

type Walk = { readonly done: Set<Importer>; readonly report: Report };

function walk(start: Importer, importers: Importers, { done, report }: Walk): void {
  const path: Visit[] = [{ importer: start, by: undefined, next: 0 }];
  const open = new Set([start]);
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const { scope, targets } = top.importer;
    const target = targets[top.next];
    const by = scope.file.imports[top.next++];
    if (!by) {
      done.add(top.importer);
      open.delete(top.importer);
      path.pop();
      continue;
    }
    const importer = target && importers.get(target);
    if (!importer || done.has(importer)) continue;
    if (open.has(importer)) reportCycle(path, importer, by.from.span, report);
    else {
      open.add(importer);
      path.push({ importer, by, next: 0 });
    }
  }
}

function reportCycle(path: readonly Visit[], importer: Importer, closing: Span, report: Report): void {
  const circle = path.slice(path.findIndex((visit) => visit.importer === importer));
  const files = [...circle.map((visit) => visit.importer), importer].map(({ scope }) => scope.file);
  const chain = files.map(({ source }) => `\`${source.path}\``).join(' -> ');
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
