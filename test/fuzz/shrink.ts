// The smallest part of an input that still has the problem: lines, then words, then characters are left out, halves first.
import { pieceOf } from './seeds.ts';
import { through } from './through.ts';

/** What stays the same about a problem while the input shrinks: its first words, without places and numbers. */
const kindOf = (problem: string): string => (problem.split('\n')[0] ?? '').replace(/`[^`]*`|"[^"]*"|\d+/g, '').slice(0, 60);

function smaller(parts: readonly string[], fails: (text: string) => boolean): readonly string[] {
  let current = parts;
  for (let size = Math.ceil(current.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < current.length; ) {
      const without = [...current.slice(0, at), ...current.slice(at + size)];
      if (fails(without.join(''))) current = without;
      else at += size;
    }
  }
  return current;
}

/** At most `seconds` are spent. Bytes that are no text stay as they are. */
export function shrunk(input: string | Buffer, problem: string, seconds = 20): string | Buffer {
  const text = input.toString();
  const end = performance.now() + seconds * 1000;
  const kind = kindOf(problem);
  const fails = (one: string): boolean => performance.now() < end && through(one).problems.some((other) => kindOf(other) === kind);
  if (!fails(text)) return input;
  const lines = smaller(text.split(/(?<=\n)/), fails).join('');
  const words = smaller(lines.match(pieceOf) ?? [], fails).join('');
  const rest = fails(words) ? words : lines;
  return rest.length > 400 ? rest : smaller([...rest], fails).join('');
}

/** The same for an input that takes too long. */
export function shrunkSlow(input: string | Buffer, milliseconds: number, seconds = 30): string | Buffer {
  const end = performance.now() + seconds * 1000;
  const fails = (one: string): boolean => performance.now() < end && through(one).slowest.milliseconds > milliseconds;
  return smaller(input.toString().split(/(?<=\n)/), fails).join('');
}
