// The grammar for editors: TextMate rules from the tokens of the parser, the words of the language and its domains.
import { contextualWords, reservedWords } from '../src/compiler/1-parse/tokens.ts';
import { actionWords, modes, operators, protocols, quantifiers, sections, tiers, verdicts } from '../src/compiler/2-resolve/vocabulary.ts';
import { domains } from '../src/compiler/domains/registry.ts';
import { declarationKinds } from '../src/compiler/ir/ast.ts';
import { entityNames } from '../src/compiler/ir/typed.ts';

/** One of the words, longest first; `-` is a letter of names. */
const anyOf = (words: Iterable<string>): string =>
  `(?<![\\w-])(?:${[...new Set(words)].sort((a, b) => b.length - a.length || (a < b ? -1 : 1)).join('|')})(?![\\w-])`;

const contextual = contextualWords.map(({ PATTERN }) => String(PATTERN));
const named = anyOf([...declarationKinds, 'policy', 'rules', 'annotation', 'module']);

const patterns = [
  { name: 'comment.line.documentation.policyc', match: '///.*$' },
  { name: 'comment.line.double-slash.policyc', match: '//.*$' },
  {
    name: 'string.quoted.double.policyc',
    begin: '"',
    end: '"|$',
    patterns: [{ name: 'constant.character.escape.policyc', match: '\\\\.' }],
  },
  { name: 'entity.name.tag.annotation.policyc', match: '@[A-Za-z_][\\w-]*' },
  { name: 'constant.numeric.date.policyc', match: '\\b\\d{4}-\\d{2}-\\d{2}\\b' },
  {
    name: 'constant.numeric.address.policyc',
    match: '\\b\\d+(?:\\.\\d+)+(?:/\\d+)?|[0-9A-Fa-f]*(?::[0-9A-Fa-f]*){2,}(?:\\.\\d+)*(?:/\\d+)?',
  },
  { name: 'constant.numeric.quantity.policyc', match: '\\b\\d+/?[A-Za-z]+\\b' },
  { name: 'constant.numeric.policyc', match: '(?<![\\w-])-?\\d+\\b' },
  {
    match: `(${named})\\s+([A-Za-z_][\\w-]*)(?=\\s*(?:=|\\(|for\\b|$|//))`,
    captures: { '1': { name: 'keyword.declaration.policyc' }, '2': { name: 'entity.name.type.policyc' } },
  },
  { name: 'variable.other.label.policyc', match: '[A-Za-z_][\\w-]*(?=\\s*:)' },
  { name: 'keyword.control.action.policyc', match: anyOf(actionWords.keys()) },
  {
    name: 'keyword.operator.word.policyc',
    match: anyOf(['and', 'or', 'not', 'except', 'including', ...operators, 'one', 'of', 'exists', 'absent']),
  },
  {
    name: 'keyword.control.policyc',
    match: anyOf([
      ...reservedWords,
      ...sections,
      'tier',
      'priority',
      'mode',
      'log',
      'require',
      ...contextual.filter((word) => ['use', 'can', 'named', 'rules', 'invariant', 'annotation', 'code'].includes(word)),
    ]),
  },
  { name: 'constant.language.policyc', match: anyOf([...entityNames, ...tiers, ...modes, ...verdicts, ...quantifiers]) },
  { name: 'support.type.protocol.policyc', match: anyOf(protocols.keys()) },
  { name: 'support.class.domain.policyc', match: anyOf(domains.map(({ name }) => name)) },
  { name: 'variable.parameter.field.policyc', match: anyOf(domains.flatMap(({ fields }) => fields.map(({ name }) => name))) },
  { name: 'keyword.operator.policyc', match: '->|=' },
];

export const textMateGrammar = (): string =>
  `${JSON.stringify({ $schema: 'https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json', name: 'policyc', scopeName: 'source.policyc', fileTypes: ['policy'], patterns }, undefined, 2)}\n`;
