// Declarations of the unit, and which of them each file sees: its own, and those it imports by name. One name means
// one thing in a file, whatever its kind.
import type { Span } from '../base/source.ts';
import type { Ast, DeclarationAst, FileAst, ImportAst, Name } from '../ir/ast.ts';
import { importedPath, normalised, relativePath, reportImportCycles } from './imports.ts';
import type { Unit } from './unit.ts';
import { reservedMeaning } from './vocabulary.ts';

/** A name of a file: its declaration, and where the file got it from. */
export type Binding = { readonly declaration: number; readonly span: Span; readonly isImported: boolean; used: boolean };

export type FileScope = {
  readonly file: FileAst;
  /** Default namespace of the file's selectors. */
  readonly namespace?: string;
  readonly names: Map<string, Binding>;
  /** Names that nobody calls unknown: imported from a missing file, or declared in text that could not be read. */
  readonly excused: Set<string>;
};

export type Declared = { readonly ast: DeclarationAst; readonly scope: FileScope };

export type Scopes = {
  /** Index = `declaration` of bindings and values. */
  readonly declared: readonly Declared[];
  readonly files: readonly FileScope[];
  /** A declaration of this name in some file that others may import from. */
  readonly elsewhere: ReadonlyMap<string, Declared>;
};

/** Collects the declarations of all files and gives every file its names. */
export function scopesOf(ast: Ast, unit: Unit): Scopes {
  const files = ast.files.map((file) => newScope(file, unit));
  const declared = files.flatMap((scope) => scope.file.declarations.map((one) => ({ ast: one, scope })));
  for (const [index, one] of declared.entries()) declare(one, index, unit);
  const elsewhere = new Map(declared.filter(({ ast: one }) => !one.isPrivate).map((one) => [one.ast.name.text, one]));
  const byPath = new Map(files.map((scope) => [normalised(scope.file.source.path), scope]));
  const modules = new Map<string, Span>();
  for (const scope of files) nameModule(scope.file, modules, unit);
  reportImportCycles(new Map([...byPath].map(([path, { file }]) => [path, file])), unit.report);
  const own = new Map(files.map((scope) => [scope, new Map(scope.names)]));
  for (const scope of files) for (const one of scope.file.imports) importNames(scope, one, { byPath, own, declared, unit });
  return { declared, files, elsewhere };
}

function newScope(file: FileAst, { report }: Unit): FileScope {
  const [namespace, again] = file.namespaces;
  if (namespace && again) report('resolve/twice', [again.span, namespace.span], { what: 'the default namespace' });
  const [module, second] = file.modules;
  if (module && second) report('resolve/twice', [second.span, module.span], { what: '`module`' });
  return { file, names: new Map(), excused: new Set(file.unread), ...(namespace ? { namespace: namespace.text } : {}) };
}

function nameModule({ modules: [module] }: FileAst, known: Map<string, Span>, { report }: Unit): void {
  if (!module) return;
  const first = known.get(module.text);
  if (first) report('resolve/duplicate-name', [module.span, first], { kind: 'module', name: module.text });
  else known.set(module.text, module.span);
}

function declare({ ast, scope }: Declared, declaration: number, { report }: Unit): void {
  const { name, kind } = ast;
  const meaning = reservedMeaning(name.text);
  if (meaning) report('resolve/reserved-name', name.span, { name: name.text, meaning });
  const first = scope.names.get(name.text);
  if (first) report('resolve/duplicate-name', [name.span, first.span], { kind, name: name.text });
  else scope.names.set(name.text, { declaration, span: name.span, isImported: false, used: true });
}

type Importing = {
  readonly byPath: ReadonlyMap<string, FileScope>;
  /** What each file declares itself. */
  readonly own: ReadonlyMap<FileScope, ReadonlyMap<string, Binding>>;
  readonly declared: readonly Declared[];
  readonly unit: Unit;
};

function importNames(scope: FileScope, { names, from }: ImportAst, importing: Importing): void {
  const { byPath, unit } = importing;
  const path = importedPath(scope.file.source.path, from.text);
  const target = byPath.get(path);
  if (!target) {
    for (const { text } of names) scope.excused.add(text);
    unit.report('resolve/unknown-file', from.span, { path, suggestion: unit.suggest(path, byPath.keys()) });
    return;
  }
  for (const name of names) importName([scope, target], name, importing);
}

/** Imports one name; one that cannot be had is excused, so that its uses are not reported again. */
function importName([scope, target]: readonly [FileScope, FileScope], name: Name, { own, declared, unit }: Importing): void {
  const binding = own.get(target)?.get(name.text);
  const declaration = binding && declared[binding.declaration];
  const before = scope.names.get(name.text);
  if (before) unit.report('resolve/duplicate-name', [name.span, before.span], { kind: 'name', name: name.text });
  else if (!binding || !declaration) refuseImport([scope, target], name, unit);
  else if (declaration.ast.isPrivate) {
    const holes = { name: name.text, path: target.file.source.path };
    unit.report('resolve/private-name', [name.span, binding.span], holes);
    scope.excused.add(name.text);
  } else scope.names.set(name.text, { declaration: binding.declaration, span: name.span, isImported: true, used: false });
}

function refuseImport([scope, target]: readonly [FileScope, FileScope], name: Name, unit: Unit): void {
  const { file, names, excused } = target;
  scope.excused.add(name.text);
  if (excused.has(name.text)) return;
  const path = file.source.path;
  const origin = file.imports.find((one) => one.names.some(({ text }) => text === name.text));
  if (origin) {
    const from = relativePath(scope.file.source.path, importedPath(path, origin.from.text));
    unit.report('resolve/imported-name', name.span, { name: name.text, path, origin: from });
  } else unit.report('resolve/not-exported', name.span, { path, name: name.text, suggestion: unit.suggest(name.text, names.keys()) });
}

/** Warns of what was imported and not used, in files that were read whole; to be called when every name has been looked up. */
export function reportUnused({ files }: Scopes, { report }: Unit): void {
  for (const { file, names } of files) {
    if (!file.isWhole) continue;
    for (const [name, { isImported, used, span }] of names) if (isImported && !used) report('resolve/unused-import', span, { name });
  }
}
