// One input through the whole compiler, and what must hold of every input whatever it is: nothing throws, every finding has a
// place inside its file and a code of the catalogue, errors give no value, the canonical form is the same policy.

import { parse } from '../../src/compiler/1-parse/index.ts';
import type { SourceText, Span } from '../../src/compiler/base/source.ts';
import { sourceOf } from '../../src/compiler/cli/sources.ts';
import { catalog } from '../../src/compiler/diagnostics/catalog.ts';
import { collector, type Diagnostic, isError } from '../../src/compiler/diagnostics/diagnostic.ts';
import { diagnosticRecord, renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import { format, treeText } from '../../src/compiler/format/index.ts';
import {
  type CheckedUnit,
  checkUnit,
  coverUnit,
  diffUnits,
  emitUnit,
  explainUnit,
  invariantUnit,
  type Options,
  type Outcome,
  testUnit,
} from '../../src/compiler/pipeline.ts';

/** A step of the compiler and what it cost. */
export type Cost = { readonly step: string; readonly milliseconds: number };
/** How far an input came, the step that cost most, and what of it must not be. */
export type Passage = {
  readonly reached: 'source' | 'parse' | 'check' | 'emit';
  readonly slowest: Cost;
  readonly problems: readonly string[];
};

let slowest: Cost = { step: '', milliseconds: 0 };

/** Time of the processor, not of the clock: others use this machine too. */
function costing<T>(step: string, work: () => T): T {
  const start = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(start);
  const milliseconds = (user + system) / 1000;
  if (milliseconds > slowest.milliseconds) slowest = { step, milliseconds };
  return result;
}

/** Names that inputs import, so that imports are not the end of most. */
const library: SourceText = {
  path: 'library',
  text: [
    'workload resolver = { app: "resolver" }',
    ...['a', 'b', 'x', 'y'].map((name) => `workload ${name} = { app: "${name}" }`),
    'rules from-peer(who: peer, what: port) { ingress { allow from who at what } }',
  ].join('\n'),
};
const options: Options = {
  load: (path) => (path.includes('missing') ? undefined : { path, text: library.text }),
  asOf: '2026-07-01',
  inventory: [{ app: 'web' }, { app: 'cart', env: 'prod' }],
};

const isInside = ({ source, start, end }: Span): boolean => 0 <= start && start <= end && end <= source.text.length;

/** What a finding must not be. `text`: the input, whose own words may be these. */
function wrongFinding(one: Diagnostic, text: string): readonly string[] {
  const { code, span, labels, message, help = '', severity } = one;
  const shown = `${code} at ${span.start}-${span.end}: ${message}`;
  const strange = [...`${message}\n${help}`.matchAll(/undefined|\[object|NaN/g)].filter(([word]) => !text.includes(word));
  return [
    ...(Object.hasOwn(catalog, code) ? [] : [`no such code: ${shown}`]),
    ...([span, ...labels.map((label) => label.span)].every(isInside) ? [] : [`place outside its file: ${shown}`]),
    ...(message.trim() === '' || strange.length > 0 ? [`strange message: ${shown} (${help})`] : []),
    ...(Object.hasOwn(catalog, code) && catalog[code].severity !== severity ? [`severity: ${shown}`] : []),
  ];
}

/** The first mistakes of the findings; all can be shown. */
function wrongFindings(all: readonly Diagnostic[], text: string): readonly string[] {
  costing('render', () => renderDiagnostics(all, { color: false }));
  costing('records', () => JSON.stringify(all.slice(0, 50).map(diagnosticRecord)));
  return all.flatMap((one) => wrongFinding(one, text)).slice(0, 3);
}

function wrongOutcome(what: string, { ok, diagnostics }: Outcome<unknown>, text: string): readonly string[] {
  const says = ok === !diagnostics.some(isError) ? [] : [`${what}: ${ok ? 'ok with' : 'not ok without'} errors`];
  return [...says, ...wrongFindings(diagnostics, text).map((one) => `${what}: ${one}`)];
}

/** The form of what parses is the same tree, and its own form. */
function wrongForm(source: SourceText): readonly string[] {
  const log = collector();
  const [file] = costing('parse', () => parse([source], log.report)).files;
  const formed = costing('format', () => format(source));
  if (!file || formed.ok === log.failed()) return ['format and parse do not agree about mistakes'];
  if (!formed.ok) return [];
  const again = collector();
  const [after] = parse([{ ...source, text: formed.text }], again.report).files;
  if (!after || again.failed()) return [`the form has mistakes:\n${formed.text}`];
  if (treeText(after) !== treeText(file)) return [`the form is another tree:\n${formed.text}`];
  const twice = format({ ...source, text: formed.text });
  return twice.ok && twice.text === formed.text ? [] : [`the form of the form differs:\n${formed.text}`];
}

/** The events of test lines, as far as one can see. */
const eventsIn = (text: string): readonly string[] =>
  [...text.matchAll(/^ *([^\n]*?) +is [a-z]/gm)].map(([, event = '']) => event).slice(0, 2);

/** Everything that is asked about a policy without mistakes. */
function wrongLater(unit: CheckedUnit, text: string): readonly string[] {
  const self = costing('diff', () => diffUnits(unit, unit));
  const changes = self.ok && self.value.length > 0 ? ['a policy differs from itself'] : [];
  return [
    ...wrongOutcome(
      'test',
      costing('test', () => testUnit(unit)),
      text,
    ),
    ...wrongOutcome(
      'invariant',
      costing('invariant', () => invariantUnit(unit)),
      text,
    ),
    ...wrongOutcome(
      'coverage',
      costing('coverage', () => coverUnit(unit)),
      text,
    ),
    ...wrongOutcome(
      'emit',
      costing('emit', () => emitUnit(unit)),
      text,
    ),
    ...eventsIn(text).flatMap((event) =>
      wrongOutcome(
        `explain ${event}`,
        costing('explain', () => explainUnit(unit, event)),
        `${text}\n${event}`,
      ),
    ),
    ...wrongOutcome('diff', self, text),
    ...changes,
  ];
}

function textThrough(source: SourceText): Omit<Passage, 'slowest'> {
  const { text } = source;
  const form = wrongForm(source);
  const outcome = costing('check', () => checkUnit([source], options));
  const problems = [...form, ...wrongOutcome('check', outcome, text)];
  if (outcome.ok) return { reached: 'emit', problems: [...problems, ...wrongLater(outcome.value, text)] };
  const isWhole = !outcome.diagnostics.some(({ code }) => code.startsWith('parse/') || code.startsWith('source/'));
  return { reached: isWhole ? 'check' : 'parse', problems };
}

function passage(input: string | Buffer): Omit<Passage, 'slowest'> {
  if (typeof input === 'string') return textThrough({ path: 'input.policy', text: input });
  const log = collector();
  const source = sourceOf('input.policy', input, log);
  if (source) return textThrough(source);
  return { reached: 'source', problems: log.failed() ? wrongFindings(log.all(), '') : ['no text and no finding'] };
}

/** Sends a text, or bytes as a file has them, through everything. What is thrown is a problem like others. */
export function through(input: string | Buffer): Passage {
  slowest = { step: '', milliseconds: 0 };
  try {
    const { reached, problems } = passage(input);
    return { reached, problems, slowest };
  } catch (error) {
    const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { reached: 'parse', problems: [`thrown: ${shown.split('\n').slice(0, 8).join('\n')}`], slowest };
  }
}
