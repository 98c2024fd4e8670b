// Resolved absolute paths of files and programs. A rule names them exactly, everything under a folder, by a glob, or by
// a regular expression.
import { anyByte, both, byteIn, either, literal, not, type Pattern, repeat, sequence } from '../../space/pattern.ts';
import type { Mistake } from '../describe.ts';
import type { FieldType, Operator } from '../domain.ts';
import { outline, patternOf, readPieces } from './pieces.ts';
import { textType } from './text-operand.ts';

/** Why no resolved path has this form, or undefined. `written` has one NUL for every wildcard. */
function mistakeIn(written: string, operator: Operator | undefined): Mistake | undefined {
  if (!written.startsWith('/')) return { reason: 'a resolved path is absolute: it begins with `/`' };
  const segments = written.split('/').slice(1);
  if (segments.at(-1) === '')
    return {
      reason: 'a resolved path does not end in `/`',
      ...(operator === undefined ? { hint: 'write `under` for everything in a folder' } : {}),
    };
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    return { reason: 'a resolved path has no empty segment, `.` or `..`' };
  return undefined;
}

const nameByte = byteIn([1, 0x2e], [0x30, 0xff]);
const segment = (byte: Pattern): Pattern => both(repeat(byte, 1), not(either(literal('.'), literal('..'))));
const below = (byte: Pattern): Pattern => repeat(sequence(literal('/'), segment(byte)), 1);
const familiarByte = byteIn([0x2d, 0x2d], [0x30, 0x39], [0x5f, 0x5f], [0x61, 0x7a]);

function pathPattern(raw: string, operator: 'under' | 'glob' | undefined, root: boolean): Pattern | Mistake {
  const pieces = readPieces(raw, operator === 'glob' ? 'glob' : 'exact');
  if ('reason' in pieces) return pieces;
  const written = outline(pieces);
  if (written === '/' && operator === 'under') return sequence(literal('/'), repeat(anyByte, 1));
  const mistake = written === '/' && root ? undefined : mistakeIn(written, operator);
  if (mistake) return mistake;
  return operator === 'under' ? sequence(patternOf(pieces), literal('/'), repeat(anyByte, 1)) : patternOf(pieces);
}

/** @param root can the root folder be meant? */
const pathType = (noun: string, root: boolean): FieldType =>
  textType({
    noun,
    expected: root ? 'a path ("/etc/shadow")' : 'a path ("/usr/bin/node")',
    operators: ['under', 'glob', 'regex'],
    declared: root ? ['path', 'binary'] : ['binary', 'path'],
    possible: root ? either(literal('/'), below(nameByte)) : below(nameByte),
    familiar: below(familiarByte),
    pattern: ({ raw }, operator) => pathPattern(raw, operator, root),
    canonical: (text) => (text === '/' && root ? { value: text } : (mistakeIn(text, undefined) ?? { value: text })),
  });

/** The path of a file or folder. */
export const filePath = pathType('path', true);
/** The path of a program. */
export const binaryPath = pathType('path', false);
