// `policyc help`, completions, and how fast the program starts.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder, policyc, program, write } from '../harness/policyc.ts';

test('help: a code by its name, by its last words, and as it stands in a finding', () => {
  const page = policyc(['help', 'check/host-bits']);
  assert.equal([page.status, page.error], [0, '']);
  assert.match(page.out, /^check\/host-bits \(error\)\n\nA CIDR block has bits set/);
  assert.match(page.out, '\nWrong\n\n    network office = 203.0.113.7/24\n');
  assert.not.match(page.out, '```');
  for (const name of ['host-bits', 'error[check/host-bits]', 'CHECK/HOST-BITS']) assert.equal(policyc(['help', name]), page, name);
});

test('help: colours where they are wanted', () => {
  assert.match(policyc(['help', 'host-bits'], { FORCE_COLOR: '1' }).out, '\u001b[1mcheck/host-bits\u001b[22m');
  assert.not.match(policyc(['help', 'host-bits'], { FORCE_COLOR: '1', NO_COLOR: '1' }).out, '\u001b[');
});

test('help: commands, codes, and what is neither', () => {
  assert.is(policyc(['help']).out, policyc(['--help']).out);
  assert.is(policyc(['help', 'diff']).out, policyc(['diff', '--help']).out);
  assert.match(policyc(['help', 'codes']).out, /^check\/host-bits +error$/m);
  const unknown = policyc(['help', 'check/host-bit']);
  assert.equal([unknown.status, unknown.error], [2, 'policyc: no help about `check/host-bit`; did you mean `check/host-bits`?\n']);
});

test('completion: scripts that the shells accept, with what the commands take', () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { status, out } = policyc(['completion', shell]);
    assert.is(status, 0);
    for (const word of ['check', 'explain', 'junit', 'as-of']) assert.ok(out.includes(word), `${shell}: ${word}`);
    const parsed = spawnSync(shell, ['-n', write(`completion.${shell}`, out)], { encoding: 'utf8', cwd: folder });
    if (parsed.error) console.log(`SKIP ${shell}: it is not installed`);
    else assert.equal([parsed.status, parsed.stderr], [0, ''], shell);
  }
  const asked = (...words: readonly string[]) => {
    const line = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _policyc; echo "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', `${policyc(['completion', 'bash']).out}\n${line}`], { encoding: 'utf8' }).stdout.trim();
  };
  assert.is(asked('policyc', 'exp'), 'export explain');
  assert.is(asked('policyc', 'test', '--format', 'j'), 'json junit');
  assert.is(asked('policyc', 'check', '--wa'), '--watch');
  assert.is(asked('policyc', 'diff', '--fail-on', 'newly-allowed:w'), 'newly-allowed:world');
  assert.is(asked('policyc', 'merge-check', '--ba'), '--baseline --base');
  assert.is(asked('policyc', 'help', 'check/host'), 'check/host-bits');
});

/** Files that an entry file imports at once. */
function loadedAtOnce(name: string, seen = new Set<string>()): ReadonlySet<string> {
  seen.add(name);
  const text = readFileSync(join(dirname(program), name), 'utf8');
  for (const [, next = ''] of text.matchAll(/^(?:import|export)[^;(]*?["']\.\/([^"']+)["']/gm))
    if (!seen.has(next)) loadedAtOnce(next, seen);
  return seen;
}

test('what starts at once has no parser: it is in the script of the commands', () => {
  const marks = ['class EmbeddedActionsParser', 'class CstParser', 'chevrotain'];
  const holds = (name: string) => marks.some((mark) => readFileSync(join(dirname(program), name), 'utf8').includes(mark));
  const chunks = readdirSync(dirname(program)).filter((name) => /\.c?js$/.test(name));
  assert.ok(chunks.some(holds), 'no chunk holds the parser: the test looks for the wrong text');
  assert.equal([...loadedAtOnce('policyc.js')].filter(holds), []);
});

test.run();
