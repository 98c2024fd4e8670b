// The tokens of a text, read by hand, are those of Chevrotain's lexer over the same patterns.
import { Lexer } from 'chevrotain';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tokenize } from '../../src/compiler/1-parse/lexer.ts';
import { concrete } from '../../src/compiler/1-parse/tokens.ts';
import { programText } from '../harness/program-text.ts';

const lexer = new Lexer([...concrete], { lineTerminatorsPattern: /\n/g, lineTerminatorCharacters: ['\n'] });

const piece = fc.constantFrom(
  ...[
    'in',
    'invariant',
    'including',
    'port',
    'ports',
    'cafe',
    'a:',
    'a::1',
    ':',
    '::',
    '1:2:3',
    'face:b00c::1/64',
    '10',
    '10.0',
    '10/8',
    '10/s',
    '4KiB',
  ],
  ...[
    '2026-12-31',
    '2026-12-310',
    '8000-8100',
    '-',
    '->',
    '--',
    'a-b',
    'a-',
    '-a',
    '"',
    '"a"',
    '\\',
    '\\"',
    '//',
    '/',
    '\n',
    '\r\n',
    ' ',
    '\t',
    '\uFEFF',
  ],
  ...['{', '}', '[', ']', '(', ')', ',', ';', '=', '.', '@', '$', '#', 'é', '_x', '1_000', '0x1f', '𝒳'],
);
const soup = fc.array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 30 }).map((pieces) => pieces.join(''));

test('random texts', () => {
  const property = fc.property(fc.oneof(soup, programText), (text) => {
    const [found, wanted] = [tokenize(text), lexer.tokenize(text)];
    assert.equal(
      found.tokens.map(({ image, startOffset, endOffset, startLine, tokenType }) => [
        tokenType.name,
        image,
        startOffset,
        endOffset,
        startLine,
      ]),
      wanted.tokens.map(({ image, startOffset, endOffset, startLine, tokenType }) => [
        tokenType.name,
        image,
        startOffset,
        endOffset,
        startLine,
      ]),
      JSON.stringify(text),
    );
    assert.equal(
      found.errors.map(({ offset, length }) => [offset, length]),
      wanted.errors.map(({ offset, length }) => [offset, length]),
      JSON.stringify(text),
    );
    assert.equal(
      found.unterminated.map(({ startOffset }) => startOffset),
      found.tokens.filter(({ tokenType }) => tokenType.name === 'Unterminated').map(({ startOffset }) => startOffset),
    );
  });
  fc.assert(property, { numRuns: 2000 });
});

test.run();
