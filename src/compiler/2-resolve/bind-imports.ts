// Gives each file the names that it imports, and warns of names that nobody uses.
import type { Span } from '../base/source.ts';
import type { FileAst, ImportAst, Name } from '../ir/ast.ts';
import { importedPath, normalised, relativePath, reportImportCycles } from './imports.ts';
import type { Binding, FileScope, Named } from './scopes.ts';
import type { Unit } from './unit.ts';

/** Names that files declare for others. */
export function exportedNames(files: readonly FileScope[]): Unit['exported'] {
  const exported = new Map<string, { readonly kind: Named['kind']; readonly path: string; readonly span: Span }>();
  for (const { file, names } of files) {
    for (const [name, { named, isPrivate, declared: span }] of names)
      if (!isPrivate) exported.set(name, { kind: named.kind, path: file.source.path, span });
  }
  return exported;
}

/** To be called when every scope holds what its file declares itself. */
export function bindImports(files: readonly FileScope[], unit: Unit): void {
  const byPath = new Map(files.map((scope) => [normalised(scope.file.source.path), scope]));
  const modules = new Map<string, Span>();
  for (const scope of files) nameModule(scope.file, modules, unit);
  reportImportCycles(new Map([...byPath].map(([path, { file }]) => [path, file])), unit.report);
  for (const scope of files) for (const one of scope.file.imports) importNames(scope, one, { byPath, unit });
}

function nameModule({ modules: [module] }: FileAst, known: Map<string, Span>, { report }: Unit): void {
  if (!module) return;
  const first = known.get(module.text);
  if (first) report('resolve/duplicate-name', [module.span, first], { kind: 'module', name: module.text });
  else known.set(module.text, module.span);
}

type Importing = { readonly byPath: ReadonlyMap<string, FileScope>; readonly unit: Unit };

function importNames(scope: FileScope, { names, from }: ImportAst, { byPath, unit }: Importing): void {
  const path = importedPath(scope.file.source.path, from.text);
  const target = byPath.get(path);
  if (!target) {
    for (const { text } of names) scope.excused.add(text);
    unit.report('resolve/unknown-file', from.span, { path, suggestion: unit.suggest(path, byPath.keys()) });
    return;
  }
  for (const name of names) importName([scope, target], name, unit);
}

/** What a file declares itself: only that can be imported from it. */
function ownBinding({ names }: FileScope, name: string): Binding | undefined {
  const binding = names.get(name);
  return binding?.isImported ? undefined : binding;
}

/** Imports one name; one that cannot be had is excused, so that its uses are not reported again. */
function importName([scope, target]: readonly [FileScope, FileScope], name: Name, unit: Unit): void {
  const binding = ownBinding(target, name.text);
  const before = scope.names.get(name.text);
  if (before) unit.report('resolve/duplicate-name', [name.span, before.span], { kind: 'name', name: name.text });
  else if (!binding) refuseImport([scope, target], name, unit);
  else if (binding.isPrivate) {
    unit.report('resolve/private-name', [name.span, binding.span], { name: name.text, path: target.file.source.path });
    scope.excused.add(name.text);
    binding.used = true;
  } else scope.names.set(name.text, { ...binding, span: name.span, isImported: true, used: false });
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

/** Warns of names that nobody can have use of, in files that were read whole; to be called when every name has been looked up. */
export function reportUnused({ file, names }: FileScope, { report }: Unit): void {
  if (!file.isWhole) return;
  for (const [name, { isImported, isPrivate, used, span, named }] of names) {
    if (used) continue;
    if (isImported) report('resolve/unused-import', span, { name });
    else if (isPrivate) report('resolve/unused-name', span, { kind: named.kind === 'set' ? named.type : 'rules block', name });
  }
}
