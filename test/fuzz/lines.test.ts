// Files of one line, as large as a policy file may be: they end with few findings that are short enough to read, or are policies.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import { checkUnit } from '../../src/compiler/pipeline.ts';

const size = 4 * 1024 * 1024;
/** `part` as often as it fits between two texts. */
const line = (before: string, part: string, after = ''): string => before + part.repeat(Math.floor((size - 200) / part.length)) + after;
const exec = (operator: string, part: string): string => line(`policy p for all { process { deny exec ${operator} "/`, part, '" } }');

const lines: Readonly<Record<string, readonly [text: string, code: string | undefined]>> = {
  'a word': [line('', 'a'), 'parse/unexpected-token'],
  'a text': [line('"', 'a', '"'), 'parse/unexpected-token'],
  'a text without end': [line('"', 'a'), 'parse/unterminated-string'],
  words: [line('workload a = ', 'a '), 'parse/unexpected-token'],
  'a list': [line('network n = [', '10.0.0.1, ', ']'), undefined],
  brackets: [line('', '('), 'parse/too-deep'],
  'a name': [line('policy p for ', 'x', ' { ingress {} }'), 'resolve/unknown-name'],
  'a path': [exec('', 'x'), 'check/bad-text'],
  'a glob': [exec('glob', '*x'), 'check/bad-text'],
  'a regex': [exec('regex', '(a|b)'), 'check/bad-text'],
};

for (const [name, [text, code]] of Object.entries(lines)) {
  test(`one line of megabytes: ${name}`, () => {
    const start = process.cpuUsage();
    const { diagnostics } = checkUnit([{ path: 'input.policy', text }]);
    const shown = renderDiagnostics(diagnostics, { color: false });
    const { user } = process.cpuUsage(start);
    assert.is(diagnostics[0]?.code, code);
    assert.ok(shown.length < 10_000, `${shown.length} characters are shown`);
    assert.ok(user < 8_000_000, `it takes ${user / 1e6} s of the processor`);
  });
}

test.run();
