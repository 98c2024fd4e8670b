// Gives each file the names that it imports, and warns of names that nobody uses.
import type { Span } from '../base/source.ts';
import type { FileAst, ImportAst, Name } from '../ir/ast.ts';
import { importedPath, importOrder, normalised, relativePath } from './imports.ts';
import type { Binding, FileScope } from './scopes.ts';
import type { Exported, Unit } from './unit.ts';

/** Names that files declare for others; looked for when somebody asks. */
export function exportedNames(files: readonly FileScope[]): Unit['exported'] {
  let exported: Map<string, Exported> | undefined;
  return (name) => {
    exported ??= allExported(files);
    return exported.get(name);
  };
}

function allExported(files: readonly FileScope[]): Map<string, Exported> {
  const exported = new Map<string, Exported>();
  for (const { file, names } of files) {
    for (const [name, { named, isPrivate, isImported, declared: span }] of names)
      if (!isPrivate && !isImported) exported.set(name, { kind: named.kind, path: file.source.path, span });
  }
  return exported;
}

/** A file and those that it imports from, one for each import; undefined: there is none. */
export type Importer = { readonly scope: FileScope; readonly targets: readonly (FileScope | undefined)[] };

/** To be called when every scope holds what its file declares itself. Gives the files, each after those that it imports from. */
export function bindImports(files: readonly FileScope[], unit: Unit): readonly Importer[] {
  const byPath = new Map(files.map((scope) => [normalised(scope.file.source.path), scope]));
  const modules = new Map<string, Span>();
  for (const scope of files) nameModule(scope.file, modules, unit);
  const targetsOf = ({ file }: FileScope) => file.imports.map(({ from }) => byPath.get(importedPath(file.source.path, from.text)));
  const importers = new Map(files.map((scope) => [scope, { scope, targets: targetsOf(scope) }]));
  const order = importOrder(importers, unit.report);
  for (const { scope, targets } of importers.values())
    for (const [i, one] of scope.file.imports.entries()) importNames([scope, targets[i]], one, { byPath, unit });
  return order;
}

function nameModule({ modules: [module] }: FileAst, known: Map<string, Span>, { report }: Unit): void {
  if (!module) return;
  const first = known.get(module.text);
  if (first) report('resolve/duplicate-name', [module.span, first], { kind: 'module', name: module.text });
  else known.set(module.text, module.span);
}

type Importing = { readonly byPath: ReadonlyMap<string, FileScope>; readonly unit: Unit };

function importNames(
  [scope, target]: readonly [FileScope, FileScope | undefined],
  { names, from }: ImportAst,
  { byPath, unit }: Importing,
): void {
  if (!target) {
    const path = importedPath(scope.file.source.path, from.text);
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
    target.wanted.add(name.text);
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
export function reportUnused({ file, names, wanted }: FileScope, { report }: Unit): void {
  if (!file.isWhole) return;
  for (const [name, { isImported, isPrivate, used, span, named }] of names) {
    if (used || wanted.has(name)) continue;
    if (isImported) report('resolve/unused-import', span, { name });
    else if (isPrivate) report('resolve/unused-name', span, { kind: named.kind === 'set' ? named.type : 'rules block', name });
  }
}
