// The parser that reads its table of lookahead reads, and refuses, what one does whose lookahead Chevrotain finds out anew: every policy of the
// samples and of the grammar's corpus, and each of them after tokens went missing.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LLkLookaheadStrategy } from 'chevrotain';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PolicyParser } from '../../src/compiler/1-parse/grammar.ts';
import { tokenize } from '../../src/compiler/1-parse/lexer.ts';
import { maxLookahead } from '../../src/compiler/1-parse/lookahead.ts';
import { random, seedOf } from '../harness/random.ts';

const root = join(import.meta.dirname, '..', '..');
const tabled = new PolicyParser();
const computed = new PolicyParser(new LLkLookaheadStrategy({ maxLookahead }));

const filesUnder = (folder: string, ending: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(root, folder, file));

const texts = [...filesUnder('policies', '.policy'), ...filesUnder(join('grammar', 'corpus'), '.txt')].flatMap((file) =>
  readFileSync(file, 'utf8')
    .split(/^==== .*$/m)
    .map((part) => part.split('---- tree\n')[0] ?? ''),
);
const source = random(seedOf('lookahead', 7));

function readBy(parser: PolicyParser, text: string, without: number | undefined): string {
  const tokens = tokenize(text).tokens.filter((_, i) => i !== without);
  const { items, findings, blocks } = parser.attempt({ path: 'one', text }, tokens, true);
  const errors = parser.errors.map(({ name, message, token }) => `${name} ${message} at ${token.startOffset}`);
  return JSON.stringify({ items, findings: findings.length, blocks: blocks.length, errors });
}

test('what is written is read alike', () => {
  assert.ok(texts.length > 50);
  for (const text of texts) assert.is(readBy(tabled, text, undefined), readBy(computed, text, undefined));
});

test('what is wrong is refused alike', () => {
  for (const text of texts) {
    const { tokens } = tokenize(text);
    for (let i = 0; i < 8 && tokens.length > 0; i++) {
      const without = source.int(tokens.length);
      assert.is(readBy(tabled, text, without), readBy(computed, text, without), text);
    }
  }
});

test.run();
