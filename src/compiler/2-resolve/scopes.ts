// Which names each file sees: those that it declares, and those that it imports. One name means one thing in a file,
// whatever its kind.
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Ast, DeclarationKind, FileAst, Name, RulesAst } from '../ir/ast.ts';
import { annotationType } from './annotation-types.ts';
import { type AnnotationType, builtInAnnotations, reservedMeaning } from './vocabulary.ts';

export type ParameterKind = DeclarationKind | 'peer';

/** What a name stands for. */
export type Named =
  /** `declaration`: its number. */
  | { readonly kind: 'set'; readonly type: DeclarationKind; readonly declaration: number }
  | { readonly kind: 'rules'; readonly ast: RulesAst; readonly scope: FileScope }
  | { readonly kind: 'annotation'; readonly type: AnnotationType };

/** A name of a file. `span`: where the file got it from; `declared`: where it is declared. */
export type Binding = {
  readonly named: Named;
  readonly span: Span;
  readonly declared: Span;
  readonly isImported: boolean;
  readonly isPrivate: boolean;
  used: boolean;
};

export type FileScope = {
  readonly file: FileAst;
  /** Defaults of the file's selectors. */
  readonly namespace?: string;
  readonly cluster?: string;
  /** Number of the file's first declaration; those of its arguments (`use`) follow its own. */
  readonly base: number;
  readonly names: Map<string, Binding>;
  /** Private names that other files ask for. */
  readonly wanted: Set<string>;
  /** Names that nobody calls unknown: imported from a missing file, or declared in text that could not be read. */
  readonly excused: Set<string>;
};

/** A scope for each file, with the names that it declares itself; `bases` are the numbers of their first declarations. */
export const scopesOf = ({ files }: Ast, bases: readonly number[], report: Report): readonly FileScope[] =>
  files.map((file, index) => {
    const scope = newScope(file, bases[index] ?? 0, report);
    declareAll(scope, report);
    return scope;
  });

/** Declarations of a file, and of the arguments of its `use`. */
export const declarationsIn = ({ declarations, policies }: FileAst): number =>
  policies.reduce((sum, { uses }) => sum + uses.reduce((own, use) => own + use.arguments.length, 0), declarations.length);

function newScope(file: FileAst, base: number, report: Report): FileScope {
  const once = <T extends { readonly span: Span }>([first, second]: readonly T[], what: string): T | undefined => {
    if (first && second) report('resolve/twice', [second.span, first.span], { what });
    return first;
  };
  const namespace = once(file.namespaces, 'the default namespace');
  const cluster = once(file.clusters, 'the default cluster');
  once(file.modules, '`module`');
  return {
    file,
    base,
    names: new Map(),
    wanted: new Set(),
    excused: new Set(file.unread),
    ...(namespace ? { namespace: namespace.text } : {}),
    ...(cluster ? { cluster: cluster.text } : {}),
  };
}

type Declared = { readonly name: Name; readonly what: string; readonly named: Named; readonly isPrivate: boolean };

function declareAll(scope: FileScope, report: Report): void {
  const { file, base } = scope;
  for (const [index, { name, kind, isPrivate }] of file.declarations.entries()) {
    declare(scope, { name, what: kind, named: { kind: 'set', type: kind, declaration: base + index }, isPrivate }, report);
  }
  for (const ast of file.rules) {
    declare(scope, { name: ast.name, what: 'rules block', named: { kind: 'rules', ast, scope }, isPrivate: ast.isPrivate }, report);
  }
  for (const { name, words, operand } of file.annotationTypes) {
    const type = annotationType(words, operand);
    if (builtInAnnotations.has(name.text))
      report('resolve/reserved-name', name.span, { name: name.text, meaning: 'an annotation of the language' });
    declare(scope, { name, what: 'annotation', named: { kind: 'annotation', type }, isPrivate: false }, report);
  }
}

function declare({ names }: FileScope, { name: { text, span }, what, named, isPrivate }: Declared, report: Report): void {
  const meaning = reservedMeaning(text);
  if (meaning) report('resolve/reserved-name', span, { name: text, meaning });
  const first = names.get(text);
  if (first) report('resolve/duplicate-name', [span, first.span], { kind: what, name: text });
  else names.set(text, { named, span, declared: span, isImported: false, isPrivate, used: false });
}
