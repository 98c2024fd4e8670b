// JSON text walked in place, for lines of which a few fields are wanted: values are skipped, and held to RFC 8259, without being made.
// Whatever is rare (escapes in a text that is wanted, bytes that are no ASCII) is left to JSON.parse: `Unusual` is thrown then.

/** Not for this reader; says nothing of whether the text is JSON. */
export class Unusual extends Error {}
const unusual = new Unusual('left to JSON.parse');

const quote = 0x22;
const backslash = 0x5c;
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isHexadecimal = (code: number): boolean => isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
const mostDepth = 64;

/** The keys that are asked for, found by a hash of their characters. */
export class KeyTable {
  readonly names: readonly string[];
  readonly #places = new Map<number, number>();

  constructor(names: readonly string[]) {
    this.names = names;
    names.forEach((name, place) => {
      let hash = 0;
      for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
      this.#places.set(hash, place);
    });
  }

  placeOf(hash: number): number {
    return this.#places.get(hash) ?? -1;
  }
}

/** A place in a text. Every method expects a value, or a sign, at `at`, and leaves `at` behind it. @throws Unusual */
export class JsonScan {
  text = '';
  at = 0;
  #depth = 0;

  begin(text: string, at: number): void {
    this.text = text;
    this.at = at;
    this.#depth = 0;
  }

  fail(): never {
    throw unusual;
  }

  /** The next character that is no blank; a line holds no line ends. */
  peek(): number {
    let code = this.text.charCodeAt(this.at);
    while (code === 0x20 || code === 0x09 || code === 0x0d) code = this.text.charCodeAt(++this.at);
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
    this.sign(quote);
    const { text } = this;
    let at = this.at;
    let hash = 0;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === quote) break;
      if (!(code >= 0x20 && code < 0x80) || code === backslash) throw unusual;
      hash = (Math.imul(hash, 31) + code) | 0;
      at++;
    }
    const place = keys.placeOf(hash);
    const isKnown = place >= 0 && this.#is(keys.names[place] ?? '', at);
    this.at = at + 1;
    this.sign(0x3a);
    return isKnown ? place : -1;
  }

  /** Does the text stand between here and `to`? Of short ones, comparing characters is quicker than cutting them out. */
  #is(name: string, to: number): boolean {
    const { text, at } = this;
    if (name.length !== to - at) return false;
    for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) !== text.charCodeAt(at + i)) return false;
    return true;
  }

  /** A text without escapes. */
  plain(): string {
    this.sign(quote);
    const start = this.at;
    const { text } = this;
    let at = start;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === quote) break;
      // Not a number behind the end: no comparison holds.
      if (!(code >= 0x20 && code < 0x80) || code === backslash) throw unusual;
      at++;
    }
    this.at = at + 1;
    return text.slice(start, at);
  }

  /** A number that is a whole one of at most nine digits. */
  whole(): number {
    this.peek();
    const start = this.at;
    let value = 0;
    let code = this.text.charCodeAt(this.at);
    while (isDigit(code)) {
      value = value * 10 + code - 0x30;
      code = this.text.charCodeAt(++this.at);
    }
    const digits = this.at - start;
    const isSimple = digits > 0 && digits < 10 && (digits === 1 || this.text.charCodeAt(start) !== 0x30);
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
    const { text } = this;
    let at = this.at + 1;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === quote) break;
      if (!(code >= 0x20 && code < 0x80)) throw unusual;
      at += code === backslash ? this.#escape(at + 1) : 1;
    }
    this.at = at + 1;
  }

  /** Length of the escape whose sign behind the backslash is at `at`. */
  #escape(at: number): number {
    const code = this.text.charCodeAt(at);
    if (code === 0x75) {
      for (let i = 1; i < 5; i++) if (!isHexadecimal(this.text.charCodeAt(at + i))) throw unusual;
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
    if (!isDigit(this.text.charCodeAt(this.at))) throw unusual;
    while (isDigit(this.text.charCodeAt(this.at))) this.at++;
  }

  #skipNumber(): void {
    const { text } = this;
    if (text.charCodeAt(this.at) === 0x2d) this.at++;
    if (text.charCodeAt(this.at) === 0x30) this.at++;
    else this.#digits();
    if (text.charCodeAt(this.at) === 0x2e) {
      this.at++;
      this.#digits();
    }
    if ((text.charCodeAt(this.at) | 0x20) === 0x65) {
      this.at++;
      const code = text.charCodeAt(this.at);
      if (code === 0x2b || code === 0x2d) this.at++;
      this.#digits();
    }
  }
}
