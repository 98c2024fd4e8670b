// Policy text as importers write it: lines, indented by their blocks, each with the place that it came from.
import type { SourceText, Span } from '../base/source.ts';
import { entityNames } from '../ir/typed.ts';

type Origin = { readonly start: number; readonly span: Span };
/** A part of a line that came from a place of its own; it ends where the next one begins. */
export type Part = { readonly start: number; readonly span: Span };

/** Words that cannot be declared: those of the grammar, entities and protocols (2-resolve/vocabulary.ts; a test holds them equal). */
export const reservedWords: ReadonlySet<string> = new Set([
  ...['module', 'namespace', 'import', 'private', 'workload', 'network', 'port', 'policy', 'test'],
  ...['from', 'to', 'at', 'for', 'in', 'is', 'by', 'and', 'or', 'not', 'except', 'default'],
  ...entityNames,
  ...['tcp', 'udp', 'sctp', 'icmp', 'icmpv6', 'any', 'protocol', 'igmp', 'ipip', 'dccp', 'ipv6', 'gre', 'esp', 'ah', 'eigrp', 'ospf'],
  ...['pim', 'vrrp', 'l2tp', 'udplite'],
]);

/** Most names of documents. */
const plainName = /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/;

/** Collects the policy text of one file; the place of a line is that of the nearest line above it that has one. */
export class PolicyWriter {
  readonly #origins: Origin[] = [];
  readonly #names: Set<string>;
  #heading: readonly string[] = [];
  readonly #subjects: string[] = [];
  #text = '';
  #depth = 0;

  /** `names`: those that other files of the compilation have. */
  constructor(names = new Set<string>()) {
    this.#names = names;
  }

  /** A comment above what is written next, if anything is. */
  heading(text: string): void {
    this.#heading = text === '' ? [] : text.split('\n');
  }

  /** A line; `origin` is what findings about it and verdicts of it show. */
  line(text: string, origin?: Span, parts: readonly Part[] = []): void {
    this.#writeHeading();
    if (origin) this.#origins.push({ start: this.#text.length, span: origin });
    if (text !== '') this.#text += '  '.repeat(this.#depth);
    for (const { start, span } of parts) this.#origins.push({ start: this.#text.length + start, span });
    this.#text += `${text}\n`;
  }

  /** `head {`, what `body` writes, `}`. */
  block(head: string, origin: Span, body: () => void): void {
    if (head.startsWith('policy ')) this.#subjects.push(/^policy \S+ for (.*)/.exec(head)?.[1] ?? '');
    this.line(`${head} {`, origin);
    this.#depth++;
    body();
    this.#depth--;
    this.line('}', origin);
  }

  comment(text: string): void {
    for (const line of text.split('\n')) this.line(`// ${line}`.trimEnd());
  }

  #writeHeading(): void {
    const heading = this.#heading;
    this.#heading = [];
    if (heading.length > 0 && !this.isEmpty) this.#text += '\n';
    for (const line of heading) this.#text += `// ${line}`.trimEnd().concat('\n');
  }

  /** A name of the language that nothing has yet, as near to the wish as can be. */
  name(wish: string): string {
    const plain = plainName.test(wish) ? wish : wish.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
    const start = /^[A-Za-z]/.test(plain) && !reservedWords.has(plain) ? plain : plain === '' ? 'p' : `p-${plain}`;
    let name = start;
    for (let n = 2; this.#names.has(name); n++) name = `${start}-${n}`;
    this.#names.add(name);
    return name;
  }

  /** Whom the policies govern, with what stands behind it. */
  get subjects(): readonly string[] {
    return this.#subjects;
  }
  /** How much was written. */
  get length(): number {
    return this.#text.length;
  }
  get isEmpty(): boolean {
    return this.#text === '';
  }

  /** The file; `path` is the document's. */
  source(path: string): SourceText {
    const origins = this.#origins;
    const originOf = (start: number): Span | undefined => {
      let [low, high] = [0, origins.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((origins[middle]?.start ?? 0) <= start) low = middle + 1;
        else high = middle;
      }
      return origins[low - 1]?.span;
    };
    return { path, text: this.#text, originOf };
  }
}
