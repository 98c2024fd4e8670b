// Writes what is generated from the parser: grammar/policyc.ebnf from its serialised grammar, and the types of its
// syntax tree. With --check it fails where one is stale.
import { generateCstDts } from 'chevrotain';
import { PolicyParser } from '../src/compiler/1-parse/grammar.ts';
import { Name, reservedWords, vocabulary } from '../src/compiler/1-parse/tokens.ts';
import { writeGenerated } from './write-generated.ts';

/** A node of Chevrotain's serialised grammar, as far as it is printed. */
type Node = {
  readonly type: string;
  readonly name?: string;
  readonly label?: string;
  readonly pattern?: string;
  readonly separator?: Node;
  readonly definition?: readonly Node[];
};

const parser = new PolicyParser();

const group = (text: string): string => (/[ |]/.test(text) ? `(${text})` : text);
const sequence = ({ definition = [] }: Node): string =>
  definition.map((part) => (part.type === 'Alternation' && definition.length > 1 ? group(expression(part)) : expression(part))).join(' ');
const repeated = (node: Node): string => `${sequence(node)} (${node.separator ? expression(node.separator) : ''} ${sequence(node)})*`;

function expression(node: Node): string {
  switch (node.type) {
    case 'Terminal':
      return node.label?.startsWith('`') ? `'${node.pattern}'` : (node.name ?? '').toUpperCase();
    case 'NonTerminal':
      return node.name ?? '';
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
  ({ PATTERN, GROUP }) => PATTERN instanceof RegExp && PATTERN.source !== 'NOT_APPLICABLE' && GROUP === undefined,
);
const nameWords = vocabulary
  .filter((type) => typeof type.PATTERN === 'string' && type.CATEGORIES?.includes(Name))
  .map(({ PATTERN }) => `'${PATTERN}'`);

/** The grammar in the notation of the XML specification, tokens last. */
function ebnf(): string {
  const rules = parser.getSerializedGastProductions().map((rule: Node) => `${rule.name} ::= ${sequence(rule) || '/* nothing */'}`);
  const tokens = literalTokens.map(({ name, PATTERN }) => `${name.toUpperCase()} ::= /${PATTERN instanceof RegExp ? PATTERN.source : ''}/`);
  return [
    '/* Generated from src/compiler/1-parse/grammar.ts by `npm run generate`; do not edit. What it means: README.md. */',
    '/* An operand of a rule and the operands of a line stand on one line; spaces and comments (`//` to the end of the line) separate tokens. */',
    '',
    ...rules,
    '',
    ...tokens,
    `NAME ::= IDENTIFIER | ${nameWords.join(' | ')}`,
    `WORD ::= NAME | ${reservedWords.map((word) => `'${word}'`).join(' | ')}`,
    'TEXT ::= QUOTED',
    'LOOSE ::= /* any token but a bracket */',
    '',
  ].join('\n');
}

writeGenerated({
  'grammar/policyc.ebnf': ebnf,
  'src/compiler/1-parse/cst.generated.ts': () =>
    `// Generated from grammar.ts by \`npm run generate\`; do not edit.\n${generateCstDts(parser.getGAstProductions(), { includeVisitorInterface: false })}`,
});
