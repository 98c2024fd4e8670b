// Recorded HTTP requests as lines of a block: each by its method, target and host; or by method and path, where segments that look like ids,
// or have many values, stand for any.
import type { FieldValues } from '../../domains/domain.ts';
import type { Generalize } from './generalization.ts';
import { several } from './generalization.ts';
import { type BlockLine, escaped, single } from './line-text.ts';

/** `target`: where it is recorded. */
type Asked = { readonly method: string; readonly path: string; readonly target: string | undefined; readonly host: string | undefined };

const vocabulary =
  /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|QUERY|PURGE|ACL|BIND|CHECKIN|CHECKOUT|COPY|LABEL|LINK|LOCK|MERGE|MKACTIVITY|MKCALENDAR|MKCOL|MKREDIRECTREF|MKWORKSPACE|MOVE|ORDERPATCH|PROPFIND|PROPPATCH|REBIND|REPORT|SEARCH|UNBIND|UNCHECKOUT|UNLINK|UNLOCK|UPDATE|UPDATEREDIRECTREF)$/;

/** A method that is no word of the language stands as an expression. */
const methodText = (method: string): string =>
  vocabulary.test(method) ? method : `method regex "${method.replace(/[^A-Za-z0-9_-]/g, (sign) => `[${sign}]`)}"`;

/** Undefined where a request cannot be named. */
export function httpLines(requests: readonly FieldValues[], generalize: Generalize): readonly BlockLine[] | undefined {
  const asked = requests.map(askedOf);
  if (!asked.every((one): one is Asked => one !== undefined)) return undefined;
  if (!generalize.has('paths'))
    return asked.map(({ method, path, target, host }) => ({
      text: `${methodText(method)} ${target === undefined ? `path "${escaped(path, '*{}')}"` : `target "${escaped(target, '*')}"`}${host === undefined ? '' : ` host "${host}"`}`,
    }));
  return templates(asked);
}

function askedOf(fields: FieldValues): Asked | undefined {
  const [method, path, target, host] = ['method', 'path', 'target', 'host'].map((field) => single(fields, field));
  if (method === undefined || path === undefined || /[^!-~]/.test(target ?? path)) return undefined;
  return { method, path, target, host };
}

// --- templates ------------------------------------------------------------------------------------------------------

/** A segment, or what stands for many. */
type Segment = { readonly text: string } | { readonly values: ReadonlySet<string> };
type Template = { readonly method: string; readonly segments: readonly Segment[] };

const idForms: readonly RegExp[] = [
  /^\d+$/,
  /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/,
  /^(?=.*\d)[0-9a-fA-F]{12,}$/,
  /^(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9_-]{20,}$/,
];
const looksLikeId = (segment: string): boolean => idForms.some((form) => form.test(segment));
const textOf = (segment: Segment): string => ('text' in segment ? `=${segment.text}` : '{}');

function templates(asked: readonly Asked[]): readonly BlockLine[] {
  const first = asked.map(
    ({ method, path }): Template => ({
      method,
      segments: path
        .split('/')
        .slice(1)
        .map((text) => (looksLikeId(text) ? { values: new Set([text]) } : { text })),
    }),
  );
  const longest = Math.max(0, ...first.map(({ segments }) => segments.length));
  let all = merged(first);
  for (let place = 0; place < longest; place++) all = merged(widened(all, place));
  return byPath(all);
}

const keyOf = ({ method, segments }: Template): string => `${method} ${segments.map(textOf).join('/')}`;

/** Equal templates are one, which stands for the values of all. */
function merged(all: readonly Template[]): readonly Template[] {
  const found = new Map<string, Template>();
  for (const template of all) {
    const known = found.get(keyOf(template));
    found.set(keyOf(template), known ? joined(known, template) : template);
  }
  return [...found.values()];
}

const joined = (a: Template, b: Template): Template => ({
  ...a,
  segments: a.segments.map((segment, i) => {
    const other = b.segments[i];
    return 'values' in segment && other && 'values' in other ? { values: new Set([...segment.values, ...other.values]) } : segment;
  }),
});

/** Where templates differ in one place alone, and that has several values, it stands for any. */
function widened(all: readonly Template[], place: number): readonly Template[] {
  const without = ({ method, segments }: Template): string =>
    `${method} ${segments.map((segment, i) => (i === place ? '*' : textOf(segment))).join('/')}`;
  const values = new Map<string, Set<string>>();
  for (const template of all) {
    const segment = template.segments[place];
    if (!segment || !('text' in segment) || segment.text === '') continue;
    values.set(without(template), (values.get(without(template)) ?? new Set()).add(segment.text));
  }
  return all.map((template) => {
    const segment = template.segments[place];
    const own = values.get(without(template));
    if (!segment || !('text' in segment) || segment.text === '' || !own || own.size < several) return template;
    return { ...template, segments: template.segments.map((one, i) => (i === place ? { values: new Set([segment.text]) } : one)) };
  });
}

/** Methods of one path stand together. */
function byPath(all: readonly Template[]): readonly BlockLine[] {
  const paths = new Map<string, { readonly methods: Set<string>; readonly values: Set<string> }>();
  for (const { method, segments } of all) {
    const path = `/${segments.map((segment) => ('text' in segment ? escaped(segment.text, '*{}') : '{id}')).join('/')}`;
    const known = paths.get(path) ?? { methods: new Set(), values: new Set() };
    paths.set(path, known);
    known.methods.add(method);
    for (const segment of segments) if ('values' in segment) for (const value of segment.values) known.values.add(value);
  }
  return [...paths].flatMap(([path, { methods, values }]) => lineOf(path, [...methods].sort(), values));
}

function lineOf(path: string, methods: readonly string[], values: ReadonlySet<string>): readonly BlockLine[] {
  const words = methods.filter((method) => vocabulary.test(method));
  const note = values.size === 0 ? {} : { note: `{id} stands for any segment; recorded: ${shown([...values].sort())}` };
  const [word, another] = words;
  const ofWords = word === undefined ? [] : [`${another === undefined ? word : `[${words.join(', ')}]`} "${path}"`];
  const others = methods.filter((method) => !vocabulary.test(method)).map((method) => `${methodText(method)} path "${path}"`);
  return [...ofWords, ...others].map((text) => ({ text, ...note }));
}

const mostShown = 3;
const shown = (values: readonly string[]): string =>
  `${values
    .slice(0, mostShown)
    .map((value) => JSON.stringify(value))
    .join(', ')}${values.length > mostShown ? ` and ${values.length - mostShown} more` : ''}`;
