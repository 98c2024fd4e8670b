// A protocol and what stands behind it -> points of the transport line and named ports.
import { closest } from '../base/closest.ts';
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Expr, Name } from '../ir/ast.ts';
import type { ProtocolWord, Value } from '../ir/resolved.ts';
import { type NamedPort, namedRange, type Transport } from '../ir/typed.ts';
import { icmpTypes, isNeverEvent } from '../space/icmp.ts';
import { type Interval, intervals } from '../space/interval.ts';
import { protocolNumber, type TransportProtocol, type TransportSet, transportRange, wholeProtocol } from '../space/transport.ts';
import { describeExpr } from './describe.ts';
import { itemsOf } from './lists.ts';
import type { Context } from './sets.ts';

type TransportValue = Value & { readonly kind: 'transport' };
type Range = Interval<number>;
/** What numbers behind a protocol are, for messages. */
type Numbers = { readonly what: string; readonly low: number; readonly high: number };

const ports: Numbers = { what: 'port', low: 1, high: 65535 };
const types: Numbers = { what: 'ICMP type', low: 0, high: 255 };
const codes: Numbers = { what: 'ICMP code', low: 0, high: 255 };
const protocolNumbers: Numbers = { what: 'protocol number', low: 0, high: 255 };

const isPortProtocol = (name: string): name is 'tcp' | 'udp' | 'sctp' => name === 'tcp' || name === 'udp' || name === 'sctp';
const isIcmp = (name: string): name is 'icmp' | 'icmpv6' => name === 'icmp' || name === 'icmpv6';

/** The transport of one term; undefined after a report. */
export function transportOf({ protocol, term, names, span }: TransportValue, context: Context): Transport | undefined {
  const { report } = context;
  const values: Values = { names, context };
  if (term?.code && protocol.kind !== 'icmp') {
    const holes = { expected: 'no `code`', found: `\`code ${term.code.text}\``, hint: 'codes are of `icmp` and `icmpv6` types' };
    report('check/wrong-kind', term.code.span, holes);
    return undefined;
  }
  switch (protocol.kind) {
    case 'ports':
    case 'any': {
      const slots: readonly TransportProtocol[] =
        protocol.kind === 'any' ? ['tcp', 'udp', 'sctp'] : isPortProtocol(protocol.name) ? [protocol.name] : [];
      return term?.value ? portsOf(slots, term.value, values) : wholeOf(slots);
    }
    case 'icmp':
      return isIcmp(protocol.name) ? icmpOf(protocol.name, term, values) : undefined;
    case 'number':
      return numberedOf(term?.value, span, values);
    case 'fixed':
      return fixedOf(protocol, term?.value, report);
  }
}

/** What the words of a term's value may name. */
type Values = { readonly names: TransportValue['names']; readonly context: Context };

const pointsOnly = (points: TransportSet): Transport => ({ points, named: [] });
const wholeOf = (slots: readonly TransportProtocol[]): Transport => pointsOnly(intervals(slots.flatMap(wholeProtocol)));

/** Reads each item of a value or list; undefined when one was wrong. */
function eachOf<T>(
  value: Expr,
  { names, context }: Values,
  readOne: (item: Expr, report: Report) => T | undefined,
): readonly T[] | undefined {
  const items = itemsOf(value, names, context);
  if (!items) return undefined;
  if (items.length === 0) context.report('check/empty-list', value.span, {});
  const found = items.map(({ item, report }) => readOne(item, report)).filter((one) => one !== undefined);
  return found.length === items.length && found.length > 0 ? found : undefined;
}

function portsOf(slots: readonly TransportProtocol[], value: Expr, values: Values): Transport | undefined {
  const [slot, another] = slots;
  if (slot && !another && value.kind === 'number') {
    const port = numberOf(value, ports, values.context.report);
    return port && pointsOnly(transportRange(slot, port.low, port.high));
  }
  const found = eachOf(value, values, (item, report) =>
    item.kind === 'string' ? portName(item.text, item.span, report) : numberOf(item, ports, report),
  );
  if (!found) return undefined;
  const ranges = found.filter((one) => typeof one !== 'string');
  const points = intervals(slots.flatMap((slot) => ranges.flatMap(({ low, high }) => transportRange(slot, low, high))));
  if (ranges.length === found.length) return pointsOnly(points);
  const names = [...new Set(found.filter((one) => typeof one === 'string'))];
  const named: readonly NamedPort[] = slots.flatMap((protocol) => names.map((name) => ({ protocol, name })));
  return { points, named };
}

