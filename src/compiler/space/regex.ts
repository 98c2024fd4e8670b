// Regular expressions as people write them (the common part of RE2 and POSIX extended) to patterns over UTF-8 bytes.
// `.` is one character but a line end. An expression is about the whole text unless it is a search. What no regular
// language can say (back references, look-around) is a mistake with its place, as is what would grow past a limit.
import { type CharacterSet, caseBlind, characterPattern, everyCharacter, otherCharacters } from './characters.ts';
import { type Interval, intervals } from './interval.ts';
import { anyText, either, literal, type Pattern, repeat, sequence } from './pattern.ts';
import { type Assertion, withoutAssertions } from './regex-borders.ts';
import { classEscapes, posixClasses, simpleEscapes } from './regex-vocabulary.ts';

export type RegexMistake = {
  readonly reason: string;
  readonly hint?: string /** In UTF-16 units of the expression. */;
  readonly at: number;
};
export type ReadRegex = { readonly ok: true; readonly pattern: Pattern } | { readonly ok: false; readonly mistake: RegexMistake };

/** Characters of an expression, groups inside groups, the highest bound of a repetition, and parts after they are written out. */
export const regexLimits = { length: 4096, depth: 64, repetition: 1000, parts: 20_000 } as const;

class Mistake extends Error {
  readonly mistake: RegexMistake;
  constructor(mistake: RegexMistake) {
    super(mistake.reason);
    this.mistake = mistake;
  }
}

const fail = (at: number, reason: string, hint?: string): never => {
  throw new Mistake({ at, reason, ...(hint === undefined ? {} : { hint }) });
};

/** `parts`: how much it is when written out. */
type Node = { readonly pattern: Pattern; readonly parts: number };
type Flags = { readonly ignoreCase: boolean; readonly dotAll: boolean; readonly multiLine: boolean };

const only = (character: number): CharacterSet => [{ low: character, high: character }];
const lineEnd = only(0x0a);

class RegexReader {
  readonly #text: string;
  readonly #isSearch: boolean;
  #at = 0;
  #depth = 0;
  #flags: Flags = { ignoreCase: false, dotAll: false, multiLine: false };
  readonly #assertions = new Map<Pattern, Assertion>();

  constructor(text: string, isSearch: boolean) {
    this.#text = text;
    this.#isSearch = isSearch;
  }

  readAll(): Pattern {
    const { pattern } = this.#readEither();
    if (this.#at < this.#text.length) fail(this.#at, '`)` closes nothing', 'write `\\)` for the character itself');
    if (this.#assertions.size === 0) return pattern;
    const read = withoutAssertions(pattern, this.#assertions);
    if (partsOf(read, regexLimits.parts) > regexLimits.parts)
      fail(0, `it grows to more than ${regexLimits.parts} parts`, 'write it without `\\b`');
    return read;
  }

  #looksAt(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#looksAt(text)) return false;
    this.#at += text.length;
    return true;
  }

  /** The characters up to what matches the sticky expression. */
  #match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text) ?? undefined;
    if (found) this.#at += found[0].length;
    return found;
  }

  #readEither(): Node {
    const before = this.#flags;
    const parts = [this.#readSequence()];
    while (this.#take('|')) parts.push(this.#readSequence());
    this.#flags = before;
    const [first] = parts;
    if (first && parts.length === 1) return first;
    return this.#bounded({
      pattern: either(...parts.map(({ pattern }) => pattern)),
      parts: parts.reduce((sum, part) => sum + part.parts, 1),
    });
  }

  #bounded(node: Node): Node {
    if (node.parts > regexLimits.parts)
      fail(this.#at, `it grows to more than ${regexLimits.parts} parts`, 'make the bounds of its repetitions smaller');
    return node;
  }

