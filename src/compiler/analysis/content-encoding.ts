// The content of an event as one text, so that one automaton can ask all fields at once: the fields that are tested, in
// a fixed order, each as its values. A test of fields becomes a pattern over that text: one for where it is true, one
// for where it is true or undecidable.
import { invariant } from '../base/assert.ts';
import type { DomainSpec, FieldSpec, FieldTest, FieldValues, LineMatch, SharedText, ValueSet } from '../domains/domain.ts';
import { language, shortestText } from '../space/automaton.ts';
import { decimalRange } from '../space/decimal.ts';
import type { IntervalSet } from '../space/interval.ts';
import { both, byteIn, either, literal, not, type Pattern, repeat, sequence } from '../space/pattern.ts';

// INVARIANT: no byte of a value. A value is UTF-8, which never has these.
const [betweenFields, beforeValue, isUndecidable] = [0xff, 0xfe, 0xfd] as const;
const valueByte = byteIn([0, 0xf7]);
const one = (byte: number): Pattern => byteIn([byte, byte]);
const nothing = literal('');
const anyField = repeat(byteIn([0, betweenFields - 1]), 0);
const anyValues = repeat(sequence(one(beforeValue), repeat(valueByte, 0)), 0);
const undecidableField = one(isUndecidable);

/** The content of one domain's events, as far as some lines ask for it. */
export type Encoding = {
  /** Texts of the events for which every test of the line is true. */
  readonly where: (line: LineMatch) => Pattern;
  /** Texts of the events for which no test of the line is false. */
  readonly whereMaybe: (line: LineMatch) => Pattern;
  /** Texts of every event that there can be, and of those that a reader expects. */
  readonly possible: Pattern;
  readonly familiar: Pattern;
  readonly encode: (fields: FieldValues) => Uint8Array;
  /** What no line asks for is as plain as it can be. */
  readonly decode: (text: Uint8Array) => FieldValues;
};

type Field = { readonly name: string; readonly spec: FieldSpec };
type TestPattern = (spec: FieldSpec, test: FieldTest) => Pattern;
/** What stands between two borders: one field, or all readings of a shared text. */
type Piece = Pick<Encoding, 'possible' | 'familiar'> & {
  readonly names: readonly string[];
  readonly where: (test: FieldTest, of: TestPattern) => Pattern;
  readonly encode: (values: FieldValues) => readonly number[];
  readonly decode: (bytes: Uint8Array) => FieldValues;
};

/** Can a line be neither true nor false, content that cannot be read aside? */
export const mayBeUndecidable = (spec: DomainSpec, line: LineMatch): boolean =>
  line.some((test) => test.every || fieldOf(spec, test.field).spec.mayBeUndecidable);

/**
 * `apart`: fields know nothing of each other, and have whatever value their type can have, as for the question whether a connection is
 * admitted; else each text of `possible` is of an event that there can be.
 */
export function encodingOf(domain: DomainSpec, lines: readonly LineMatch[], apart = false): Encoding {
  const tested = new Set(lines.flatMap((line) => line.map(({ field }) => field)));
  const isThere = (field: string): boolean => tested.has(field) || fieldOf(domain, field).spec.always;
  const never = apart ? [] : (domain.never ?? []).filter((line) => line.every(({ field }) => isThere(field)));
  const asked = new Set([...tested, ...never.flat().map(({ field }) => field)]);
  const pieces = apart ? apartPieces(domain, asked) : piecesOf(domain, asked);
  const joined = (parts: readonly Pattern[]): Pattern =>
    sequence(...parts.flatMap((part, i) => (i === 0 ? [part] : [one(betweenFields), part])));
  const pattern = (line: LineMatch, of: TestPattern): Pattern =>
    joined(
      pieces.map(({ names, where }) => {
        const tests = line.filter(({ field }) => names.includes(field)).map((test) => where(test, of));
        return tests.length > 1 ? both(...tests) : (tests[0] ?? anyField);
      }),
    );
  const possible = joined(pieces.map((piece) => piece.possible));
  const impossible = never.map((line) => pattern(line, whereTrue));
  return {
    where: (line) => pattern(line, whereTrue),
    whereMaybe: (line) => pattern(line, whereMaybe),
    possible: impossible.length === 0 ? possible : both(possible, not(either(...impossible))),
    familiar: joined(pieces.map(({ familiar }) => familiar)),
    encode: (values) => Uint8Array.from(pieces.flatMap(({ encode }, i) => [...(i === 0 ? [] : [betweenFields]), ...encode(values)])),
    decode: (text) => decode(domain, pieces, text),
  };
}

/** Do the values of some fields that the lines ask for hang on each other, or on the field's key? */
export const areBound = ({ shared, fields }: DomainSpec, lines: readonly LineMatch[]): boolean =>
  lines.some((line) => line.some(({ field }) => field === shared?.text || fields.some((spec) => onlyValues(spec, field) !== undefined)));