function portName(text: string, span: Span, report: Report): string | undefined {
  const { name, last } = namedRange(text);
  const isRange = last === undefined || (Number.isInteger(last) && last >= 1 && last <= 65_535 && text === `${name}..${last}`);
  if (isRange && /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(name) && /[A-Za-z]/.test(name)) return text;
  const hint = /^\d+$/.test(text)
    ? `a port by its number has no quotation marks: ${text}`
    : 'a name has letters, digits and `-`, and at least one letter';
  report('check/bad-text', span, { what: 'port name', text, reason: 'not a name', hint });
  return undefined;
}

/** The port that a service goes to: a number, or a name; undefined after a report. */
export function portNumber(expr: Expr & { readonly kind: 'number' | 'string' }, report: Report): number | string | undefined {
  return expr.kind === 'string' ? portName(expr.text, expr.span, report) : numberOf(expr, ports, report)?.low;
}

/** A number or a range within bounds; undefined after a report. */
function numberOf(expr: Expr, numbers: Numbers, report: Report): Range | undefined {
  if (expr.kind === 'number') {
    const value = bounded(expr.text, expr.span, [numbers, report]);
    return value === undefined ? undefined : { low: value, high: value };
  }
  if (expr.kind === 'range') {
    const low = bounded(expr.low, expr.span, [numbers, report]);
    const high = bounded(expr.high, expr.span, [numbers, report]);
    if (low === undefined || high === undefined) return undefined;
    if (low <= high) return { low, high };
    report('check/reversed-range', expr.span, { low, high });
  } else if (expr.kind !== 'missing') {
    report('check/wrong-kind', expr.span, { expected: `a ${numbers.what}`, found: describeExpr(expr), hint: undefined });
  }
  return undefined;
}

function bounded(text: string, span: Span, [{ what, low, high }, report]: readonly [Numbers, Report]): number | undefined {
  const value = Number(text);
  if (value >= low && value <= high) return value;
  report('check/number-range', span, { what, value: text.slice(0, 20), low, high });
  return undefined;
}

function icmpOf(protocol: 'icmp' | 'icmpv6', term: TransportValue['term'], values: Values): Transport | undefined {
  if (!term?.value) return wholeOf([protocol]);
  const found = eachOf(term.value, values, (item, report) => icmpType(protocol, item, report));
  const code = term.code ? numberOf(asNumber(term.code), codes, values.context.report) : { low: 0, high: 255 };
  if (!found || !code) return undefined;
  const points = found.flatMap(({ low, high }) => {
    const each = Array.from({ length: high - low + 1 }, (_, i) => low + i);
    return each.flatMap((type) => transportRange(protocol, type * 256 + code.low, type * 256 + code.high));
  });
  return pointsOnly(intervals(points));
}

const asNumber = ({ text, span }: Name): Expr => ({ kind: 'number', text, span });

function icmpType(protocol: 'icmp' | 'icmpv6', item: Expr, report: Report): Range | undefined {
  const range = item.kind === 'name' ? typeByName(protocol, item, report) : numberOf(item, types, report);
  if (range && isNeverEvent(protocol, range.low) && isNeverEvent(protocol, range.high)) report('check/never-an-event', item.span, {});
  return range;
}

function typeByName(protocol: 'icmp' | 'icmpv6', { text, span }: Expr & { readonly kind: 'name' }, report: Report): Range | undefined {
  const type = icmpTypes[protocol].get(text);
  if (type !== undefined) return { low: type, high: type };
  report('check/unknown-operand', span, { kind: `${protocol} type`, text, suggestion: closest(text, icmpTypes[protocol].keys()) });
  return undefined;
}

/** Protocols that have a slot of their own, by number. */
const slotOf: ReadonlyMap<number, TransportProtocol> = new Map(
  Object.entries(protocolNumber).flatMap(([name, number]) => (isPortProtocol(name) || isIcmp(name) ? [[number, name] as const] : [])),
);

const protocolPoints = (number: number): TransportSet => {
  const slot = slotOf.get(number);
  return slot ? wholeProtocol(slot) : transportRange('other', number, number);
};

function numberedOf(value: Expr | undefined, span: Span, values: Values): Transport | undefined {
  if (!value) {
    values.context.report('check/wrong-kind', span, {
      expected: 'a protocol number behind `protocol`',
      found: 'nothing',
      hint: 'write `protocol 47`',
    });
    return undefined;
  }
  const found = eachOf(value, values, (item, report) => numberOf(item, protocolNumbers, report));
  const numbers = found?.flatMap(({ low, high }) => Array.from({ length: high - low + 1 }, (_, i) => low + i));
  return numbers && pointsOnly(intervals(numbers.flatMap(protocolPoints)));
}

function fixedOf({ name, number }: ProtocolWord, value: Expr | undefined, report: Report): Transport | undefined {
  if (!value) return pointsOnly(protocolPoints(number));
  report('check/no-ports', value.span, { protocol: `\`${name}\``, hint: 'ports are of `tcp`, `udp` and `sctp`' });
  return undefined;
}
