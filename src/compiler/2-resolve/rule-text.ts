// A rule as people see it in diffs, events and status: as written, on one line, without comments.
import type { Span } from '../base/source.ts';

/** Characters of a rule's text; longer ones are cut, for they are shown on one line. */
const longest = 400;

/** What a text has that is shown otherwise than written; most rules have nothing of it. */
const unusual = /[^\S ]|\s\s|\/\//;

/** The text at `span`: runs of space and comments outside of quotation marks become one space. */
export function ruleText({ source, start, end }: Span): string {
  const written = source.text.slice(start, end);
  const text = unusual.test(written) ? onOneLine(written) : written.trim();
  return text.length > longest ? `${text.slice(0, longest - 3)}...` : text;
}

const onOneLine = (written: string): string =>
  written.replace(/"(?:[^"\\\n]|\\.)*"|(?:\s|\/\/[^\n]*)+/g, (found) => (found.startsWith('"') ? found : ' ')).trim();
