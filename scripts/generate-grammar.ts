// Writes what is generated from the parser: its own table of lookahead; the grammar as EBNF, as railroad diagrams and for editors. With --check it
// fails where one is stale.
import type { TokenType } from 'chevrotain';
import { PolicyParser } from '../src/compiler/1-parse/grammar.ts';
import { Literal, Name, OperandWord, reservedWords, vocabulary } from '../src/compiler/1-parse/tokens.ts';
import { type Node, nodeName } from './grammar-node.ts';
import { NotedLookahead } from './lookahead.ts';
import { railroadPage } from './railroad.ts';
import { textMateGrammar } from './textmate.ts';
import { writeGenerated } from './write-generated.ts';

const lookahead = new NotedLookahead();
const parser = new PolicyParser(lookahead);

const group = (text: string): string => (/[ |]/.test(text) ? `(${text})` : text);
const sequence = ({ definition = [] }: Node): string =>
  definition.map((part) => (part.type === 'Alternation' && definition.length > 1 ? group(expression(part)) : expression(part))).join(' ');
const repeated = (node: Node): string => `${sequence(node)} (${node.separator ? expression(node.separator) : ''} ${sequence(node)})*`;

function expression(node: Node): string {
  switch (node.type) {
    case 'Terminal':
    case 'NonTerminal':
      return nodeName(node);
    case 'Option':
      return `${group(sequence(node))}?`;
    case 'Repetition':
      return `${group(sequence(node))}*`;
    case 'RepetitionMandatory':
      return `${group(sequence(node))}+`;
    case 'RepetitionWithSeparator':
      return `(${repeated(node)})?`;
    case 'RepetitionMandatoryWithSeparator':
      return repeated(node);
    case 'Alternation':
      return (node.definition ?? []).map(expression).join(' | ');
    case 'Alternative':
    case 'Flat':
      return sequence(node);
    default:
      throw new Error(`unknown grammar node ${node.type}`);
  }
}

const literalTokens = vocabulary.filter(
  ({ PATTERN, GROUP, name }) =>
    PATTERN instanceof RegExp && PATTERN.source !== 'NOT_APPLICABLE' && GROUP === undefined && name !== 'Unterminated',
);
const productions: readonly Node[] = parser.getSerializedGastProductions();
/** From the outside in: the parser of items extends that of what stands inside them. */
const first = productions.findIndex(({ name }) => name === 'file');
const rules = [...productions.slice(first), ...productions.slice(0, first)];
/** The tokens of a category, those that stand for themselves as they are written. */
const members = (category: TokenType): string =>
  vocabulary
    .filter(({ CATEGORIES }) => CATEGORIES?.includes(category))
    .map(({ PATTERN, name }) => (typeof PATTERN === 'string' ? `'${PATTERN}'` : name.toUpperCase()))
    .join(' | ');

/** The grammar in the notation of the XML specification, tokens last. */
function ebnf(): string {
  const printed = rules.map((rule) => `${rule.name} ::= ${sequence(rule) || '/* nothing */'}`);
  const tokens = literalTokens.map(({ name, PATTERN }) => `${name.toUpperCase()} ::= /${PATTERN instanceof RegExp ? PATTERN.source : ''}/`);
  return [
    '/* Generated from src/compiler/1-parse by `npm run generate`; do not edit. What it means: README.md. */',
    '/* An operand of a rule and the operands of a line stand on one line; spaces and comments (`//` to the end of the line) separate tokens. */',
    '',
    ...printed,
    '',
    ...tokens,
    `NAME ::= ${members(Name)}`,
    `WORD ::= NAME | ${reservedWords.map((word) => `'${word}'`).join(' | ')}`,
    'TEXT ::= QUOTED',
    `OPERANDWORD ::= ${members(OperandWord)}`,
    `LITERAL ::= ${members(Literal)}`,
    '',
  ].join('\n');
}

writeGenerated({
  'src/compiler/1-parse/lookahead-table.generated.ts': () => lookahead.table(),
  'grammar/policyc.ebnf': ebnf,
  'grammar/railroad.html': () => railroadPage(rules),
  'grammar/policyc.tmLanguage.json': textMateGrammar,
});
