// `policyc merge-check`, of folders and of revisions.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder, policyc, program, write } from '../harness/policyc.ts';

const base = `policy db for { app: "db" } {
  ingress {
    allow from { app: "web" } at tcp 5432
    deny from { env: "dev" } at tcp [5432, 5433]



    deny from { env: "dev", app: exists } at tcp 5432
  }
}
`;
const without = (line: RegExp) => base.replace(line, '');
const states = { base, a: without(/ *deny from \{ env: "dev" \}.*\n/), b: without(/ *deny from \{ env: "dev", app.*\n/) };
for (const [name, text] of Object.entries(states)) write(`${name}/db.policy`, text);

const expected = `together, and by neither change alone
 newly allowed
  ingress of { app: "db" }
  + from { app: "web", env: "dev" } at tcp 5432
      1 identity from 1 identity, 1 port
      for example { app: "web", env: "dev" } -> { app: "db" } tcp 5432
        $ nc -vz -w 3 "$DESTINATION" 5432
    before: denied by db, FROM/db.policy:4: deny from { env: "dev" } at tcp [5432, 5433]
    after:  allowed by db, TO/db.policy:3: allow from { app: "web" } at tcp 5432
`;

test('two changes that are harmless alone and not together', () => {
  for (const name of ['a', 'b']) assert.is(policyc(['diff', 'base', name, '--fail-on', 'newly-allowed']).status, 0, name);
  const { status, out, error } = policyc(['merge-check', 'a', 'b', '--base', 'base']);
  assert.equal([status, out, error], [1, expected.replace('FROM', 'base').replace('TO', 'a'), '']);
  const document = JSON.parse(policyc(['merge-check', 'a', 'b', '--base', 'base', '--format', 'json']).out);
  assert.equal([document.ok, document.together.changes.length, document.undoneOurs.changes], [false, 1, []]);
});

test('changes that do the same together', () => {
  const { status, out } = policyc(['merge-check', 'a', 'a', '--base', 'base']);
  assert.equal([status, out], [0, 'each change does together with the other what it does alone: proved for all events\n']);
});

test('a change that the other undoes', () => {
  write('open/db.policy', base.replace('  ingress {', '  ingress {\n    allow from { app: "batch" } at tcp 5432'));
  write('closed/db.policy', base);
  write('closed/guard.policy', 'policy guard for { app: "db" } tier admin { ingress { deny from { app: "batch" } } }\n');
  const { status, out } = policyc(['merge-check', 'open', 'closed', '--base', 'base']);
  assert.is(status, 1);
  assert.match(out, /^what open does is undone by closed\n newly denied\n {2}ingress of \{ app: "db" \}\n {2}- from \{ app: "batch"/);
});

test('lines that git cannot merge, a merge that is wrong, and a base that nobody said', () => {
  write('c/db.policy', base.replace('tcp 5432\n', 'tcp 5439\n'));
  write('d/db.policy', base.replace('tcp 5432\n', 'tcp 5440\n'));
  const conflict = policyc(['merge-check', 'c', 'd', '--base', 'base']);
  assert.is(conflict.status, 1);
  assert.match(conflict.error, 'policyc: git could not merge `db.policy`: merge by hand');
  for (const name of ['e', 'f']) {
    write(`${name}/db.policy`, base);
    write(`${name}/${name}.policy`, 'policy twice for { app: "x" } { ingress { } }\n');
  }
  const wrong = policyc(['merge-check', 'e', 'f', '--base', 'base']);
  assert.is(wrong.status, 1);
  assert.match(wrong.error, 'twice');
  assert.match(policyc(['merge-check', 'a', 'b']).error, '`--base` says it');
  assert.match(policyc(['merge-check', 'a']).error, 'expected two changes');
});

test('two branches, from where they parted', () => {
  const repository = join(folder, 'repository');
  mkdirSync(repository);
  const git = (...args: readonly string[]) => {
    const { status, stderr } = spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
      cwd: repository,
      encoding: 'utf8',
    });
    assert.is(status, 0, stderr);
  };
  git('init', '-q', '-b', 'main');
  for (const [branch, text] of Object.entries(states)) {
    git('checkout', '-q', ...(branch === 'base' ? ['-B', 'main'] : ['-b', branch, 'main']));
    write('repository/policies/db.policy', text);
    git('add', '-A');
    git('commit', '-q', '-m', branch);
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'merge-check', 'a', 'b', '--', 'policies'], {
    cwd: repository,
    encoding: 'utf8',
  });
  assert.equal([status, stdout, stderr], [1, expected.replace('FROM', 'policies').replace('TO', 'policies'), '']);
});

test.run();
