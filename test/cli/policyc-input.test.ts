// What policyc does with input that is no policy: each kind of bad file has its code, its place and exit code 1; bad
// usage has exit code 2; nothing shows a stack trace.
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder, policyc, type Run, write } from '../harness/policyc.ts';

const good = 'policy p for { app: "a" } { ingress { allow from all at tcp 80 } }\n';

/** Ends with `status`, says `text` on standard error, and never shows our insides. */
function fails({ status, out, error }: Run, wanted: 1 | 2, text: string): void {
  assert.is(status, wanted, `${out}${error}`);
  assert.ok(error.includes(text), `expected ${text} in:\n${error}`);
  assert.not.match(error, /\n\s+at .*\.(ts|js):\d+/);
  assert.not.match(error, /mistake of the program itself/);
}

test('a missing file, a folder without policies', () => {
  fails(policyc(['check', 'missing.policy']), 1, 'missing.policy: error[source/not-found]: no such file or folder: `missing.policy`');
  mkdirSync(join(folder, 'none'));
  write('none/readme.txt', 'x');
  fails(policyc(['check', 'none']), 1, 'error[source/no-policy-files]');
});

test('an empty file, and one of blanks only', () => {
  const empty = policyc(['check', write('empty.policy', '')]);
  fails(empty, 1, 'empty.policy: error[source/empty]');
  const blank = policyc(['check', write('blank.policy', '\uFEFF \n\t\n')]);
  fails(blank, 1, 'error[source/empty]');
  for (const { error } of [empty, blank]) assert.is(error.match(/source\/empty/g)?.length, 1, 'said once');
});

test('a binary file, one that is not UTF-8', () => {
  fails(
    policyc(['check', write('binary.policy', new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 1]))]),
    1,
    'error[source/binary]: not a text: a NUL byte at offset 4',
  );
  const latin1 = Buffer.concat([Buffer.from('// caf'), Buffer.from([0xe9]), Buffer.from('\n')]);
  fails(policyc(['check', write('latin1.policy', latin1)]), 1, 'error[source/not-utf8]: not UTF-8: a wrong byte at offset 6');
  const utf16 = Buffer.from(`\uFEFF${good}`, 'utf16le');
  fails(policyc(['check', write('utf16.policy', utf16)]), 1, 'error[source/binary]');
});

test('a file over the limit, and the limit raised', () => {
  const big = write('big.policy', `${good}// ${'x'.repeat(5_000_000)}\n`);
  fails(policyc(['check', big]), 1, 'error[source/too-large]');
  assert.is(policyc(['check', big, '--max-file-bytes', '6m']).status, 0);
  fails(policyc(['check', write('good.policy', good), '--max-file-bytes', '10']), 1, 'are more than the limit of 10');
});

test('an unreadable file', () => {
  if (process.getuid?.() === 0) {
    console.log('SKIP unreadable file: root may read every file');
    return;
  }
  chmodSync(join(folder, write('secret.policy', good)), 0);
  fails(policyc(['check', 'secret.policy']), 1, 'cannot read `secret.policy`: permission denied');
});

test('a pipe or a device is no policy file', () => {
  fails(policyc(['check', '/dev/zero']), 1, 'it is no regular file');
});

test('a folder is read to its leaves, once, in order; dot folders and node_modules are not', () => {
  write('tree/b.policy', good.replace('policy p', 'policy b'));
  write('tree/sub/a.policy', good.replace('policy p', 'policy a'));
  write('tree/.hidden/x.policy', 'not a policy');
  write('tree/node_modules/x.policy', 'not a policy');
  symlinkSync('..', join(folder, 'tree/sub/up'));
  symlinkSync('b.policy', join(folder, 'tree/c.policy'));
  const { status, out, error } = policyc(['check', 'tree', './tree/b.policy']);
  assert.is(status, 0, error);
  assert.is(out, 'ok: 2 files, 2 policies, 2 rules, 0 test lines\n');
});

