// A Diagnostic and the collector that phases report to. A phase gets `report`, reports, and goes on; whether the
// policy is wrong is asked once, of the collector, by whoever composed the phases.
import { invariant } from '../base/assert.ts';
import { type SourceText, type Span, writtenAt } from '../base/source.ts';
import { type Code, catalog, type Entry } from './catalog.ts';

/** A second place, and what it has to do with the first. */
export type Label = { readonly span: Span; readonly text: string };

/** One finding at one place. `message` and `help` are complete texts. */
export type Diagnostic = {
  readonly code: Code;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly span: Span;
  readonly labels: readonly Label[];
  readonly help?: string;
};

type Names<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type TextOf<C extends Code, Part extends keyof Entry> = (typeof catalog)[C] extends { readonly [P in Part]: infer T } ? T : never;
type Needed<C extends Code> = Names<TextOf<C, 'message'> | TextOf<C, 'second'>>;

/** What fills the holes of a code's texts. The help's own holes may be undefined: then there is no help line. */
export type Holes<C extends Code> = { readonly [Name in Needed<C>]: string | number } & {
  readonly [Name in Exclude<Names<TextOf<C, 'help'>>, Needed<C>>]: string | number | undefined;
};

/** The place, or the place and a second one, labelled by the catalogue's `second`. */
export type Place = Span | readonly [first: Span, second: Span];

/** Reports one finding; never throws for what a user wrote. */
export type Report = <C extends Code>(code: C, place: Place, holes: Holes<C>) => void;

export type Collector = {
  readonly report: Report;
  /** Findings that another collector kept. */
  readonly add: (found: readonly Diagnostic[]) => void;
  /** Has an error (not a warning) been reported? */
  readonly failed: () => boolean;
  /** All findings, by path and place; each text once. */
  readonly all: () => readonly Diagnostic[];
};

/** Findings kept of one compilation or one part of it; more are counted, and not kept. */
const mostFindings = 10_000;

/** Keeps findings, to say them again: of what is not looked at again as long as it is the same. */
export function recorder(): { readonly report: Report; readonly replay: (report: Report) => void } {
  const found: ((report: Report) => void)[] = [];
  let failed = false;
  return {
    report: (code, place, holes) => {
      const isFirstError: boolean = !failed && catalog[code].severity === 'error';
      if (found.length < mostFindings || isFirstError) found.push((report) => report(code, place, holes));
      failed ||= isFirstError;
    },
    replay: (report) => {
      for (const say of found) say(report);
    },
  };
}

/** Warnings that shall count as errors do; all else is as it was. */
export const escalate = (found: readonly Diagnostic[], codes: ReadonlySet<string>): readonly Diagnostic[] =>
  codes.size === 0 ? found : found.map((one) => (codes.has(one.code) ? { ...one, severity: 'error' } : one));

export const isError = ({ severity }: Diagnostic): boolean => severity === 'error';

/** The place of what concerns a whole file that was not, or could not be, read. */
export const wholeFile = (path: string): Span => ({ source: { path, text: '' }, start: 0, end: 0 });

type HoleValues = Readonly<Record<string, string | number | undefined>>;

/** Characters of a hole that are shown: a name in a policy can be as long as its file. */
const longestHole = 1000;

function shown(value: string | number | undefined): string {
  const text = String(value ?? '');
  return text.length > longestHole ? `${text.slice(0, longestHole)}...` : text;
}

const fill = (text: string, holes: HoleValues): string => text.replace(/\{([a-z]+)\}/g, (_, name: string) => shown(holes[name]));

function optional(text: string | undefined, holes: HoleValues): string | undefined {
  if (text === undefined) return undefined;
  const complete = [...text.matchAll(/\{([a-z]+)\}/g)].every(([, name = '']) => holes[name] !== undefined);
  return complete ? fill(text, holes) : firstSentence(text, holes);
}

/** A help of two parts (`a; b {hole}`) keeps the first when only the second cannot be filled. */
function firstSentence(text: string, holes: HoleValues): string | undefined {
  const cut = text.lastIndexOf('; did you mean');
  return cut < 0 ? undefined : optional(text.slice(0, cut), holes);
}

const isPair = (place: Place): place is readonly [Span, Span] => Array.isArray(place);

/** Makes the finding of `code` at `place`. */
export function diagnostic<C extends Code>(code: C, place: Place, holes: Holes<C>): Diagnostic {
  const entry: Entry = catalog[code];
  const values: HoleValues = holes;
  const [span, second] = isPair(place) ? place : [place, undefined];
  invariant(second === undefined || entry.second !== undefined, `${code} has no text for a second place`);
  const help = optional(entry.help, values);
  return {
    code,
    severity: entry.severity,
    message: fill(entry.message, values),
    span: writtenAt(span),
    labels: second && entry.second !== undefined ? [{ span: writtenAt(second), text: fill(entry.second, values) }] : [],
    ...(help === undefined ? {} : { help }),
  };
}

/** Collects findings; keeps the first `limit` and counts on. */
export function collector(limit = mostFindings): Collector {
  const found: Diagnostic[] = [];
  let errors = 0;
  const keep = (one: Diagnostic): void => {
    if (one.severity === 'error') errors++;
    if (found.length < limit) found.push(one);
  };
  return {
    report: (code, place, holes) => keep(diagnostic(code, place, holes)),
    add: (more) => more.forEach(keep),
    failed: () => errors > 0,
    all: () => inOrder(found),
  };
}

const byPath = (a: SourceText, b: SourceText): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

const byPlace = (a: Diagnostic, b: Diagnostic): number =>
  byPath(a.span.source, b.span.source) ||
  a.span.start - b.span.start ||
  a.span.end - b.span.end ||
  (a.code < b.code ? -1 : a.code > b.code ? 1 : 0);

/** By path and place; each text once. */
export function inOrder(found: readonly Diagnostic[]): readonly Diagnostic[] {
  const sorted = [...found].sort(byPlace);
  return sorted.filter((one, i) => {
    const before = sorted[i - 1];
    return before === undefined || byPlace(before, one) !== 0 || before.message !== one.message;
  });
}
