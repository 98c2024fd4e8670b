// Every name that the library exports says what it is.
import { join } from 'node:path';
import ts from 'typescript';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from './imports.ts';

test('every exported name has a comment that an editor shows', () => {
  const file = join(root, 'src', 'compiler', 'index.ts');
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  const exported = module ? checker.getExportsOfModule(module) : [];
  const original = (symbol: ts.Symbol): ts.Symbol => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
  assert.ok(exported.length > 20, 'the library exports its functions and types');
  assert.equal(
    exported.filter((symbol) => original(symbol).getDocumentationComment(checker).length === 0).map(({ name }) => name),
    [],
  );
});

test.run();