const onlyValues = ({ name, key }: FieldSpec, field: string): Pattern | undefined =>
  field.startsWith(`${name} `) ? key?.only?.(field.slice(name.length + 1)) : undefined;

/** The field of a fieldName. */
export function fieldOf({ name: domain, fields }: DomainSpec, name: string): Field {
  const spec = fields.find((field) => field.name === name || name.startsWith(`${field.name} `));
  invariant(spec, `the domain ${domain} has no field ${name}`);
  return { name, spec };
}

function apartPieces(domain: DomainSpec, asked: ReadonlySet<string>): readonly Piece[] {
  const place = ({ spec, name }: Field): string => `${String(domain.fields.indexOf(spec)).padStart(4, '0')} ${name}`;
  const fields = [...asked].map((name) => fieldOf(domain, name)).sort((a, b) => (place(a) < place(b) ? -1 : 1));
  return fields.map(fieldPiece);
}

function piecesOf(domain: DomainSpec, asked: ReadonlySet<string>): readonly Piece[] {
  const shared = domain.shared && asked.has(domain.shared.text) ? domain.shared : undefined;
  const own = apartPieces(domain, asked)
    .filter(({ names }) => !names.some((name) => shared?.readings.includes(name)))
    .map((piece): Piece => {
      const [name = ''] = piece.names;
      const only = onlyValues(fieldOf(domain, name).spec, name);
      return only ? { ...piece, possible: either(nothing, sequence(one(beforeValue), only)) } : piece;
    });
  // First: what stands before the longest would multiply it.
  return shared ? [sharedPiece(shared), ...own] : own;
}

const fieldPiece = ({ name, spec }: Field): Piece => ({
  names: [name],
  where: (test, of) => of(spec, test),
  possible: possibleField(spec),
  familiar: familiarField(spec),
  encode: (values) => {
    const found = (Object.hasOwn(values, name) ? values[name] : undefined) ?? [];
    return 'kind' in found ? [isUndecidable] : found.flatMap((value) => [beforeValue, ...encoder.encode(value)]);
  },
  decode: (bytes): FieldValues => {
    if (bytes.length === 0) return {};
    if (bytes[0] === isUndecidable) return { [name]: { kind: 'undecidable', reason: 'ambiguous' } };
    return { [name]: cut(bytes.subarray(1), beforeValue).map((value) => decoder.decode(value)) };
  },
});

/** Each of its readings has one value, or none. */
const sharedPiece = (shared: SharedText): Piece => ({
  names: shared.readings,
  where: ({ field, orAbsent, values }) => {
    const found = shared.where(field, valuePattern(values));
    return orAbsent ? either(found, both(shared.possible, not(shared.where(field, repeat(valueByte, 0))))) : found;
  },
  possible: shared.possible,
  familiar: shared.familiar,
  encode: (values) => [...shared.encode(readableFields(values, shared.readings))],
  decode: shared.decode,
});

export function readableFields(values: FieldValues, names: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const found = names.map((name) => [name, (Object.hasOwn(values, name) ? values[name] : undefined) ?? []] as const);
  return Object.fromEntries(found.flatMap(([name, own]) => ('kind' in own ? [] : [[name, own]])));
}

// --- patterns over the text of one field: its values, each behind a sign, or the sign of what is undecidable ------------

const orNothing = (pattern: Pattern, absent: boolean): Pattern => (absent ? either(pattern, nothing) : pattern);
const someOf = (pattern: Pattern): Pattern => sequence(anyValues, one(beforeValue), pattern, anyValues);

function whereTrue({ quantity }: FieldSpec, { every, orAbsent, values }: FieldTest): Pattern {
  const value = valuePattern(values);
  if (every) return orNothing(repeat(sequence(one(beforeValue), value), 1), orAbsent);
  return orNothing(quantity === 'one' ? sequence(one(beforeValue), value) : someOf(value), orAbsent);
}

/** Several values of which some match and some do not are undecidable where every one has to. */
function whereMaybe(spec: FieldSpec, test: FieldTest): Pattern {
  const some = test.every ? orNothing(someOf(valuePattern(test.values)), test.orAbsent) : whereTrue(spec, test);
  return spec.mayBeUndecidable ? either(some, undecidableField) : some;
}

function possibleField({ type, quantity, always, mayBeUndecidable: hidden }: FieldSpec): Pattern {
  const value = type.kind === 'text' ? valid(inValues(type.possible)) : decimalPattern([rangeOf(type)]);
  const single = sequence(one(beforeValue), value);
  const values = quantity === 'one' ? orNothing(single, !always) : repeat(single, always ? 1 : 0);
  return hidden ? either(values, undecidableField) : values;
}

function familiarField({ type, always }: FieldSpec): Pattern {
  const value = type.kind === 'text' ? inValues(type.familiar) : decimalPattern([rangeOf(type)]);
  return orNothing(sequence(one(beforeValue), value), !always);
}

