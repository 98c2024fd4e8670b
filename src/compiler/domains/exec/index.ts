// Starts of programs. Canonical text: the resolved absolute path of each file that the kernel executes, script first,
// then interpreter. A rule names paths exactly, everything under a folder, or by a glob.
import { closest } from '../../base/closest.ts';
import { anyByte, literal, type Pattern, repeat, sequence } from '../../space/pattern.ts';
import { type DomainContent, defineDomain, type Fault, faulty, type Line, type Operand, type Read, read } from '../domain.ts';
import { expected, outline, patternOf, readEach, readPieces, readText, textFault, type Wildcards } from '../fields.ts';

const operators = ['under', 'glob'] as const;
type Operator = (typeof operators)[number] | 'exact';
const laterWords: ReadonlySet<string> = new Set(['argument', 'parent', 'user', 'group', 'container', 'host', 'binary', 'not', 'regex']);

type Mistake = { readonly reason: string; readonly hint?: string };

/** Why no resolved path has this form, or undefined. `written` has one NUL for every wildcard. */
function mistakeIn(written: string, operator: Operator): Mistake | undefined {
  if (!written.startsWith('/')) return { reason: 'a resolved path is absolute: it begins with `/`' };
  if (operator === 'under' && written === '/') return undefined;
  const segments = written.split('/').slice(1);
  if (segments.at(-1) === '')
    return {
      reason: 'a resolved path does not end in `/`',
      ...(operator === 'exact' ? { hint: 'write `under` for everything in a folder' } : {}),
    };
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    return { reason: 'a resolved path has no empty segment, `.` or `..`' };
  return undefined;
}

const wildcardsOf = (operator: Operator): Wildcards => (operator === 'glob' ? 'glob' : 'exact');

const readPath =
  (operator: Operator) =>
  (operand: Operand): Read<Pattern> =>
    readText(operand, 'a path', (text) => {
      const pieces = readPieces(text.raw, wildcardsOf(operator));
      if ('reason' in pieces) return faulty(textFault('path', text, pieces));
      const mistake = mistakeIn(outline(pieces), operator);
      if (mistake) return faulty(textFault('path', text, mistake));
      const path = patternOf(pieces);
      if (operator !== 'under') return read(path);
      return read(sequence(...(text.text === '/' ? [literal('/')] : [path, literal('/')]), repeat(anyByte, 1)));
    });

/** A word that is no operator, or an operand behind the path. */
function wrongWord(operand: Operand): Fault {
  if (operand.kind !== 'word') return expected('the end of the rule', operand);
  if (laterWords.has(operand.text)) return { kind: 'not-supported', what: `exec condition \`${operand.text}\``, span: operand.span };
  const { text, span } = operand;
  return { kind: 'unknown', what: 'exec operator', text, suggestion: closest(text, operators), span };
}

const isOperator = (text: string): text is (typeof operators)[number] => operators.some((one) => one === text);

function match({ operands, span }: Line): Read<Pattern> {
  const [first, ...others] = operands;
  const operator = first?.kind === 'word' && isOperator(first.text) ? first.text : undefined;
  if (first?.kind === 'word' && !operator) return faulty(wrongWord(first));
  const [path, extra] = operator ? others : operands;
  if (!path)
    return faulty({ kind: 'expected', expected: 'a path ("/usr/bin/node"), `under` or `glob`', found: 'the end of the rule', span });
  const pattern = readEach(path, 'a path', readPath(operator ?? 'exact'));
  if (!extra) return pattern;
  return faulty(...(pattern.ok ? [] : pattern.faults), wrongWord(extra));
}

function content({ operands, span }: Line): Read<DomainContent> {
  const [path, extra] = operands;
  if (!path) return faulty({ kind: 'expected', expected: 'a path', found: 'nothing', span });
  if (extra) return faulty(expected('`is`', extra));
  if (path.kind !== 'string') return faulty(expected('a path', path));
  const mistake = mistakeIn(path.text, 'exact');
  return mistake ? faulty(textFault('path', path, mistake)) : read({ kind: 'text', text: path.text });
}

export const exec = defineDomain({
  name: 'exec',
  form: 'process',
  over: [],
  template: 'run/exec',
  operators,
  words: [],
  match,
  content,
});
