// Classes of content in words: the lines of the rules that they are of, except those that they are not of.
import type { DomainSpec, FieldTest, LineMatch } from '../domains/domain.ts';
import type { ClassesOfDomain, ContentClass, Part } from './content.ts';
import { fieldOf } from './content-encoding.ts';
import type { Item } from './judge.ts';
import { isEveryText, isNoText, valuesWords } from './pattern-words.ts';

/** `GET /cart/*`, `user 0`, `header content-type application/json`: fields of one meaning stand without their name. */
function testWords(domain: DomainSpec, { field, orAbsent, values }: FieldTest): string {
  const name = domain.positional.includes(fieldOf(domain, field).spec.name) ? '' : `${field} `;
  const isText = values.kind === 'text';
  if (isText && isNoText(values.pattern)) return `${field} ${orAbsent ? 'absent' : 'impossible'}`;
  if (isText && isEveryText(values.pattern)) return orAbsent ? '' : `${field} exists`;
  const words = valuesWords(values);
  return `${name}${words}${orAbsent && !words.startsWith('not ') ? ' or absent' : ''}`;
}

/** One line of a block, as near to how it was written as its tests allow. */
export function lineWords(domain: DomainSpec, line: LineMatch): string {
  const place = ({ field }: FieldTest): number => {
    const at = domain.positional.indexOf(fieldOf(domain, field).spec.name);
    return at < 0 ? domain.positional.length : at;
  };
  const words = [...line].sort((a, b) => place(a) - place(b)).map((test) => testWords(domain, test));
  return words.filter((text) => text !== '').join(' ') || '**';
}

function partWords(domain: DomainSpec, { lines, maybe }: Part): string {
  const words = lines.map((line) => lineWords(domain, line)).join(' or ');
  return maybe ? `what is or may be ${words}` : words;
}

/** Parts as sets of classes. */
const indices = ({ parts }: ClassesOfDomain): readonly number[] => parts.map((_, i) => i);
/** Is everything of the i-th part of the j-th? */
const implies = ({ classes }: ClassesOfDomain, i: number, j: number): boolean =>
  classes.every(({ matched }) => !matched[i] || matched[j] === true);
/** Those that no other of them holds; of equal ones the first. */
const widestOf = (all: ClassesOfDomain, list: readonly number[]): readonly number[] =>
  list.filter((i) => !list.some((j) => implies(all, i, j) && (!implies(all, j, i) || j < i)));
/** Those that hold no other of them. */
const sharpestOf = (all: ClassesOfDomain, list: readonly number[]): readonly number[] =>
  list.filter((i) => !list.some((j) => implies(all, j, i) && (!implies(all, i, j) || j < i)));
const wordsOf = (all: ClassesOfDomain, list: readonly number[], joint: string): string =>
  list
    .flatMap((i) => all.parts[i] ?? [])
    .map((part) => partWords(all.domain, part))
    .join(joint);

/** The sharpest parts that all of these are of, except the widest that none of them is of; undefined where that is more than they are. */
function partsExcept(all: ClassesOfDomain, chosen: ReadonlySet<ContentClass>): string | undefined {
  const inside = indices(all).filter((i) => [...chosen].every(({ matched }) => matched[i]));
  const outside = indices(all).filter((i) => [...chosen].every(({ matched }) => !matched[i]));
  const held = all.classes.filter(({ matched }) => inside.every((i) => matched[i]));
  const cutting = outside.filter((i) => held.some(({ matched }) => matched[i]));
  if (held.filter(({ matched }) => !cutting.some((i) => matched[i])).length !== chosen.size) return undefined;
  const [only] = sharpestOf(all, inside).flatMap((i) => all.parts[i] ?? []);
  const sure = cutting.filter((i) => only?.maybe && all.parts[i]?.lines === only.lines);
  if (only && sure.length > 0 && cutting.every((i) => sure.some((one) => implies(all, i, one))))
    return `what may be ${partWords(all.domain, { ...only, maybe: false })}`;
  const out = wordsOf(all, widestOf(all, cutting), ', ');
  if (inside.length === 0) return out === '' ? '**' : `all but ${out}`;
  return wordsOf(all, sharpestOf(all, inside), ' that is also ') + (out === '' ? '' : ` except ${out}`);
}

/** Classes together: whole parts where all of their classes are there, the rest at once where that can be said, or else one by one. */
function classesWords(all: ClassesOfDomain, chosen: ReadonlySet<ContentClass>): readonly string[] {
  const complete = indices(all).filter(
    (i) => all.classes.every((one) => !one.matched[i] || chosen.has(one)) && [...chosen].some((one) => one.matched[i]),
  );
  const widest = widestOf(all, complete);
  const rest = [...chosen].filter(({ matched }) => !widest.some((i) => matched[i]));
  const together = rest.length === 0 ? [] : (partsExcept(all, new Set(rest)) ?? rest.map((one) => partsExcept(all, new Set([one])) ?? ''));
  const whole = all.classes.every((one) => chosen.has(one)) ? '**' : undefined;
  return whole === undefined ? [...widest.map((i) => wordsOf(all, [i], '')), ...[together].flat()] : [whole];
}

const nouns: Readonly<Record<string, string>> = { http: 'requests', dns: 'queries', tls: 'handshakes', exec: 'programs' };

/** The content of a change; empty where content makes no difference. */
export function contentWords(items: readonly Item[]): string {
  const readable = items.flatMap((item) => (item.kind === 'content' ? [item] : []));
  const words = [...new Set(readable.map(({ classes }) => classes))].map((classes) => {
    const own = readable.filter((item) => item.classes === classes).map(({ content }) => content);
    return `${classes.domain.name} ${classesWords(classes, new Set(own)).join(', ')}`;
  });
  const unread = items.flatMap((item) =>
    item.kind === 'undecidable' ? [`${item.domain} ${nouns[item.domain] ?? 'events'} that cannot be read`] : [],
  );
  const all = [...words, ...unread];
  return all.length > 0 ? all.join(', ') : items.some(({ kind }) => kind === 'connection') ? 'the connection itself' : '';
}
