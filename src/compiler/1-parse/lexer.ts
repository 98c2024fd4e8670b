// Text -> tokens, by hand: a text is read once, sign by sign, and only what begins with a digit or looks like an address
// asks the patterns of tokens.ts. A test holds it to Chevrotain's lexer over the same patterns.
import type { IToken, TokenType } from 'chevrotain';
import * as t from './tokens.ts';

/** Signs that begin no token; neighbours are one. */
export type WrongSigns = { readonly offset: number; length: number };

/** Short texts that come again and again are kept once: the Ast holds on to them. */
type Known = { readonly image: string; readonly type: TokenType };

const newline = 10;
const carriageReturn = 13;
const quote = 34;
const minus = 45;
const dot = 46;
const slash = 47;
const colon = 58;
const greater = 62;
const backslash = 92;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isLetter = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
const isHexadecimal = (code: number): boolean => isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
const isSpace = (code: number): boolean => code === 32 || code === newline || code === 9 || code === carriageReturn || code === 0xfeff;

const signs: ReadonlyMap<number, Known> = new Map(
  [
    ...[t.LCurly, t.RCurly, t.LSquare, t.RSquare, t.LParen, t.RParen],
    ...[t.Comma, t.Semicolon, t.Colon, t.Equals, t.Minus, t.Dot, t.Annotation],
  ].map((type) => [String(type.PATTERN).charCodeAt(0), { image: String(type.PATTERN), type }]),
);
const arrow: Known = { image: '->', type: t.Arrow };

const sticky = ({ PATTERN }: TokenType): RegExp => new RegExp(PATTERN instanceof RegExp ? PATTERN.source : '', 'y');
const address = sticky(t.Address);
const numeric: readonly (readonly [RegExp, TokenType])[] = [t.Address, t.DateLiteral, t.Quantity, t.NumberLiteral].map(
  (type) => [sticky(type), type] as const,
);

export const tokenOf = (type: TokenType, image: string, startOffset: number, startLine: number): IToken => ({
  image,
  startOffset,
  endOffset: startOffset + image.length - 1,
  startLine,
  tokenType: type,
  tokenTypeIdx: type.tokenTypeIdx ?? 0,
});

/** Longer texts in quotation marks seldom come again. */
const longestKnown = 32;

/** Reads one text, as far as somebody asks. */
export class Reader {
  readonly tokens: IToken[] = [];
  readonly errors: WrongSigns[] = [];
  /** Texts without a closing quotation mark. */
  readonly unterminated: IToken[] = [];
  private readonly known = new Map<string, Known>(t.words.map((type) => [String(type.PATTERN), { image: String(type.PATTERN), type }]));
  /** By a hash of their signs. */
  private readonly recent: (Known | undefined)[] = Array.from({ length: 2048 });
  private readonly text: string;
  private at = 0;
  private line = 1;

  constructor(text: string) {
    this.text = text;
  }

  /** Reads on until there are so many tokens, or the text ends. */
  readTo(count: number): this {
    const { text, tokens } = this;
    while (this.at < text.length && tokens.length < count) {
      const code = text.charCodeAt(this.at);
      if (isSpace(code)) {
        if (code === newline) this.line++;
        this.at++;
      } else if (isLetter(code)) this.word();
      else if (code === quote) this.quoted();
      else if (isDigit(code)) this.number();
      else if (code === slash && text.charCodeAt(this.at + 1) === slash) this.comment();
      else this.sign(code);
    }
    return this;
  }

  private push(type: TokenType, image: string): void {
    this.tokens.push(tokenOf(type, image, this.at, this.line));
    this.at += image.length;
  }

  private comment(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end;
  }

  /** An identifier or a word of the language, if it is no address. */
  private word(): void {
    const { text, at } = this;
    let end = at;
    while (isHexadecimal(text.charCodeAt(end))) end++;
    if (text.charCodeAt(end) === colon && this.matched(address, t.Address)) return;
    for (;;) {
      const code = text.charCodeAt(end);
      if (isLetter(code) || isDigit(code)) end++;
      else if (code === minus && isWordSign(text.charCodeAt(end + 1))) end += 2;
      else break;
    }
    this.pushKnown(end, t.Identifier);
  }

  /** What stands up to `end`: most of it stood there before, and is found without being cut out. */
  private pushKnown(end: number, type: TokenType): void {
    const { text, at, recent } = this;
    let hash = 0;
    for (let sign = at; sign < end; sign++) hash = (31 * hash + text.charCodeAt(sign)) | 0;
    const place = (hash >>> 0) % recent.length;
    let known = recent[place];
    if (known?.image.length !== end - at || !text.startsWith(known.image, at)) {
      const image = text.slice(at, end);
      known = this.known.get(image) ?? { image, type };
      this.known.set(image, known);
      recent[place] = known;
    }
    this.push(known.type, known.image);
  }

  private number(): void {
    const { text, at } = this;
    let end = at + 1;
    while (isDigit(text.charCodeAt(end))) end++;
    const next = text.charCodeAt(end);
    const isPlain = next !== dot && next !== slash && next !== colon && next !== minus && !isLetter(next);
    if (isPlain) this.pushKnown(end, t.NumberLiteral);
    else numeric.some(([pattern, type]) => this.matched(pattern, type));
  }

  private matched(pattern: RegExp, type: TokenType): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return false;
    this.push(type, this.text.slice(this.at, pattern.lastIndex));
    return true;
  }

  private quoted(): void {
    const { text, at } = this;
    let end = at + 1;
    let code = text.charCodeAt(end);
    while (code !== quote && isInside(code) && (code !== backslash || isInside(text.charCodeAt(end + 1)))) {
      end += code === backslash ? 2 : 1;
      code = text.charCodeAt(end);
    }
    if (code === quote) {
      if (end - at < longestKnown) this.pushKnown(end + 1, t.Quoted);
      else this.push(t.Quoted, text.slice(at, end + 1));
    } else {
      this.unterminated.push(tokenOf(t.Unterminated, text.slice(at, end), at, this.line));
      this.push(t.Unterminated, text.slice(at, end));
    }
  }

  private sign(code: number): void {
    const { text, at } = this;
    const next = text.charCodeAt(at + 1);
    if (code === colon && (next === colon || isHexadecimal(next)) && this.matched(address, t.Address)) return;
    const sign = code === minus && next === greater ? arrow : signs.get(code);
    if (sign) this.push(sign.type, sign.image);
    else this.wrong();
  }

  private wrong(): void {
    const last = this.errors.at(-1);
    if (last && last.offset + last.length === this.at) last.length++;
    else this.errors.push({ offset: this.at, length: 1 });
    this.at++;
  }
}

const isWordSign = (code: number): boolean => isLetter(code) || isDigit(code);
/** Can it stand inside a text? Not at the end of its line. */
const isInside = (code: number): boolean => code !== newline && code !== carriageReturn && !Number.isNaN(code);

/** The tokens of a text, and what is none. */
export const tokenize = (text: string): Pick<Reader, 'tokens' | 'errors' | 'unterminated'> =>
  new Reader(text).readTo(Number.POSITIVE_INFINITY);
