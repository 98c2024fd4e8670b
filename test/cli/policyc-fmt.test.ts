// `policyc fmt` as users run it: what it writes, what it leaves alone, what it says.
import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder, policyc, program, write } from '../harness/policyc.ts';

const rough = '// what it is\npolicy p   for {app:"a"}{ ingress { allow from all  at tcp 80 } } // behind\n';
const formed = '// what it is\npolicy p for { app: "a" } { ingress { allow from all at tcp 80 } } // behind\n';
const wrong = 'policy p   for { ingress\n';

const textOf = (path: string) => readFileSync(join(folder, path), 'utf8');
const old = new Date(2001, 0, 1);
const isUntouched = (path: string) => statSync(join(folder, path)).mtimeMs === old.getTime();

/** A folder of three files, all of an old date. */
function tree(name: string): string {
  for (const [file, text] of [
    ['rough', rough],
    ['formed', formed],
    ['wrong', wrong],
  ] as const) {
    write(`${name}/${file}.policy`, text);
    utimesSync(join(folder, name, `${file}.policy`), old, old);
  }
  return name;
}

test('writes what differs, reports what is wrong, touches nothing else', () => {
  tree('plain');
  chmodSync(join(folder, 'plain/rough.policy'), 0o640);
  const { status, out, error } = policyc(['fmt', 'plain']);
  assert.equal([status, out], [1, 'plain/rough.policy\n']);
  assert.match(error, 'plain/wrong.policy:1:');
  assert.equal([textOf('plain/rough.policy'), textOf('plain/wrong.policy')], [formed, wrong]);
  assert.is(statSync(join(folder, 'plain/rough.policy')).mode & 0o777, 0o640);
  assert.ok(isUntouched('plain/formed.policy') && isUntouched('plain/wrong.policy'));
  assert.equal(readdirSync(join(folder, 'plain')).sort(), ['formed.policy', 'rough.policy', 'wrong.policy']);
  assert.equal(policyc(['fmt', 'plain/rough.policy', 'plain/formed.policy']), { status: 0, out: '', error: '' });
});

test('--check lists the files that differ and writes nothing', () => {
  tree('checked');
  assert.equal(policyc(['fmt', '--check', 'checked/rough.policy', 'checked/formed.policy']), {
    status: 1,
    out: 'checked/rough.policy\n',
    error: '',
  });
  assert.equal(policyc(['fmt', '--check', 'checked/formed.policy']), { status: 0, out: '', error: '' });
  const both = policyc(['fmt', '--check', 'checked']);
  assert.equal([both.status, both.out], [1, 'checked/rough.policy\n']);
  assert.match(both.error, 'checked/wrong.policy:1:');
  assert.ok(isUntouched('checked/rough.policy'));
});

test('--stdout and standard input print the text', () => {
  tree('printed');
  assert.equal(policyc(['fmt', '--stdout', 'printed/rough.policy']), { status: 0, out: formed, error: '' });
  assert.ok(isUntouched('printed/rough.policy'));
  const pipe = (input: string, ...options: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'fmt', '-', ...options], { input, encoding: 'utf8' });
    return { status, out: stdout, error: stderr };
  };
  assert.equal(pipe(rough), { status: 0, out: formed, error: '' });
  assert.equal(pipe(rough, '--check'), { status: 1, out: '<stdin>\n', error: '' });
  const { status, out, error } = pipe(wrong);
  assert.equal([status, out], [1, '']);
  assert.match(error, '<stdin>:1:');
  assert.match(pipe('').error, 'source/empty');
  assert.match(pipe('a\0b').error, 'source/binary');
});

test('a symbolic link stays one, and its file is written', () => {
  write('linked/real.txt', rough);
  symlinkSync('real.txt', join(folder, 'linked/link.policy'));
  assert.is(policyc(['fmt', 'linked']).status, 0);
  assert.ok(lstatSync(join(folder, 'linked/link.policy')).isSymbolicLink());
  assert.is(textOf('linked/real.txt'), formed);
});

test('names are not looked up', () => {
  write('alone.policy', 'import a from "./not-here.policy"\npolicy p for a { ingress { allow from unknown } }\n');
  assert.equal(policyc(['fmt', '--check', 'alone.policy']), { status: 0, out: '', error: '' });
});

test('JSON', () => {
  tree('json');
  const document = JSON.parse(policyc(['fmt', '--check', 'json', '--format', 'json']).out);
  assert.is(document.ok, false);
  assert.equal(document.files, [
    { file: 'json/formed.policy', changed: false },
    { file: 'json/rough.policy', changed: true },
  ]);
  assert.ok(document.diagnostics.length > 0);
  const { files } = JSON.parse(policyc(['fmt', '--stdout', 'json/rough.policy', '--format', 'json']).out);
  assert.equal(files, [{ file: 'json/rough.policy', changed: true, text: formed }]);
});

test('wrong usage, and its help', () => {
  assert.is(policyc(['fmt']).status, 2);
  assert.is(policyc(['fmt', '-', 'x.policy']).status, 2);
  assert.is(policyc(['fmt', '--check', '--stdout', 'x.policy']).status, 2);
  const missing = policyc(['fmt', 'missing.policy']);
  assert.is(missing.status, 1);
  assert.match(missing.error, 'source/not-found');
  const { status, out } = policyc(['fmt', '--help']);
  assert.is(status, 0);
  for (const text of ['--check', '--stdout', 'Examples:', 'Exit codes:']) assert.match(out, text);
});

test.run();
