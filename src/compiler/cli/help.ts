// `policyc help`: the commands, one of them, or the page about one code.
import { closest } from '../base/closest.ts';
import { type Code, catalog } from '../diagnostics/catalog.ts';
import { colorsOf, print, printError, type Result } from './output.ts';
import { pageOf, pageText } from './pages.ts';

const isCode = (text: string): text is Code => Object.hasOwn(catalog, text);
const codes: readonly Code[] = Object.keys(catalog).filter(isCode);

/** What a code is called without its phase, where that is one code. */
function codeNamed(text: string): Code | undefined {
  const wanted = text.replace(/^(?:error|warning)\[(.*)\]$/, '$1').toLowerCase();
  if (isCode(wanted)) return wanted;
  const [found, another] = codes.filter((code) => code.slice(code.indexOf('/') + 1) === wanted);
  return another === undefined ? found : undefined;
}

/** `topic` is no command: those are the caller's. */
export function runHelp(topic: string, commands: readonly string[]): Result {
  if (topic === 'codes') {
    print(codesText());
    return { exitCode: 0 };
  }
  const code = codeNamed(topic);
  const page = code && pageOf(code);
  if (code && page !== undefined) {
    print(pageText(page, catalog[code].severity, colorsOf(process.stdout)));
    return { exitCode: 0 };
  }
  const nearest = closest(topic, [...commands, 'codes', ...codes, ...codes.map((one) => one.slice(one.indexOf('/') + 1))]);
  const hint = nearest === undefined ? '`policyc help codes` lists the codes' : `did you mean \`${nearest}\`?`;
  printError(`policyc: no help about \`${topic}\`; ${hint}`);
  return { exitCode: 2 };
}

/** Every code with its severity, by phase. */
function codesText(): string {
  const colors = colorsOf(process.stdout);
  const phases = [...new Set(codes.map((code) => code.slice(0, code.indexOf('/'))))];
  const width = Math.max(...codes.map((code) => code.length));
  return phases
    .map((phase) =>
      codes
        .filter((code) => code.startsWith(`${phase}/`))
        .map((code) => `${colors.bold(code)}${' '.repeat(width - code.length)}  ${catalog[code].severity}`)
        .join('\n'),
    )
    .join('\n\n');
}
