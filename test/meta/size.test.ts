// No file has more than 400 lines, no function more than 50, but for the exceptions that are listed with their reason.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseFile, root } from './imports.ts';
import { largeFiles, largeFunctions, type SizeException } from './size-exceptions.ts';

const fileLimit = 400;
const functionLimit = 50;

const filesIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name}`)
    .filter((path) => /\.(ts|mjs|c|h)$/.test(path) && !path.includes('.generated.'))
    .sort();

const files = ['src', 'bpf', 'test', 'scripts', 'bench'].flatMap(filesIn);
const lineCount = (text: string) => text.replace(/\n$/, '').split('\n').length;

function nameOf(node: ts.SignatureDeclaration): string {
  if (node.name !== undefined) return node.name.getText();
  if (ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent)) return node.parent.name.getText();
  return `function at line ${node.getSourceFile().getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}

/** Functions of one file with their lines, signature to closing brace; comments before it do not count. */
function functionsOf(path: string): readonly SizeException[] {
  const out: SizeException[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      out.push({ what: `${path}: ${nameOf(node)}`, lines: lineCount(node.getText()) });
    }
    ts.forEachChild(node, visit);
  };
  visit(parseFile(join(root, path)));
  return out;
}

/** Both directions: what is too large and not listed (or larger than listed), and what is listed needlessly. */
function differences(found: readonly SizeException[], exceptions: readonly SizeException[]): readonly string[] {
  const isListed = ({ what, lines }: SizeException) => exceptions.some((exception) => exception.what === what && lines <= exception.lines);
  const stale = exceptions.filter(({ what }) => !found.some((large) => large.what === what));
  return [
    ...found.filter((large) => !isListed(large)).map(({ what, lines }) => `${what} has ${lines} lines`),
    ...stale.map(({ what }) => `${what} is listed and within the limit now: take it off the list`),
  ];
}

test(`no file has more than ${fileLimit} lines`, () => {
  const large = files.map((what) => ({ what, lines: lineCount(readFileSync(join(root, what), 'utf8')) }));
  assert.equal(
    differences(
      large.filter(({ lines }) => lines > fileLimit),
      largeFiles,
    ),
    [],
  );
});

test(`no function has more than ${functionLimit} lines`, () => {
  const large = files.filter((path) => path.endsWith('.ts')).flatMap(functionsOf);
  assert.equal(
    differences(
      large.filter(({ lines }) => lines > functionLimit),
      largeFunctions,
    ),
    [],
  );
});

test.run();
