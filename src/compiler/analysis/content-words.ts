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
  return maybe ? `${words}, or what may be such` : words;
}

/** Is everything of the i-th part of the j-th? */
const implies = ({ classes }: ClassesOfDomain, i: number, j: number): boolean =>
  classes.every(({ matched }) => !matched[i] || matched[j] === true);
const indices = ({ parts }: ClassesOfDomain): readonly number[] => parts.map((_, i) => i);

/** The sharpest parts that the class is of, except the widest that it is not of. */
function classWords(all: ClassesOfDomain, { matched }: ContentClass): string {
  const inside = indices(all).filter((i) => matched[i]);
  const sharpest = inside.filter((i) => !inside.some((j) => implies(all, j, i) && (!implies(all, i, j) || j < i)));
  const cutting = indices(all).filter(
    (i) => !matched[i] && all.classes.some((other) => other.matched[i] && sharpest.every((j) => other.matched[j])),
  );
  const widest = cutting.filter((i) => !cutting.some((j) => implies(all, i, j) && (!implies(all, j, i) || j < i)));
  const words = (list: readonly number[], joint: string): string =>
    list
      .flatMap((i) => all.parts[i] ?? [])
      .map((part) => partWords(all.domain, part))
      .join(joint);
  if (inside.length === 0) return widest.length === 0 ? '**' : `all but ${words(widest, ', ')}`;
  return widest.length === 0 ? words(sharpest, ' that is also ') : `${words(sharpest, ' that is also ')} except ${words(widest, ', ')}`;
}

/** Classes together: whole parts where all of their classes are there, the rest one by one. */
function classesWords(all: ClassesOfDomain, chosen: ReadonlySet<ContentClass>): readonly string[] {
  if (all.classes.every((one) => chosen.has(one))) return ['**'];
  const complete = indices(all).filter(
    (i) => all.classes.every((one) => !one.matched[i] || chosen.has(one)) && [...chosen].some((one) => one.matched[i]),
  );
  const widest = complete.filter((i) => !complete.some((j) => implies(all, i, j) && (!implies(all, j, i) || j < i)));
  const rest = [...chosen].filter(({ matched }) => !widest.some((i) => matched[i]));
  return [
    ...widest.flatMap((i) => all.parts[i] ?? []).map((part) => partWords(all.domain, part)),
    ...rest.map((one) => classWords(all, one)),
  ];
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
