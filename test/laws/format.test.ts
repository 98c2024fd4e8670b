// Laws of the canonical form, on random policies whose blanks, line ends and comments were moved about at random, and on
// every policy text of the project: the tree, the comments and the compiled program stay, and doing it twice is doing it once.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../src/compiler/1-parse/index.ts';
import { tokenize } from '../../src/compiler/1-parse/lexer.ts';
import { collector } from '../../src/compiler/diagnostics/diagnostic.ts';
import { formOf, treeText } from '../../src/compiler/format/index.ts';
import type { FileAst } from '../../src/compiler/ir/ast.ts';
import { randomPolicy } from '../harness/arbitrary-policy.ts';
import { emittedPolicy } from '../harness/compile.ts';
import { programText } from '../harness/program-text.ts';
import { type Random, random, seedOf } from '../harness/random.ts';

const root = join(import.meta.dirname, '..', '..');

/** The tree of a text without mistakes. */
function parsed(text: string): FileAst | undefined {
  const log = collector();
  const [file] = parse([{ path: 'test.policy', text }], log.report).files;
  return log.failed() ? undefined : file;
}

type Token = { readonly start: number; readonly end: number };
const tokensOf = (text: string): readonly Token[] =>
  tokenize(text).tokens.map(({ startOffset: start, image }) => ({ start, end: start + image.length }));

/** What stands between tokens, in order. */
const gapsOf = (text: string): readonly string[] =>
  [...tokensOf(text), { start: text.length, end: 0 }].map(({ start }, i, all) => text.slice(all[i - 1]?.end ?? 0, start));
/** The comments, sorted: a text of the same comments in another order has the same list. */
const commentsOf = (text: string): readonly string[] =>
  gapsOf(text)
    .flatMap((gap) => gap.match(/\/\/.*/g) ?? [])
    .map((comment) => comment.trimEnd())
    .sort();

/** The tokens but for the signs between items and lines, which are the formatter's own. */
const wordsOf = (text: string): readonly string[] =>
  tokensOf(text)
    .map(({ start, end }) => text.slice(start, end))
    .filter((image) => image !== ',' && image !== ';');

/** Holds the laws for one text; gives its form, or undefined for a text with mistakes. */
function holds(text: string): string | undefined {
  const before = parsed(text);
  if (!before) return undefined;
  const form = formOf(before);
  const after = parsed(form);
  assert.ok(after, `the form of this has mistakes:\n${text}\n---- form\n${form}`);
  if (!after) return undefined;
  assert.is(treeText(after), treeText(before), `the tree changes:\n${text}\n---- form\n${form}`);
  assert.equal(wordsOf(form), wordsOf(text), `tokens change:\n${text}`);
  assert.equal(commentsOf(form), commentsOf(text), `comments change:\n${text}`);
  assert.fixture(formOf(after), form, `formatting again changes it:\n${text}`);
  assert.not.match(form, /[ \t\r]\n/);
  assert.not.match(form, /\n\n\n|^\n|\{\n\n|\n\n *\}|\n\n$/, `an empty line too many:\n${text}\n---- form\n${form}`);
  return form;
}

let number = 0;
const randomGap = (r: Random): string => {
  number++;
  return r.pick([
    ...[' ', '  ', '\t', '\n', '\n\n\n', ` // behind ${number}\n`, `\n  // own ${number}\n`, `\n\n/// own ${number}  \n\n`],
    ...[` // behind ${number}\n// own ${number}\n\n`, `//${number}\n`, ''],
  ]);
};

/** The same tree, written otherwise: up to `changes` gaps between tokens are replaced, where the language lets them be. */
function rewritten(r: Random, text: string, changes: number): string {
  const wanted = parsed(text);
  const tree = wanted && treeText(wanted);
  let current = text;
  for (let step = Math.max(1, changes >> 3); changes > 0; changes -= step) {
    const changed = changedGaps(r, current, step);
    const again = parsed(changed);
    if (again && treeText(again) === tree) current = changed;
  }
  return current;
}

