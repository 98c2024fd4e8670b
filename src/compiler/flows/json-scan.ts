// JSON text walked in place, for lines of which a few fields are wanted: values are skipped, and held to RFC 8259, without being made.
// Whatever is rare (escapes in a text that is wanted, bytes that are no ASCII) is left to JSON.parse: `Unusual` is thrown then.

import { copied } from './copied.ts';

/** Not for this reader; says nothing of whether the text is JSON. */
export class Unusual extends Error {}
const unusual = new Unusual('left to JSON.parse');

const quote = 0x22;
const backslash = 0x5c;
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isHexadecimal = (code: number): boolean => isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
const mostDepth = 64;

/** A key as it stood in some line, `"time":`; `place` as of `KeyTable`. `next`: what followed it when it was last read. */
type Met = { readonly bytes: Uint8Array; readonly place: number; next: Met | undefined };
const mostMet = 1000;
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/**
 * The keys that are asked for, found by a hash of their characters. Whoever writes lines writes members in one order: the key that
 * followed the one before in another line is tried first.
 */
export class KeyTable {
  readonly names: readonly string[];
  readonly #bytes: readonly Uint8Array[];
  readonly #places = new Map<number, number>();
  #met = new Map<string, Met>();
  /** The key that was read last. */
  last: Met = { bytes: new Uint8Array(), place: -1, next: undefined };

  constructor(names: readonly string[]) {
    this.names = names;
    this.#bytes = names.map(bytesOf);
    names.forEach((name, place) => {
      let hash = 0;
      for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
      this.#places.set(hash, place);
    });
  }

  placeOf(hash: number): number {
    return this.#places.get(hash) ?? -1;
  }

  bytesOf(place: number): Uint8Array | undefined {
    return this.#bytes[place];
  }

  /** `text` may be a part of a larger one. */
  meet(text: string, place: number): void {
    const known = this.#met.get(text) ?? this.#learn(copied(text), place);
    this.last.next = known;
    this.last = known;
  }

  #learn(text: string, place: number): Met {
    if (this.#met.size >= mostMet) this.#met = new Map();
    const met: Met = { bytes: bytesOf(text), place, next: undefined };
    this.#met.set(text, met);
    return met;
  }
}

/**
 * A place in a text. Every method expects a value, or a sign, at `at`, and leaves `at` behind it. Signs are read from the bytes, which
 * is twice as quick; what is wanted is cut out of the text. @throws Unusual
 */
export class JsonScan {
  text = '';
  bytes: Uint8Array = new Uint8Array();
  at = 0;
  #depth = 0;

  /** `text`: each character is one of the bytes. */
  begin(text: string, bytes: Uint8Array): void {
    this.text = text;
    this.bytes = bytes;
  }

  goTo(at: number): void {
    this.at = at;
    this.#depth = 0;
  }

  fail(): never {
    throw unusual;
  }

