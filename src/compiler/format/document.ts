// A document is text with places where a line may end; printing it decides which do. A group stands on one line if it
// and what follows on its line fit, else all its own places are line ends.

export type Document =
  | string
  | readonly Document[]
  /** A place where a line may end: `flat` stands there if it does not. `hard`: it always does. */
  | { readonly kind: 'line'; readonly flat: string; readonly hard: boolean }
  | { readonly kind: 'indent'; readonly content: Document }
  /** `early`: what stands before it on its line breaks only if it does not help to break this one. */
  | { readonly kind: 'group'; readonly content: Document; readonly broken: boolean; readonly early: boolean }
  /** A comment that goes to the end of its line. */
  | { readonly kind: 'comment'; readonly text: string }
  /** One empty line at the next line end, if the group is broken. */
  | { readonly kind: 'blank' }
  /** One text if the group is broken, another if it is not. */
  | { readonly kind: 'either'; readonly broken: string; readonly flat: string };

type Special = Exclude<Document, string | readonly Document[]>;
const isSpecial = (document: Document): document is Special => typeof document === 'object' && 'kind' in document;

export const line: Document = { kind: 'line', flat: ' ', hard: false };
export const softLine: Document = { kind: 'line', flat: '', hard: false };
export const hardLine: Document = { kind: 'line', flat: '', hard: true };
export const blank: Document = { kind: 'blank' };
export const indent = (content: Document): Document => ({ kind: 'indent', content });
export const comment = (text: string): Document => ({ kind: 'comment', text });
export const either = (broken: string, flat: string): Document => ({ kind: 'either', broken, flat });
/** A group is broken from the start if a line has to end inside it. */
export const group = (content: Document): Document => ({ kind: 'group', content, broken: mustBreak(content), early: false });
export const earlyGroup = (content: Document): Document => ({ kind: 'group', content, broken: mustBreak(content), early: true });

function mustBreak(document: Document): boolean {
  if (typeof document === 'string') return false;
  if (!isSpecial(document)) return document.some(mustBreak);
  if (document.kind === 'group') return document.broken;
  if (document.kind === 'indent') return mustBreak(document.content);
  return document.kind === 'comment' || (document.kind === 'line' && document.hard);
}

type Step = { readonly document: Document; readonly indent: number; readonly broken: boolean };

const stepWidth = 2;

/** Columns that a line should not go past. */
export const width = 120;

/** Does `step` fit in `room`, on one line with what follows it there? `rest` is a stack. */
function fits(step: Step, rest: readonly Step[], room: number): boolean {
  const steps = [step];
  let left = room;
  let next = rest.length;
  while (left >= 0) {
    const { document, indent: column, broken } = steps.pop() ?? rest[--next] ?? endStep;
    if (typeof document === 'string') left -= document.length;
    else if (!isSpecial(document)) for (const part of document.toReversed()) steps.push({ document: part, indent: column, broken });
    else if (document.kind === 'line' && (document.hard || broken)) return true;
    else if (document.kind === 'line') left -= document.flat.length;
    else if (document.kind === 'comment') return true;
    else if (document.kind === 'either') left -= (broken ? document.broken : document.flat).length;
    else if (document.kind === 'group')
      steps.push({ document: document.content, indent: column, broken: document.broken || (broken && document.early) });
    else if (document.kind === 'indent') steps.push({ document: document.content, indent: column, broken });
  }
  return false;
}

const endStep: Step = { document: hardLine, indent: 0, broken: true };

/** The lines so far, and the one that is being written. */
class Lines {
  private readonly done: string[] = [];
  private current = '';
  private behind: string | undefined;
  private blankNext = false;
  private column = 0;

  get used(): number {
    return this.current === '' ? this.column : this.current.length;
  }

  write(text: string, column: number): void {
    if (text === '') return;
    if (this.behind !== undefined && text !== ',') {
      if (text === ' ') return;
      this.end(column + stepWidth);
    }
    if (this.current === '' && text === ' ') return;
    this.current = this.current === '' ? ' '.repeat(this.column) + text : this.current + text;
    const cut = this.current.lastIndexOf('\n');
    if (cut < 0) return;
    this.done.push(this.current.slice(0, cut));
    this.current = this.current.slice(cut + 1);
  }

  comment(text: string): void {
    this.behind = text;
  }

  blank(): void {
    this.blankNext = true;
  }

  end(column: number): void {
    const text = this.behind === undefined ? this.current : `${this.current} ${this.behind}`;
    if (text !== '') this.done.push(text.trimEnd());
    if (this.blankNext) this.done.push('');
    this.current = '';
    this.behind = undefined;
    this.blankNext = false;
    this.column = column;
  }

  text(): string {
    this.end(0);
    return this.done.join('\n');
  }
}

/** The text of a document, without a line end behind it. */
export function printed(document: Document): string {
  const lines = new Lines();
  const steps: Step[] = [{ document, indent: 0, broken: true }];
  for (let step = steps.pop(); step; step = steps.pop()) {
    const { document: one, indent: column, broken } = step;
    if (typeof one === 'string') lines.write(one, column);
    else if (!isSpecial(one)) for (const part of one.toReversed()) steps.push({ ...step, document: part });
    else if (one.kind === 'indent') steps.push({ document: one.content, indent: column + stepWidth, broken });
    else if (one.kind === 'comment') lines.comment(one.text);
    else if (one.kind === 'either') lines.write(broken ? one.broken : one.flat, column);
    else if (one.kind === 'group') {
      const flat: Step = { document: one.content, indent: column, broken: false };
      steps.push(broken && (one.broken || !fits(flat, steps, width - lines.used)) ? { ...flat, broken: true } : flat);
    } else if (one.kind === 'blank') {
      if (broken) lines.blank();
    } else if (broken || one.hard) lines.end(column);
    else lines.write(one.flat, column);
  }
  return lines.text();
}
