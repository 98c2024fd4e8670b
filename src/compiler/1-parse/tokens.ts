// The vocabulary of punctuation and the words that give a text its form. A reserved word can never be a name; contextual
// words are names too, wherever they do not stand where they have their meaning. What all other words mean is looked up by 2-resolve.
import { createToken, Lexer, type TokenType } from 'chevrotain';

const category = (name: string, label: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, pattern: Lexer.NA, label, categories });

export const Word = category('Word', 'a word');
export const Name = category('Name', 'a name', [Word]);
export const Text = category('Text', 'a text in quotation marks');
/** What an operand can be besides a name, a text, a number or a list. */
export const Literal = category('Literal', 'a value');
/** Reserved words that may stand as operands of rules and events. */
export const OperandWord = category('OperandWord', 'a word');

export const Identifier = createToken({
  name: 'Identifier',
  pattern: /[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*/,
  categories: [Name],
  label: 'a name',
});

const word = (text: string, categories: TokenType[]): TokenType =>
  createToken({
    name: `${text.charAt(0).toUpperCase()}${text.slice(1)}Word`,
    pattern: text,
    longer_alt: Identifier,
    categories,
    label: `\`${text}\``,
  });
const reserved = (text: string): TokenType => word(text, [Word]);
const contextual = (text: string): TokenType => word(text, [Name]);

/** Classes of process events and kinds of namespaces have these names. */
export const Module = word('module', [Word, OperandWord]);
export const Namespace = word('namespace', [Word, OperandWord]);
export const Import = reserved('import');
export const Private = reserved('private');
export const Workload = reserved('workload');
export const Network = reserved('network');
export const Port = reserved('port');
export const Policy = reserved('policy');
export const Test = reserved('test');
export const From = reserved('from');
export const To = reserved('to');
export const At = reserved('at');
export const For = reserved('for');
export const In = reserved('in');
export const Is = reserved('is');
export const By = reserved('by');
export const And = reserved('and');
export const Or = reserved('or');
export const Not = word('not', [Word, OperandWord]);
export const Except = reserved('except');
export const Default = reserved('default');

export const Domain = contextual('domain');
export const Path = contextual('path');
export const Binary = contextual('binary');
export const List = contextual('list');
export const Rules = contextual('rules');
export const AnnotationWord = contextual('annotation');
export const Cluster = contextual('cluster');
export const Invariant = contextual('invariant');
export const Service = contextual('service');
export const Use = contextual('use');
export const Including = contextual('including');
export const Named = contextual('named');
export const Can = contextual('can');
export const Code = contextual('code');

const sign = (name: string, text: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, pattern: text, label: `\`${text}\``, categories });

export const LCurly = sign('LCurly', '{');
export const RCurly = sign('RCurly', '}');
export const LSquare = sign('LSquare', '[');
export const RSquare = sign('RSquare', ']');
export const LParen = sign('LParen', '(');
export const RParen = sign('RParen', ')');
export const Comma = sign('Comma', ',');
export const Semicolon = sign('Semicolon', ';');
export const Colon = sign('Colon', ':');
export const Equals = sign('Equals', '=');
export const Arrow = sign('Arrow', '->');
export const Minus = sign('Minus', '-');
export const Dot = sign('Dot', '.');
export const Annotation = sign('Annotation', '@');

/** Whatever looks like an address or a CIDR block; 3-check reads it. */
export const Address = createToken({
  name: 'Address',
  pattern: /\d+(?:\.\d+)+(?:\/\d+)?|\d+\/\d+|[0-9A-Fa-f]*(?::[0-9A-Fa-f]*){2,}(?:\.\d+)*(?:\/\d+)?/,
  start_chars_hint: [...'0123456789abcdefABCDEF:'],
  categories: [Literal],
  label: 'an address',
});
export const DateLiteral = createToken({
  name: 'DateLiteral',
  pattern: /\d{4}-\d{2}-\d{2}(?![0-9A-Za-z_])/,
  categories: [Literal],
  label: 'a date',
});
/** A number and a unit: a duration, a size or a rate. */
export const Quantity = createToken({
  name: 'Quantity',
  pattern: /\d+\/?[A-Za-z_]+/,
  categories: [Literal],
  label: 'a number with a unit',
});
export const NumberLiteral = createToken({ name: 'NumberLiteral', pattern: /\d+/, label: 'a number' });
export const Quoted = createToken({ name: 'Quoted', pattern: /"(?:[^"\\\n\r]|\\[^\n\r])*"/, categories: [Text], start_chars_hint: ['"'] });
export const Unterminated = createToken({
  name: 'Unterminated',
  pattern: /"(?:[^"\\\n\r]|\\[^\n\r])*/,
  categories: [Text],
  start_chars_hint: ['"'],
});

const Space = createToken({ name: 'Space', pattern: /[ \t\r\n\uFEFF]+/, group: Lexer.SKIPPED, line_breaks: true });
const Comment = createToken({ name: 'Comment', pattern: /\/\/[^\n]*/, group: Lexer.SKIPPED });

/** Reserved words that begin a top-level item; at the start of a line they end whatever was open before. */
export const itemWords: ReadonlySet<TokenType> = new Set([Module, Namespace, Import, Private, Workload, Network, Port, Policy, Test]);
/** Words that begin a declaration. */
export const declarationWords: ReadonlySet<TokenType> = new Set([Workload, Network, Port, Domain, Path, Binary, List]);
/** The words that items begin with, as they are written. */
export const itemStarts: readonly string[] = [...itemWords, ...declarationWords, Rules, AnnotationWord, Cluster, Invariant, Service].map(
  ({ PATTERN }) => String(PATTERN),
);
/** The closing bracket of each opening one. */
export const closers: ReadonlyMap<TokenType, TokenType> = new Map([
  [LCurly, RCurly],
  [LSquare, RSquare],
  [LParen, RParen],
]);

/** Words that are names wherever they do not give the text its form. */
export const contextualWords: TokenType[] = [
  ...[Domain, Path, Binary, List, Rules, AnnotationWord, Cluster, Invariant, Service, Use, Including, Named, Can, Code],
];
/** Every token type that a text can have, in the order in which they are tried. */
export const concrete: TokenType[] = [
  Space,
  Comment,
  Address,
  DateLiteral,
  Quantity,
  ...contextualWords,
  ...[Module, Namespace, Import, Private, Workload, Network, Port, Policy, Test],
  ...[From, To, At, For, In, Is, By, And, Or, Not, Except, Default],
  Identifier,
  Quoted,
  Unterminated,
  NumberLiteral,
  ...[LCurly, RCurly, LSquare, RSquare, LParen, RParen],
  ...[Comma, Semicolon, Colon, Equals, Arrow, Minus, Dot, Annotation],
];
/** Every token type, the categories first. */
export const vocabulary: TokenType[] = [Word, Name, Text, Literal, OperandWord, ...concrete];
/** Words of the language. */
export const words: readonly TokenType[] = concrete
  .filter((type) => type.CATEGORIES?.includes(Word) || contextualWords.includes(type))
  .filter((type) => type !== Identifier);
/** Words that can never be names. */
export const reservedWords: readonly string[] = concrete
  .filter((type) => type.CATEGORIES?.includes(Word) && typeof type.PATTERN === 'string')
  .map(({ PATTERN }) => String(PATTERN));