  #code(at: number): number {
    return this.bytes[at] ?? -1;
  }

  /** The next character that is no blank; a line holds no line ends. */
  peek(): number {
    let code = this.#code(this.at);
    while (code === 0x20 || code === 0x09 || code === 0x0d) code = this.#code(++this.at);
    return code;
  }

  sign(code: number): void {
    if (this.peek() !== code) throw unusual;
    this.at++;
  }

  /** Enters `{`; false: it is empty, and left. */
  enter(): boolean {
    this.sign(0x7b);
    if (this.peek() !== 0x7d) return true;
    this.at++;
    return false;
  }

  /** After a member: is there another? */
  more(): boolean {
    const code = this.peek();
    this.at++;
    if (code === 0x2c) return true;
    if (code !== 0x7d) throw unusual;
    return false;
  }

  /** The key of a member by its place among `keys`, or -1 of another; its colon is behind it. */
  key(keys: KeyTable): number {
    if (this.peek() !== quote) throw unusual;
    const expected = keys.last.next;
    if (expected === undefined || !this.#stands(expected.bytes)) return this.#otherKey(keys);
    keys.last = expected;
    this.at += expected.bytes.length;
    return expected.place;
  }

  #otherKey(keys: KeyTable): number {
    const start = this.at++;
    const { bytes } = this;
    let at = this.at;
    let hash = 0;
    for (;;) {
      const code = bytes[at] ?? -1;
      if (code === quote) break;
      if (!(code >= 0x20 && code < 0x80) || code === backslash) throw unusual;
      hash = (Math.imul(hash, 31) + code) | 0;
      at++;
    }
    const place = keys.placeOf(hash);
    const name = keys.bytesOf(place);
    const known = name && name.length === at - this.at && this.#stands(name) ? place : -1;
    this.at = at + 1;
    this.sign(0x3a);
    keys.meet(this.text.slice(start, this.at), known);
    return known;
  }

  /** Does it stand here? Of short texts, comparing characters is quicker than cutting them out. */
  #stands(expected: Uint8Array): boolean {
    const { bytes, at } = this;
    for (let i = 0; i < expected.length; i++) if (expected[i] !== bytes[at + i]) return false;
    return true;
  }

  /** A text without escapes. */
  plain(): string {
    this.sign(quote);
    const start = this.at;
    const { bytes } = this;
    let at = start;
    for (;;) {
      const code = bytes[at] ?? -1;
      if (code === quote) break;
      if (!(code >= 0x20 && code < 0x80) || code === backslash) throw unusual;
      at++;
    }
    this.at = at + 1;
    return this.text.slice(start, at);
  }

  /** A number that is a whole one of at most nine digits. */
  whole(): number {
    this.peek();
    const start = this.at;
    let value = 0;
    let code = this.#code(this.at);
    while (isDigit(code)) {
      value = value * 10 + code - 0x30;
      code = this.#code(++this.at);
    }
    const digits = this.at - start;
    const isSimple = digits > 0 && digits < 10 && (digits === 1 || this.#code(start) !== 0x30);
    if (!isSimple || code === 0x2e || (code | 0x20) === 0x65) throw unusual;
    return value;
  }

  truth(): boolean {
    const isTrue = this.peek() === 0x74;
    this.#word(isTrue ? 'true' : 'false');
    return isTrue;
  }

  /** Any value. */
  skip(): void {
    switch (this.peek()) {
      case quote:
        this.#skipText();
        break;
      case 0x7b:
        this.#skipObject();
        break;
      case 0x5b:
        this.#skipList();
        break;
      case 0x74:
        this.#word('true');
        break;
      case 0x66:
        this.#word('false');
        break;
      case 0x6e:
        this.#word('null');
        break;
      default:
        this.#skipNumber();
    }
  }

  #word(word: string): void {
    if (this.text.slice(this.at, this.at + word.length) !== word) throw unusual;
    this.at += word.length;
  }

  #skipText(): void {
    const { bytes } = this;
    let at = this.at + 1;
    for (;;) {
      const code = bytes[at] ?? -1;
      if (code === quote) break;
      if (!(code >= 0x20 && code < 0x80)) throw unusual;
      at += code === backslash ? this.#escape(at + 1) : 1;
    }
    this.at = at + 1;
  }

  /** Length of the escape whose sign behind the backslash is at `at`. */
  #escape(at: number): number {
    const code = this.#code(at);
    if (code === 0x75) {
      for (let i = 1; i < 5; i++) if (!isHexadecimal(this.#code(at + i))) throw unusual;
      return 6;
    }
    if (!'"\\/bfnrt'.includes(String.fromCharCode(code))) throw unusual;
    return 2;
  }

  #skipObject(): void {
    if (++this.#depth > mostDepth) throw unusual;
    if (this.enter())
      do {
        if (this.peek() !== quote) throw unusual;
        this.#skipText();
        this.sign(0x3a);
        this.skip();
      } while (this.more());
    this.#depth--;
  }

  #skipList(): void {
    if (++this.#depth > mostDepth) throw unusual;
    this.at++;
    if (this.peek() === 0x5d) this.at++;
    else
      for (;;) {
        this.skip();
        const code = this.peek();
        this.at++;
        if (code === 0x5d) break;
        if (code !== 0x2c) throw unusual;
      }
    this.#depth--;
  }

  #digits(): void {
    if (!isDigit(this.#code(this.at))) throw unusual;
    while (isDigit(this.#code(this.at))) this.at++;
  }

  #skipNumber(): void {
    const { bytes } = this;
    if ((bytes[this.at] ?? -1) === 0x2d) this.at++;
    if ((bytes[this.at] ?? -1) === 0x30) this.at++;
    else this.#digits();
    if ((bytes[this.at] ?? -1) === 0x2e) {
      this.at++;
      this.#digits();
    }
    if (((bytes[this.at] ?? -1) | 0x20) === 0x65) {
      this.at++;
      const code = bytes[this.at] ?? -1;
      if (code === 0x2b || code === 0x2d) this.at++;
      this.#digits();
    }
  }
}
