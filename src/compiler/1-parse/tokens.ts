// The vocabulary of punctuation and the few words that give a text its form. A reserved word can never be a name; all
// other words are names, and what they mean is looked up by 2-resolve.
import { createToken, Lexer, type TokenType } from 'chevrotain';

const category = (name: string): TokenType => createToken({ name, pattern: Lexer.NA });

/** Any token but a bracket. */
export const Loose = category('Loose');
export const Word: TokenType = createToken({ name: 'Word', pattern: Lexer.NA, categories: [Loose], label: 'a word' });
export const Name: TokenType = createToken({ name: 'Name', pattern: Lexer.NA, categories: [Word], label: 'a name' });
export const Text: TokenType = createToken({ name: 'Text', pattern: Lexer.NA, categories: [Loose], label: 'a text in quotation marks' });

export const Identifier = createToken({
  name: 'Identifier',
  pattern: /[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*/,
  categories: [Name],
  label: 'a name',
});

const word = (text: string, kind: TokenType): TokenType =>
  createToken({
    name: `${text.charAt(0).toUpperCase()}${text.slice(1)}Word`,
    pattern: text,
    longer_alt: Identifier,
    categories: [kind],
    label: `\`${text}\``,
  });
const reserved = (text: string): TokenType => word(text, Word);

export const Module = reserved('module');
export const Namespace = reserved('namespace');
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
export const Not = reserved('not');
export const Except = reserved('except');
export const Default = reserved('default');
/** Names too; after `icmp` and `icmpv6` a type may stand by its name. */
export const Icmpv6 = word('icmpv6', Name);
export const Icmp = word('icmp', Name);
export const Code = word('code', Name);

const sign = (name: string, text: string, categories: TokenType[] = [Loose]): TokenType =>
  createToken({ name, pattern: text, label: `\`${text}\``, categories });

export const LCurly = sign('LCurly', '{', []);
export const RCurly = sign('RCurly', '}', []);
export const LSquare = sign('LSquare', '[', []);
export const RSquare = sign('RSquare', ']', []);
export const LParen = sign('LParen', '(', []);
export const RParen = sign('RParen', ')', []);
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
  categories: [Loose],
  label: 'an address',
});
export const NumberLiteral = createToken({ name: 'NumberLiteral', pattern: /\d+/, categories: [Loose], label: 'a number' });
export const Quoted = createToken({ name: 'Quoted', pattern: /"(?:[^"\\\n\r]|\\[^\n\r])*"/, categories: [Text], start_chars_hint: ['"'] });
export const Unterminated = createToken({
  name: 'Unterminated',
  pattern: /"(?:[^"\\\n\r]|\\[^\n\r])*/,
  categories: [Text],
  start_chars_hint: ['"'],
});

const Space = createToken({ name: 'Space', pattern: /[ \t\r\n\uFEFF]+/, group: Lexer.SKIPPED, line_breaks: true });
const Comment = createToken({ name: 'Comment', pattern: /\/\/[^\n]*/, group: Lexer.SKIPPED });

/** Words that begin a top-level item; at the start of a line they end whatever was open before. */
export const itemWords: ReadonlySet<TokenType> = new Set([Module, Namespace, Import, Private, Workload, Network, Port, Policy, Test]);
/** The closing bracket of each opening one. */
export const closers: ReadonlyMap<TokenType, TokenType> = new Map([
  [LCurly, RCurly],
  [LSquare, RSquare],
  [LParen, RParen],
]);

const concrete: TokenType[] = [
  Space,
  Comment,
  Address,
  ...[Module, Namespace, Import, Private, Workload, Network, Port, Policy, Test],
  ...[From, To, At, For, In, Is, By, And, Or, Not, Except, Default, Icmpv6, Icmp, Code],
  Identifier,
  Quoted,
  Unterminated,
  NumberLiteral,
  ...[LCurly, RCurly, LSquare, RSquare, LParen, RParen],
  ...[Comma, Semicolon, Colon, Equals, Arrow, Minus, Dot, Annotation],
];
/** Every token type, the categories first. */
export const vocabulary: TokenType[] = [Loose, Word, Name, Text, ...concrete];
/** Words that can never be names. */
export const reservedWords: readonly string[] = concrete
  .filter((type) => type.CATEGORIES?.includes(Word) && typeof type.PATTERN === 'string')
  .map(({ PATTERN }) => String(PATTERN));

export const lexer = new Lexer(concrete, { lineTerminatorsPattern: /\n/g, lineTerminatorCharacters: ['\n'], ensureOptimizations: true });
