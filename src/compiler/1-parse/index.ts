// Policy text -> Ast. Never throws for what a user wrote: every mistake is reported, and what is whole is kept.
import { EOF, type IToken } from 'chevrotain';
import type { SourceText } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Ast, FileAst } from '../ir/ast.ts';
import { type Items, noItems } from './grammar.ts';
import { type Item, items, spanOf } from './items.ts';
import { Reader, tokenize, tokenOf } from './lexer.ts';
import { quickPolicy } from './quick-policy.ts';
import { declaredNames, type ItemContext, parseItem } from './recover.ts';

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
  const file = noItems();
  const unread = new Set<string>();
  const reader = new Reader(source.text);
  let [count, damaged] = [0, 0];
  for (const item of items(reader, endOf(source), [source, report])) {
    if (item.damaged) damaged++;
    readItem(item, { file, unread }, { source, report, isFirst: count === 0, silent: item.damaged });
    count++;
  }
  if (damaged > 0) for (const name of declaredNames(tokenize(source.text).tokens)) unread.add(name);
  reportSigns(source, reader, report);
  if (source.text.trim() === '') report('source/empty', { source, start: 0, end: 0 }, {});
  else if (count === 0 && reader.errors.length === 0) report('parse/only-comments', { source, start: 0, end: 0 }, {});
  return { source, ...file, isWhole, unread };
}

type Read = { readonly file: Items; readonly unread: Set<string> };

function readItem({ tokens, damaged }: Item, { file, unread }: Read, context: ItemContext): void {
  const policy = damaged ? undefined : quickPolicy(tokens, context.source);
  if (policy) {
    file.policies.push(policy);
    return;
  }
  const parsed = parseItem(tokens, context);
  for (const name of parsed.unread) unread.add(name);
  if (parsed.items) addItems(file, parsed.items);
}

function addItems(file: Items, more: Items): void {
  add(file.modules, more.modules);
  add(file.namespaces, more.namespaces);
  add(file.clusters, more.clusters);
  add(file.imports, more.imports);
  add(file.declarations, more.declarations);
  add(file.rules, more.rules);
  add(file.annotationTypes, more.annotationTypes);
  add(file.policies, more.policies);
  add(file.tests, more.tests);
  add(file.invariants, more.invariants);
  add(file.services, more.services);
  add(file.annotations, more.annotations);
}

const add = <T>(list: T[], more: readonly T[]): void => {
  for (const one of more) list.push(one);
};

/** On no line. */
const endOf = ({ text }: SourceText): IToken => tokenOf(EOF, '', text.length, 0);

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const invisible = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u2069]|\r(?!\n)|(?!^)\uFEFF/g;
/** Most texts have none of these, and one class of characters is looked for much faster. */
const unusual = /[^\t\n\u0020-\u007E]/;

/** Characters that make a text look different from what it means: controls, bidirectional overrides, zero widths. */
function reportInvisible(source: SourceText, report: Report): void {
  if (!unusual.test(source.text)) return;
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

/** What can begin no token, and texts without an end. */
function reportSigns(source: SourceText, { errors, unterminated }: Reader, report: Report): void {
  for (const token of unterminated) report('parse/unterminated-string', spanOf(source, token), {});
  for (const { offset, length } of errors) {
    const character = String.fromCodePoint(source.text.codePointAt(offset) ?? 0);
    if (new RegExp(invisible.source).test(character)) continue;
    report('parse/unexpected-character', { source, start: offset, end: offset + length }, { character, hint: hints[character] });
  }
}
