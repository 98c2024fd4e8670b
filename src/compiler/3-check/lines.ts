// Lines of a block, or of a process rule -> tests of fields. Declared names are put in first: a domain, path or binary as
// its set, a list as its items; then the domain reads the line, and its faults become diagnostics.
import type { Span } from '../base/source.ts';
import type { Place, Report } from '../diagnostics/diagnostic.ts';
import type { DomainSpec, Line, Operand } from '../domains/domain.ts';
import type { ResolvedLine } from '../ir/resolved.ts';
import type { DomainMatch } from '../ir/typed.ts';
import { valueRead } from './faults.ts';
import type { Context } from './sets.ts';
import { reportVia } from './via.ts';

/** A line with its names put in; `report` shows the use of a name for what is wrong with its value. */
export type Substituted = { readonly line: Line; readonly report: Report };

const placeKey = ({ source, start, end }: Span): string => `${source.path}\0${start}-${end}`;

/** What has been put into one line. */
type Putting = {
  readonly line: ResolvedLine;
  readonly context: Context;
  /** Item of a list, by its place -> where its list is used. */
  readonly uses: Map<string, Span>;
  /** A name without a value was met: what is wrong was said at its declaration. */
  isUnknown: boolean;
};

/** Undefined when a name has no value. */
export function substituted(line: ResolvedLine, context: Context): Substituted | undefined {
  if (line.names.size === 0) return { line, report: context.report };
  const putting: Putting = { line, context, uses: new Map(), isUnknown: false };
  const operands = line.operands.map((operand) => put(operand, putting));
  if (putting.isUnknown) return undefined;
  return { line: { operands, span: line.span }, report: reporterOf(putting) };
}

function put(operand: Operand, putting: Putting): Operand {
  if (operand.kind === 'word') return meantBy(operand, putting);
  if (operand.kind === 'matched') return { ...operand, operand: put(operand.operand, putting) };
  if (operand.kind !== 'list') return operand;
  const items = operand.items.flatMap((item) => {
    const value = put(item, putting);
    return item.kind === 'word' && value.kind === 'list' ? value.items : [value];
  });
  return { ...operand, items };
}

function meantBy(word: Operand & { readonly kind: 'word' }, putting: Putting): Operand {
  const declaration = putting.line.names.get(word.span.start);
  const set = declaration === undefined ? undefined : putting.context.sets[declaration];
  if (declaration !== undefined && (set === undefined || set.kind === 'unknown')) putting.isUnknown = true;
  if (!set) return word;
  switch (set.kind) {
    case 'domain':
    case 'path':
    case 'binary':
      return { kind: 'set', declared: set.kind, name: word.text, pattern: set.set, span: word.span };
    case 'list':
      for (const item of set.items) putting.uses.set(placeKey(item.span), word.span);
      return { kind: 'list', items: set.items, span: word.span };
    default:
      return word;
  }
}

const isSpan = (place: Place): place is Span => 'source' in place;

function reporterOf({ uses, context: { report } }: Putting): Report {
  return (code, place, holes) => {
    const use = isSpan(place) ? uses.get(placeKey(place)) : undefined;
    (use ? reportVia(report, use) : report)(code, place, holes);
  };
}

/** The match of several lines: any of them. Undefined after a report. */
export function matchOf(
  domain: DomainSpec,
  { lines, span }: { readonly lines: readonly ResolvedLine[]; readonly span: Span },
  context: Context,
): DomainMatch | undefined {
  if (lines.length === 0) context.report('check/empty-block', span, { name: domain.name });
  const read = lines.map((line) => {
    const written = substituted(line, context);
    return written && valueRead(domain.match(written.line), written.report);
  });
  const found = read.filter((one) => one !== undefined);
  return found.length > 0 && found.length === lines.length ? { domain: domain.name, lines: found } : undefined;
}
