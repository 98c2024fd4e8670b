// The pages about codes: Markdown files beside the program (docs/codes), shown on a terminal with a little colour.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './installation.ts';
import type { Colors } from './output.ts';

/** The page about a code of the catalogue, as Markdown. */
export function pageOf(code: string): string | undefined {
  const file = join(packageRoot(), 'docs', 'codes', `${code}.md`);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

const codeSpans = (text: string, colors: Colors): string => text.replace(/`([^`]+)`/g, (_, code: string) => colors.cyan(`\`${code}\``));

/** The page as text for people: headings bold, examples indented, fences left out. */
export function pageText(page: string, severity: 'error' | 'warning', colors: Colors): string {
  let isFenced = false;
  const lines = page.split('\n').flatMap((line) => {
    if (line.startsWith('```')) {
      isFenced = !isFenced;
      return [];
    }
    if (isFenced) return [line === '' ? '' : `    ${line}`];
    const [, level, title] = /^(#+) (.*)$/.exec(line) ?? [];
    if (title === undefined) return [codeSpans(line, colors)];
    return level === '#' ? [`${colors.bold(title.replaceAll('`', ''))} (${severity})`] : [colors.bold(title)];
  });
  return `${lines.join('\n').trimEnd()}\n`;
}
