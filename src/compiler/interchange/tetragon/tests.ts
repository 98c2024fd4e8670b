// What a selector asks, as tests of the fields of one class, and how it is written.
import { listed } from '../texts.ts';

/** `not`: none of the values. Values are operands as written. */
export type Test = { readonly field: string; readonly values: readonly string[]; readonly not: boolean };
/** Events of one class that fulfil every test; of a field at most what it is and what it is not. */
export type Line = { readonly class: string; readonly tests: readonly Test[] };

export const is = (field: string, ...values: readonly string[]): Test => ({ field, values, not: false });
export const isNot = (field: string, ...values: readonly string[]): Test => ({ field, values, not: true });

/** The field that the first operand of a class means. */
const first: Readonly<Record<string, string>> = {
  ...{ exec: 'path', read: 'path', write: 'path', create: 'path', delete: 'path', rename: 'path', mount: 'path' },
  ...{ syscall: 'name', capability: 'name', module: 'name', socket: 'kind', namespace: 'kind', connect: 'address', bpf: 'command' },
  ...{ ptrace: 'target' },
};
/** Classes that have to say something: their paths, each of which is `/` or below. */
const needsPath: readonly string[] = ['read', 'write', 'create', 'delete', 'rename'];

const isLiteral = (value: string): boolean => /^(?:"|\w)/.test(value) && !/^(?:glob|under|regex) /.test(value);

/** Two tests that a value must pass as one, where values are written out. */
function merged(one: Test, other: Test): Test | 'never' | undefined {
  if (one.not && other.not) return { ...one, values: [...new Set([...one.values, ...other.values])] };
  if (!one.values.every(isLiteral) || !other.values.every(isLiteral)) return undefined;
  const [positive, second] = one.not ? [other, one] : [one, other];
  const values = positive.values.filter((value) => second.values.includes(value) !== second.not);
  return values.length === 0 ? 'never' : { ...positive, values };
}

/** The line with one test more; undefined where a field would have to be two things. What it is not may stand beside what it is. */
export function withTest(line: Line, test: Test): Line | 'never' | undefined {
  if (test.values.length === 0) return test.not ? line : 'never';
  for (const before of line.tests.filter(({ field }) => field === test.field)) {
    const joint = merged(before, test);
    if (joint === 'never') return joint;
    if (joint) return { ...line, tests: line.tests.map((one) => (one === before ? joint : one)) };
    if (before.not === test.not) return undefined;
  }
  return { ...line, tests: [...line.tests, test] };
}

export const withTests = (line: Line, tests: readonly Test[]): Line | 'never' | undefined =>
  tests.reduce<Line | 'never' | undefined>((so, test) => (so === undefined || so === 'never' ? so : withTest(so, test)), line);

/** Events of `line` that are not events of `other`, as lines; undefined where the tests do not say. */
export function without(line: Line, other: Line): readonly Line[] | undefined {
  if (line.class !== other.class) return [line];
  const parts = other.tests.map((test) => withTest(line, { ...test, not: !test.not }));
  return parts.some((part) => part === undefined)
    ? undefined
    : parts.flatMap((part) => (part === undefined || part === 'never' ? [] : [part]));
}

const order = ['name', 'kind', 'command', 'target', 'path', 'address', 'to'];
const place = ({ field }: Test): number => (order.indexOf(field) + order.length + 1) % (order.length + 1);

/** `exec under "/tmp" caller "/bin/sh"`. */
export function lineText({ class: name, tests }: Line): string {
  const bare = needsPath.includes(name) && tests.length === 0 ? [is('path', '"/"', 'under "/"')] : tests;
  const all = name === 'exec' && bare.length === 0 ? [is('path', 'under "/"')] : bare;
  const parts = [...all]
    .sort((a, b) => place(a) - place(b) || Number(a.not) - Number(b.not))
    .map(({ field, values, not }) => {
      const word = field === first[name] && !not ? '' : `${field} ${field.startsWith('argument ') && !not ? '= ' : ''}`;
      return `${word}${not ? 'not ' : ''}${listed(values)}`;
    });
  return [name, ...parts].join(' ');
}