function changedGaps(r: Random, text: string, count: number): string {
  const tokens = tokensOf(text);
  const chosen = new Set(Array.from({ length: count }, () => r.int(tokens.length + 1)));
  const pieces = gapsOf(text).map((gap, i) => {
    const image = text.slice(tokens[i]?.start ?? text.length, tokens[i]?.end);
    return (chosen.has(i) && !gap.includes('//') ? randomGap(r) : gap) + image;
  });
  return pieces.join('');
}

const seed = seedOf('canonical form', 20);

test('random policies, written otherwise, with comments anywhere', () => {
  const r = random(seed);
  let comments = 0;
  for (let round = 0; round < 16; round++) {
    const text = rewritten(r, `${randomPolicy(r)}${sample}`, 32);
    comments += commentsOf(text).length;
    assert.ok(holds(text) !== undefined, text);
  }
  assert.ok(comments > 80, `only ${comments} comments`);
});

test('random programs with every form of the grammar, written otherwise', () => {
  const findings = (text: string): readonly string[] => {
    const log = collector();
    parse([{ path: 'test.policy', text }], log.report);
    return log.all().map(({ message, span }) => `${message} at ${text.slice(span.start, span.start + 30)}`);
  };
  const property = fc.property(programText, fc.nat(), (text, gaps) => {
    if (text.trim() === '') return;
    assert.equal(findings(text), [], text);
    holds(text);
    holds(rewritten(random(gaps), text, 8));
  });
  fc.assert(property, { numRuns: 200, seed });
});

const sampleTest = `test "t" {
  web -> cart tcp 8080 GET "/cart/1" is allowed by a-policy
  { app: "x", env: one of ["a"] } -> 10.0.0.1 icmp echo-request is denied
  cart exec "/bin/sh" is denied by default
}
`;
/** What random policies do not have. */
const sample = `${sampleTest}workload nested = (web or cart) and not { app: "x", b: not one of ["c", "d"] } in namespace "n"
policy one-line for nested { ingress { allow at tcp 80 http { "/admin/**"; TRACE } } }
`;

test('every comment anywhere that it can stand', () => {
  const text = `policy p for (a or b) and { app: one of ["x", "y"] } { ingress { allow from [a, b] at tcp [80, 8-9] http { [GET, HEAD] "/"; "/x" } } }\n${sampleTest}`;
  const tokens = tokensOf(text);
  const tree = parsed(text);
  let tried = 0;
  for (const comment of [' // c\n', '\n// c\n']) {
    for (const { start } of tokens) {
      const commented = text.slice(0, start) + comment + text.slice(start);
      const again = parsed(commented);
      if (!again || !tree || treeText(again) !== treeText(tree)) continue;
      holds(commented);
      tried++;
    }
  }
  assert.ok(tried > tokens.length, String(tried));
});

test('the compiled program stays, to the byte', () => {
  const r = random(seed + 1);
  for (let round = 0; round < 4; round++) {
    const text = rewritten(r, randomPolicy(r, { native: true }), 16);
    const [before, after] = [emittedPolicy(text), emittedPolicy(holds(text) ?? '')];
    assert.equal(after.program, before.program);
    assert.equal(after.images, before.images);
    assert.equal(after.templates, before.templates);
  }
});

const filesBelow = (folder: string, ending: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'));

test('every policy text of the project', () => {
  const fenced = ['README.md', 'grammar/README.md'].flatMap((document) =>
    [...readFileSync(join(root, document), 'utf8').matchAll(/^```policy\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text),
  );
  const corpus = filesBelow('grammar/corpus', '.txt').flatMap((text) =>
    text.split(/^==== .*\n/m).map((part) => part.split('---- tree\n')[0] ?? ''),
  );
  const texts = [...filesBelow('policies', '.policy'), ...filesBelow('test/golden', '.policy'), ...fenced, ...corpus];
  const formed = texts.filter((text) => holds(text) !== undefined);
  assert.ok(formed.length > 40, String(formed.length));
});

test.run();