test('a symbolic link to itself, and one to nowhere', () => {
  mkdirSync(join(folder, 'links'));
  symlinkSync('self.policy', join(folder, 'links/self.policy'));
  fails(policyc(['check', 'links']), 1, 'source/');
  symlinkSync('gone', join(folder, 'nowhere.policy'));
  fails(policyc(['check', 'nowhere.policy']), 1, 'error[source/not-found]');
});

test('imports outside the given paths are read too', () => {
  write('lib/shared.policy', 'workload db = { app: "db" }\n');
  const user = write('app/user.policy', 'import db from "../lib/shared.policy"\npolicy p for db { ingress { } }\n');
  const { status, out, error } = policyc(['check', user]);
  assert.is(status, 0, error);
  assert.match(out, 'ok: 2 files');
  write('app/wrong.policy', 'import db from "../lib/shard.policy"\npolicy p for db { ingress { } }\n');
  fails(policyc(['check', 'app/wrong.policy']), 1, 'error[resolve/unknown-file]');
  write('lib/broken.policy', 'workload = \n');
  write('app/breaks.policy', 'import x from "../lib/broken.policy"\npolicy p for x { ingress { } }\n');
  fails(policyc(['check', 'app/breaks.policy']), 1, 'lib/broken.policy:1');
});

test('a circle of imports', () => {
  write('circle/one.policy', 'import b from "./two.policy"\nworkload a = { app: "a" }\npolicy p for b { ingress { } }\n');
  write('circle/two.policy', 'import a from "./one.policy"\nworkload b = { app: "b" }\npolicy q for a { ingress { } }\n');
  fails(policyc(['check', 'circle']), 1, 'error[resolve/import-cycle]');
  fails(policyc(['check', 'circle/one.policy']), 1, 'error[resolve/import-cycle]');
});

test('all mistakes at once, with their places', () => {
  const path = write('wrong.policy', 'policy p for nobody { ingress { allow from all at tcp 99999\n alow from all } }\n');
  const { status, error } = policyc(['check', path]);
  assert.is(status, 1);
  for (const text of ['wrong.policy:1:14', 'wrong.policy:1:55', 'wrong.policy:2:2', 'did you mean `allow`']) assert.match(error, text);
});

test('garbage never ends with a stack trace', () => {
  const garbage = [
    '{'.repeat(20_000),
    '((((',
    '"',
    'policy',
    '\u0001\u0002',
    ']'.repeat(100),
    `${'a '.repeat(50_000)}`,
    'policy p for { app: "a" } {{{',
  ];
  for (const [i, text] of garbage.entries()) fails(policyc(['check', write(`garbage-${i}.policy`, text)]), 1, 'error[');
});

test('findings as JSON', () => {
  const { status, out, error } = policyc(['check', 'wrong.policy', '--format', 'json']);
  assert.is(status, 1);
  assert.is(error, '');
  const document = JSON.parse(out);
  assert.is(document.ok, false);
  assert.equal(Object.keys(document.diagnostics[0]).sort(), ['code', 'message', 'place', 'related', 'severity']);
  assert.is(document.diagnostics[0].place.file, 'wrong.policy');
});

test('wrong usage ends with 2 and says what to do', () => {
  fails(policyc([]), 2, 'Usage: policyc');
  fails(policyc(['chek', 'x']), 2, 'Did you mean check?');
  fails(policyc(['check']), 2, "missing required argument 'path'");
  fails(policyc(['check', 'x', '--format', 'xml']), 2, 'Allowed choices are text, json');
  fails(policyc(['check', 'x', '--max-file-bytes', 'many']), 2, 'expected a number of bytes');
  fails(policyc(['build', 'x']), 2, '--output');
  fails(policyc(['diff', 'x']), 2, '`x` is no file or folder, and this folder is in no git repository');
  fails(policyc(['check', 'x', '--wat']), 2, "unknown option '--wat'");
});

test.run();