const decimalPattern = (ranges: IntervalSet<number>): Pattern => either(...ranges.map(({ low, high }) => decimalRange(low, high)));
const rangeOf = ({ range }: FieldSpec['type']): { readonly low: number; readonly high: number } =>
  range ?? { low: 0, high: Number.MAX_SAFE_INTEGER };
const valuePattern = (values: ValueSet): Pattern => (values.kind === 'text' ? inValues(values.pattern) : decimalPattern(values.ranges));

/** The texts of a pattern that are values: without the signs. */
function inValues(pattern: Pattern): Pattern {
  switch (pattern.kind) {
    case 'literal':
      return pattern;
    case 'byte':
      return byteIn(...pattern.ranges.flatMap(([low, high]) => (low > 0xf7 ? [] : [[low, Math.min(high, 0xf7)] as const])));
    case 'sequence':
    case 'either':
      return { ...pattern, parts: pattern.parts.map(inValues) };
    case 'repeat':
      return repeat(inValues(pattern.part), pattern.minimum);
    case 'both':
      return pattern.parts.length === 0 ? repeat(valueByte, 0) : both(...pattern.parts.map(inValues));
    case 'not':
      return both(not(inValues(pattern.part)), repeat(valueByte, 0));
  }
}

const continued = byteIn([0x80, 0xbf]);
const validText = repeat(
  either(
    byteIn([0, 0x7f]),
    sequence(byteIn([0xc2, 0xdf]), continued),
    sequence(one(0xe0), byteIn([0xa0, 0xbf]), continued),
    sequence(byteIn([0xe1, 0xec], [0xee, 0xef]), continued, continued),
    sequence(one(0xed), byteIn([0x80, 0x9f]), continued),
    sequence(one(0xf0), byteIn([0x90, 0xbf]), continued, continued),
    sequence(byteIn([0xf1, 0xf3]), continued, continued, continued),
    sequence(one(0xf4), byteIn([0x80, 0x8f]), continued, continued),
  ),
  0,
);
const isAscii = (pattern: Pattern): boolean => {
  switch (pattern.kind) {
    case 'literal':
      return true;
    case 'byte':
      return pattern.ranges.every(([, high]) => high < 0x80);
    case 'sequence':
    case 'either':
      return pattern.parts.every(isAscii);
    case 'both':
      return pattern.parts.some(isAscii);
    case 'repeat':
      return isAscii(pattern.part);
    case 'not':
      return false;
  }
};
/** The texts that are UTF-8: an event has no others. */
const valid = (pattern: Pattern): Pattern => (isAscii(pattern) ? pattern : both(pattern, validText));

// --- texts ------------------------------------------------------------------------------------------------------------

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function decode(domain: DomainSpec, pieces: readonly Piece[], text: Uint8Array): FieldValues {
  const parts = cut(text, betweenFields);
  const values = Object.fromEntries(pieces.flatMap((piece, i) => Object.entries(piece.decode(parts[i] ?? new Uint8Array()))));
  return completed(domain, values, new Set(pieces.flatMap(({ names }) => names)));
}

/** With what follows from the fields that are asked for (an HTTP target from its path), and the plainest values where a reader expects one. */
function completed(domain: DomainSpec, given: FieldValues, asked: ReadonlySet<string>): FieldValues {
  let fields = derived(domain, given, asked);
  for (const spec of domain.fields)
    if (spec.always && domain.positional.includes(spec.name) && !Object.hasOwn(fields, spec.name))
      fields = derived(domain, { ...fields, [spec.name]: [plainest(spec)] }, asked);
  return fields;
}

const nowhere = { source: { path: '', text: '' }, start: 0, end: 0 };

function derived(domain: DomainSpec, fields: FieldValues, asked: ReadonlySet<string>): FieldValues {
  const made = domain.derive?.({ kind: 'fields', fields, open: [] }, { operands: [], span: nowhere });
  if (!made?.ok || made.value.kind !== 'fields') return fields;
  const known = made.value.fields;
  const isKept = (name: string): boolean => String(known[name] ?? '') === String(fields[name] ?? '');
  return [...asked, ...Object.keys(fields)].every(isKept) ? known : fields;
}

const plainestOf = new WeakMap<FieldSpec, string>();

function plainest(spec: FieldSpec): string {
  const { kind, familiar } = spec.type;
  const known =
    plainestOf.get(spec) ?? (kind === 'text' ? decoder.decode(shortestText(language(familiar), 1)) : `${rangeOf(spec.type).low}`);
  plainestOf.set(spec, known);
  return known;
}

function cut(text: Uint8Array, border: number): readonly Uint8Array[] {
  const ends = [...text.entries()].flatMap(([at, byte]) => (byte === border ? [at] : []));
  return [...ends, text.length].map((end, i) => text.subarray(i === 0 ? 0 : (ends[i - 1] ?? 0) + 1, end));
}
