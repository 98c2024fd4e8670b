// The golden cases of 4-normalize and 5-plan: a policy, and what these phases make of it as text. `UPDATE=1` rewrites
// expected.txt; the review is the difference.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { check } from '../../src/compiler/3-check/index.ts';
import { normalize } from '../../src/compiler/4-normalize/index.ts';
import { plan } from '../../src/compiler/5-plan/index.ts';
import { resolve } from '../../src/compiler/2-resolve/index.ts';
import { parse } from '../../src/compiler/1-parse/index.ts';
import { positionAt } from '../../src/compiler/base/source.ts';
import { collector, type Diagnostic } from '../../src/compiler/diagnostics/diagnostic.ts';
import { domains } from '../../src/compiler/domains/registry.ts';
import { matchType } from '../../src/compiler/ir/abi.ts';
import type { ProgramRule } from '../../src/compiler/ir/bundle.ts';
import type { Plan } from '../../src/compiler/ir/plan.ts';
import type { ContentClasses, RequestClasses, VerdictSpace } from '../../src/compiler/ir/verdict-space.ts';
import { formatPrefix } from '../../src/compiler/space/address.ts';
import { type Automaton, shortestTexts } from '../../src/compiler/space/automaton.ts';
import { protocolOf } from '../../src/compiler/space/transport.ts';

const indent = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);
const part = (title: string, lines: readonly string[]): readonly string[] => (lines.length === 0 ? [] : [title, ...indent(lines)]);

function pointText(point: number): string {
  const { protocol, value } = protocolOf(point);
  return `${protocol} ${value}`;
}

function portLines({ ports }: VerdictSpace): readonly string[] {
  return ports.map(({ low, high, class: number }) => `${number}: ${pointText(low)}${low === high ? '' : ` .. ${pointText(high)}`}`);
}

/** A text of each class, the shortest that reads well. */
function contentLines({ automaton, classes }: ContentClasses): readonly string[] {
  if (!automaton) return [];
  const texts = [...shortestTexts(automaton)].sort(([a], [b]) => a - b);
  const size = `${classes} classes, ${automaton.states} states of ${automaton.classes} byte classes`;
  return [size, ...texts.map(([number, bytes]) => `${number}: such as ${JSON.stringify(new TextDecoder().decode(bytes))}`)];
}

/** Each field with a text of each class of its values; how classes of several values and of several fields are made is counted. */
function requestLines({ fields, classes }: RequestClasses): readonly string[] {
  if (fields.length === 0) return [];
  const texts = (automaton: Automaton): readonly string[] =>
    [...shortestTexts(automaton)].sort(([a], [b]) => a - b).map(([number, bytes]) => `${number}: such as ${JSON.stringify(new TextDecoder().decode(bytes))}`);
  return [
    `${classes} classes`,
    ...fields.flatMap(({ name, automaton, folded, live }) =>
      part(`${name}: ${folded} classes, ${automaton.states} states of ${automaton.classes} byte classes, asked in ${live} states`, texts(automaton)),
    ),
  ];
}

const matchName = (match: number): string => Object.entries(matchType).find(([, number]) => number === match)?.[0] ?? '?';

function ruleLine({ rule, subject, tier, section, action, audit, peers, ports, content, match }: ProgramRule): string {
  const from = peers && ` peers: selectors [${peers.selectors}] networks [${peers.networkClasses}] entities [${peers.entities}]`;
  const named = ports?.named.map(({ protocol, name }) => ` ${protocol} "${name}"`).join('') ?? '';
  const at = ports && ` ports [${ports.classes}]${named}`;
  const what = content && ` ${content.domain} [${content.classes}]`;
  const how = `${tier === 'normal' ? '' : ` ${tier}`} ${section} ${action}${audit ? ' audit' : ''}`;
  return `rule ${rule}: subject ${subject}${how}${from ?? ''}${at ?? ''}${what ?? ''}, match ${matchName(match)}`;
}

const spaceLines = (space: VerdictSpace): readonly string[] => [
  ...part('port classes', portLines(space)),
  ...part(
    'network classes',
    space.networks.map((entry) => `${entry.class}: ${formatPrefix(entry)}`),
  ),
  ...part('ipv6', [`[${space.program.ipv6Networks}]`]),
  ...part('http classes', requestLines(space.http)),
  ...part('exec classes', contentLines(space.exec)),
  ...part(
    'selectors',
    space.program.selectors.map((selector, i) => `${i}: ${JSON.stringify(selector)}`),
  ),
  ...part(
    'policies',
    space.program.policies.map(({ subject, audit, defaultDeny }, i) => `${i}: subject ${subject}${audit ? ' audit' : ''}, default deny ${JSON.stringify(defaultDeny)}`),
  ),
  ...part('rules, in deciding order', space.program.rules.map(ruleLine)),
];

const planLines = ({ templates, requirements }: Plan): readonly string[] => [
  ...part('templates', templates),
  ...part(
    'requirements',
    requirements.map(({ feature, rules }) => `${feature}: rules [${rules}]`),
  ),
];

function diagnosticLines({ code, severity, message, span, labels, help }: Diagnostic): readonly string[] {
  const { line, column } = positionAt(span.source, span.start);
  const underlined = span.source.text.slice(span.start, span.end).replaceAll(/\s+/g, ' ');
  return [
    `${severity} ${code} at ${line}:${column} \`${underlined}\``,
    ...indent([message, ...labels.map((label) => `${positionAt(label.span.source, label.span.start).line}: ${label.text}`)]),
    ...(help === undefined ? [] : indent([`help: ${help}`])),
  ];
}

function printed(phase: string, text: string): string {
  const { report, failed, all } = collector();
  const typed = check(resolve(parse([{ path: 'input.policy', text }], report), domains, report), domains, report);
  assert.not(failed(), all().map(({ message }) => message).join('\n'));
  const space = normalize(typed, report);
  const planned = plan(space, report);
  const own = all().filter(({ code }) => /^(normalize|plan)\//.test(code));
  const lines = phase === 'normalize' ? spaceLines(space) : planLines(planned);
  return `${[...lines, ...part('diagnostics', own.flatMap(diagnosticLines))].join('\n')}\n`;
}

for (const phase of ['normalize', 'plan']) {
  const folder = join(import.meta.dirname, phase);
  for (const name of readdirSync(folder).sort()) {
    test(`${phase}: ${name}`, () => {
      const file = join(folder, name, 'expected.txt');
      const found = printed(phase, readFileSync(join(folder, name, 'input.policy'), 'utf8'));
      if (process.env['UPDATE'] === '1') writeFileSync(file, found);
      else assert.fixture(found, readFileSync(file, 'utf8'));
    });
  }
}

test.run();
