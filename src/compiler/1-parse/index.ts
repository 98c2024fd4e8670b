// Policy text -> Ast. Never throws for what a user wrote: every mistake is reported, and what is whole is kept.
import { createTokenInstance, EOF, type ILexingError, type IToken } from 'chevrotain';
import type { SourceText } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Ast, FileAst } from '../ir/ast.ts';
import { addItems, type GrowingFile } from './build-ast.ts';
import { items, spanOf } from './items.ts';
import { declaredNames, parseItem } from './recover.ts';
import { lexer, Unterminated } from './tokens.ts';

/** Parses every source; a mistake in one file leaves the others whole. */
export function parse(sources: readonly SourceText[], report: Report): Ast {
  return { files: sources.map((source) => parseFile(source, report)) };
}

function parseFile(source: SourceText, outer: Report): FileAst {
  let isWhole = true;
  const report: Report = (code, place, holes) => {
    isWhole = false;
    outer(code, place, holes);
  };
  reportInvisible(source, report);
  const { tokens, errors } = lexer.tokenize(source.text);
  reportCharacters(source, errors, report);
  const file: GrowingFile = {
    source,
    modules: [],
    namespaces: [],
    imports: [],
    declarations: [],
    policies: [],
    tests: [],
    foreign: [],
    unread: new Set(),
  };
  const start = { source, start: 0, end: 0 };
  if (source.text.trim() === '') report('source/empty', start, {});
  else if (tokens.length === 0 && errors.length === 0) report('parse/only-comments', start, {});
  for (const token of tokens) if (token.tokenType === Unterminated) report('parse/unterminated-string', spanOf(source, token), {});
  for (const item of items(tokens, endOf(source), [source, report])) {
    const { tree, unread } = parseItem(item.tokens, [source, report], item.damaged);
    for (const name of item.damaged ? declaredNames(tokens) : unread) file.unread.add(name);
    if (tree) addItems({ source, report }, tree, file);
  }
  return { ...file, isWhole };
}

function endOf({ text }: SourceText): IToken {
  return createTokenInstance(EOF, '', text.length, text.length - 1, Number.NaN, Number.NaN, Number.NaN, Number.NaN);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const invisible = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u2069]|\r(?!\n)|(?!^)\uFEFF/g;

/** Characters that make a text look different from what it means: controls, bidirectional overrides, zero widths. */
function reportInvisible(source: SourceText, report: Report): void {
  for (const { index, 0: found } of source.text.matchAll(invisible)) {
    const code = found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    report('parse/invisible-character', { source, start: index, end: index + 1 }, { character: `U+${code}` });
  }
}

const hints: Readonly<Record<string, string>> = {
  "'": 'texts stand in `"`',
  '“': 'texts stand in `"`',
  '”': 'texts stand in `"`',
  '#': 'a comment begins with `//`',
  '/': 'a comment begins with `//`; a path stands in `"`',
  '&': 'write `and`',
  '|': 'write `or`',
  '!': 'write `not`',
  '*': 'a pattern stands in `"`',
};

function reportCharacters(source: SourceText, errors: readonly ILexingError[], report: Report): void {
  for (const { offset, length } of errors) {
    const character = String.fromCodePoint(source.text.codePointAt(offset) ?? 0);
    if (new RegExp(invisible.source).test(character)) continue;
    report('parse/unexpected-character', { source, start: offset, end: offset + length }, { character, hint: hints[character] });
  }
}
