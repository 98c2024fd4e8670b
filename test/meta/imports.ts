// Reads the imports of every source file under src/ with the TypeScript parser.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';

export const root = join(import.meta.dirname, '..', '..');
const sourceRoot = join(root, 'src');

/** `to` is a path under src/ for a relative import, else the specifier of a package or `node:` module. */
export type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean; readonly relative: boolean };

/** Paths under src/, `/`-separated. */
export const sourceFiles = (): readonly string[] =>
  readdirSync(sourceRoot, { recursive: true, encoding: 'utf8' })
    .map((path) => path.split('\\').join('/'))
    .filter((path) => path.endsWith('.ts'))
    .sort();

export const parseFile = (path: string): ts.SourceFile =>
  ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2023, true);

type Found = { readonly specifier: string; readonly typeOnly: boolean };

function importOf(node: ts.Node): Found | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const bindings = node.importClause?.namedBindings;
    const named = bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements : [];
    const onlyTypes = named.length > 0 && named.every(({ isTypeOnly }) => isTypeOnly) && node.importClause?.name === undefined;
    return { specifier: node.moduleSpecifier.text, typeOnly: node.importClause?.isTypeOnly === true || onlyTypes };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments;
    // A computed import cannot be checked; an empty specifier is in no row of the table.
    return { specifier: argument !== undefined && ts.isStringLiteralLike(argument) ? argument.text : '', typeOnly: false };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { specifier: node.argument.literal.text, typeOnly: true };
  }
  return undefined;
}

/** All imports of one file under src/: static, re-exports, dynamic, and in types. */
export function importsOf(from: string): readonly Import[] {
  const out: Import[] = [];
  const visit = (node: ts.Node): void => {
    const found = importOf(node);
    if (found) {
      const relative = found.specifier.startsWith('.');
      const to = relative ? posix.normalize(posix.join(posix.dirname(from), found.specifier)) : found.specifier;
      out.push({ from, to, typeOnly: found.typeOnly, relative });
    }
    ts.forEachChild(node, visit);
  };
  visit(parseFile(join(sourceRoot, from)));
  return out;
}