  #readSequence(): Node {
    const isOutermost = this.#depth === 0;
    const nodes: Node[] = [];
    const atStart = this.#anchor(['^', '\\A']);
    if (atStart && !isOutermost) nodes.push(this.#assert('start'));
    let atEnd = false;
    while (this.#at < this.#text.length && !this.#looksAt('|') && !this.#looksAt(')')) {
      const end = this.#at;
      if (atEnd) fail(end, 'nothing can stand behind the end `$`', 'write `\\$` for the character itself');
      atEnd = this.#anchor(['$', '\\z', '\\Z']);
      if (!atEnd) nodes.push(...(this.#take('\\Q') ? this.#readQuoted(end) : [this.#readRepeated()]));
      else if (!isOutermost) nodes.push(this.#assert('end'));
    }
    if (this.#isSearch && isOutermost) {
      if (!atStart) nodes.unshift({ pattern: anyText, parts: 1 });
      if (!atEnd) nodes.push({ pattern: anyText, parts: 1 });
    }
    return this.#bounded(joined(nodes));
  }

  /** An anchor at an end of an alternative; in the middle it could not be fulfilled. */
  #anchor(signs: readonly string[]): boolean {
    const at = this.#at;
    const found = signs.find((one) => this.#take(one));
    if (this.#flags.multiLine && (found === '^' || found === '$'))
      fail(at, `\`${found}\` of every line (\`(?m)\`)`, 'write `\\A` and `\\z` for the ends of the whole text');
    return found !== undefined;
  }

  /** What stands between `\Q` and `\E` stands for itself; what repeats is about its last character. */
  #readQuoted(at: number): readonly Node[] {
    const end = this.#text.indexOf('\\E', this.#at);
    if (end < 0) fail(at, '`\\Q` without `\\E`');
    const nodes: Node[] = [];
    while (this.#at < end) nodes.push(this.#characters(only(this.#readCharacter())));
    this.#take('\\E');
    const last = nodes.pop();
    return last ? [...nodes, this.#readTimes(last, at)] : [];
  }

  #assert(assertion: Assertion): Node {
    if (this.#isSearch) fail(this.#at, 'an end or a border inside of a search');
    const pattern = sequence();
    this.#assertions.set(pattern, assertion);
    return { pattern, parts: 1 };
  }

  #readRepeated(): Node {
    const at = this.#at;
    return this.#readTimes(this.#readAtom(), at);
  }

  #readTimes(node: Node, at: number): Node {
    const bounds = this.#readBounds();
    if (!bounds) return node;
    this.#take('?');
    const more = this.#at;
    if (/[*+?]/.test(this.#text.charAt(more)) || this.#readBounds())
      fail(more, 'a repetition of a repetition', 'put the inner one into a group: `(?:a+)*`');
    const [low, high] = bounds;
    const parts = node.parts * Math.max(1, low, high ?? 0) + 1;
    if (parts > regexLimits.parts)
      fail(at, `it grows to more than ${regexLimits.parts} parts`, 'make the bounds of its repetitions smaller');
    return { pattern: repeated(node.pattern, low, high), parts };
  }

  /** `*`, `+`, `?`, `{2}`, `{2,}`, `{2,5}`; a brace that is no repetition is a character. */
  #readBounds(): readonly [low: number, high: number | undefined] | undefined {
    if (this.#take('*')) return [0, undefined];
    if (this.#take('+')) return [1, undefined];
    if (this.#take('?')) return [0, 1];
    const at = this.#at;
    const found = this.#match(/\{(\d+)(,?)(\d*)\}/y);
    if (!found) return undefined;
    const low = Number(found[1]);
    const high = found[2] === '' ? low : found[3] === '' ? undefined : Number(found[3]);
    if (Math.max(low, high ?? 0) > regexLimits.repetition) fail(at, `a repetition of more than ${regexLimits.repetition} times`);
    if (high !== undefined && high < low) fail(at, 'the bounds of the repetition are the wrong way round');
    return [low, high];
  }

  #readAtom(): Node {
    const at = this.#at;
    const [sign = ''] = this.#text.slice(at, at + 2);
    switch (sign) {
      case '(':
        return this.#readGroup();
      case '[':
        return this.#characters(this.#readClass());
      case '.':
        this.#at++;
        return this.#characters(this.#flags.dotAll ? everyCharacter : otherCharacters(lineEnd));
      case '\\':
        if (this.#take('\\b')) return this.#assert('border');
        if (this.#take('\\B')) return this.#assert('no-border');
        return this.#characters(this.#readEscape());
      case '^':
        return fail(at, '`^` in the middle', 'write `\\^` for the character itself');
      case '*':
      case '+':
      case '?':
        return fail(at, `nothing stands before \`${sign}\` to repeat`, `write \`\\${sign}\` for the character itself`);
      default:
        return this.#characters(only(this.#readCharacter()));
    }
  }

  #readCharacter(): number {
    const character = this.#text.codePointAt(this.#at) ?? 0;
    if (character >= 0xd800 && character <= 0xdfff) fail(this.#at, 'half of a character');
    this.#at += character > 0xffff ? 2 : 1;
    return character;
  }

  #characters(set: CharacterSet): Node {
    const all = this.#flags.ignoreCase ? caseBlind(set) : set;
    const [first] = all;
    if (first && all.length === 1 && first.low === first.high) return { pattern: literal(String.fromCodePoint(first.low)), parts: 1 };
    const pattern = characterPattern(all);
    return { pattern, parts: pattern.kind === 'either' ? pattern.parts.length : 1 };
  }

  #readGroup(): Node {
    const at = this.#at++;
    if (this.#depth >= regexLimits.depth) fail(at, `more than ${regexLimits.depth} groups inside each other`);
    const before = this.#flags;
    const isFlagsOnly = this.#readGroupHead(at);
    if (isFlagsOnly) return { pattern: sequence(), parts: 0 };
    this.#depth++;
    const node = this.#readEither();
    this.#depth--;
    this.#flags = before;
    if (!this.#take(')')) fail(at, '`(` is not closed', 'write `\\(` for the character itself');
    return node;
  }

  /** What stands behind `(?`; true for `(?i)`, which is about all that follows in its group. */
  #readGroupHead(at: number): boolean {
    if (!this.#take('?')) return false;
    if (this.#match(/=|!|<=|<!/y)) fail(at, 'look-around', 'no regular language: state the rest as a rule of its own, or with `not`');
    if (this.#match(/:|P?<[A-Za-z_]\w*>/y)) return false;
    const found = this.#match(/([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])/y) ?? fail(at, 'an unknown kind of group');
    const [, on = '', off = '', end] = found;
    // `U` says which of several matches is found: whether there is one is all that is asked here.
    const unknown = [...on, ...off].find((flag) => !'imsU'.includes(flag));
    if (unknown !== undefined)
      fail(at, `the flag \`${unknown}\` has no meaning here`, 'flags are `i` (upper and lower case alike) and `s` (`.` is any character)');
    const { ignoreCase, dotAll, multiLine } = this.#flags;
    this.#flags = {
      ignoreCase: (ignoreCase || on.includes('i')) && !off.includes('i'),
      dotAll: (dotAll || on.includes('s')) && !off.includes('s'),
      multiLine: (multiLine || on.includes('m')) && !off.includes('m'),
    };
    return end === ')';
  }

  /** The characters that `\d`, `\.`, `\x2f`, `\057` stand for. */
  #readEscape(): CharacterSet {
    const at = this.#at++;
    const found = this.#match(/x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})/y);
    if (found) {
      const character = Number.parseInt(found[1] ?? found[2] ?? found[3] ?? '0', 16);
      if (character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff)) fail(at, `\`\\${found[0]}\` is no character`);
      return only(character);
    }
    const octal = this.#match(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y);
    if (octal) return only(Number.parseInt(octal[0], 8));
    if (this.#at >= this.#text.length) fail(at, '`\\` at the end', 'write `\\\\` for the character itself');
    const sign = String.fromCodePoint(this.#readCharacter());
    const known = classEscapes[sign] ?? (simpleEscapes[sign] === undefined ? undefined : only(simpleEscapes[sign]));
    if (known) return known;
    if (/[1-9]/.test(sign)) fail(at, `the back reference \`\\${sign}\``, 'no regular language can say it');
    if (/[A-Za-z0-9]/.test(sign)) fail(at, `\`\\${sign}\` has no meaning here`);
    return only(sign.codePointAt(0) ?? 0);
  }

  #readClass(): CharacterSet {
    const at = this.#at++;
    const isNegated = this.#take('^');
    const ranges: Interval<number>[] = [];
    // A `]` that comes first is a character.
    for (let isFirst = true; isFirst || !this.#take(']'); isFirst = false) {
      if (this.#at >= this.#text.length) fail(at, '`[` is not closed', 'write `\\[` for the character itself');
      ranges.push(...this.#readClassItem());
    }
    const folded = this.#flags.ignoreCase ? caseBlind(intervals(ranges)) : intervals(ranges);
    return isNegated ? otherCharacters(folded) : folded;
  }

  #readClassItem(): readonly Interval<number>[] {
    const at = this.#at;
    const named = this.#match(/\[:(\^?)([A-Za-z]*):\]/y);
    if (named) {
      const set =
        posixClasses.get(named[2] ?? '') ??
        fail(at, `\`${named[0]}\` is no class of characters`, `classes are ${[...posixClasses.keys()].join(', ')}`);
      return named[1] === '^' ? otherCharacters(set) : set;
    }
    const first = this.#readClassCharacter();
    if (!this.#looksAt('-') || this.#looksAt('-]') || this.#at + 1 >= this.#text.length) return first;
    this.#at++;
    const last = this.#readClassCharacter();
    const [low, high] = [first[0], last[0]];
    if (!low || !high || low.low !== low.high || high.low !== high.high || first.length + last.length > 2)
      return fail(at, 'a range between what are not single characters');
    if (low.low > high.low) fail(at, 'the range is the wrong way round');
    return [{ low: low.low, high: high.low }];
  }

  #readClassCharacter(): CharacterSet {
    return this.#looksAt('\\') ? this.#readEscape() : only(this.#readCharacter());
  }
}

/** How much a pattern is when written out; counted no further than the most. */
function partsOf(pattern: Pattern, most: number): number {
  const parts = 'parts' in pattern ? pattern.parts : 'part' in pattern ? [pattern.part] : [];
  return parts.reduce((sum, part) => (sum > most ? sum : sum + partsOf(part, most - sum)), 1);
}

/** Neighbouring texts are one text. */
function joined(nodes: readonly Node[]): Node {
  const patterns: Pattern[] = [];
  for (const { pattern } of nodes) {
    const last = patterns.at(-1);
    if (pattern.kind === 'literal' && last?.kind === 'literal') patterns[patterns.length - 1] = literal(last.text + pattern.text);
    else patterns.push(pattern);
  }
  const [first] = patterns;
  return {
    pattern: first && patterns.length === 1 ? first : sequence(...patterns),
    parts: nodes.reduce((sum, { parts }) => sum + parts, 1),
  };
}

function repeated(part: Pattern, low: number, high: number | undefined): Pattern {
  const copies = (count: number, of: Pattern): readonly Pattern[] => Array.from({ length: count }, () => of);
  if (high !== undefined) return sequence(...copies(low, part), ...copies(high - low, either(literal(''), part)));
  return low < 2 ? repeat(part, low === 0 ? 0 : 1) : sequence(...copies(low - 1, part), repeat(part, 1));
}

/** @param search the expression has to match some part of the text, not all of it (`^` and `$` bind it to its ends) */
export function readRegex(expression: string, { search = false }: { readonly search?: boolean } = {}): ReadRegex {
  if (expression.length > regexLimits.length) {
    return { ok: false, mistake: { reason: `more than ${regexLimits.length} characters`, at: regexLimits.length } };
  }
  try {
    return { ok: true, pattern: new RegexReader(expression, search).readAll() };
  } catch (error) {
    if (error instanceof Mistake) return { ok: false, mistake: error.mistake };
    throw error;
  }
}
