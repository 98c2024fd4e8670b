// What is written for Tetragon and read again means the same, refusals with their errno and signals with their name: random process
// rules, of which those that Tetragon cannot say are refused as a whole.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isError } from '../../src/compiler/diagnostics/diagnostic.ts';
import { renderDiagnostics } from '../../src/compiler/diagnostics/render.ts';
import type { Decided, Verdict } from '../../src/compiler/ir/event.ts';
import { type CheckedUnit, checkUnit, diffUnits, documentsText, exportUnit } from '../../src/compiler/pipeline.ts';
import { type Random, random, seedOf } from '../harness/random.ts';

/** By the class of the event. */
const operands: Readonly<Record<string, readonly string[]>> = {
  exec: [
    '"/usr/bin/node"',
    'under "/usr"',
    'glob "/**sh"',
    'under "/tmp" caller ["/bin/a", under "/opt"]',
    'under "/" lineage entered',
    '"/bin/sh" parent not "/sbin/init"',
    'under "/usr" scope container',
    '["/usr/bin/node", under "/opt/tools"] parent under "/usr"',
  ],
  read: ['under "/etc"', '["/etc/shadow", glob "/root/**"]', 'under "/etc" binary not "/usr/bin/dpkg"', 'under "/" scope host'],
  write: ['under "/etc"', '"/etc/passwd" binary "/usr/bin/passwd"', 'under "/srv" lineage entered', 'under "/var" parent under "/usr"'],
  syscall: [
    '[ptrace, bpf]',
    'setuid argument 0 = [0, 100-199]',
    'unlink path under "/home"',
    'binary "/usr/bin/kill"',
    'ptrace scope host',
  ],
  capability: ['[sys_admin, net_raw]', 'net_raw binary under "/usr"', 'lineage entered'],
  connect: [
    '10.0.0.0/8',
    '[10.0.0.0/8, 2001:db8::/33] remote-port [80, 8000-8100] protocol tcp',
    'address not [127.0.0.0/8, ::1]',
    'remote-port 80',
    'remote-port not [80, 443] protocol tcp binary "/usr/bin/curl"',
    'remote-port not [22, 80-90, 443, 8080, 9000]',
    'protocol udp binary "/usr/bin/curl"',
  ],
  create: ['kind folder', 'kind [file, pipe] scope host', 'binary "/bin/x"'],
  mount: ['under "/mnt"', 'under "/mnt" type "nfs*"'],
  bpf: ['[prog_load, map_create]', 'prog_load'],
  socket: ['type raw', 'type raw protocol 1'],
  load: ['under "/tmp"', '"/d" scope container', 'glob "/**.so"'],
};
const names = Object.keys(operands);

function ruleOf(maker: Random, classes: readonly string[], isList: boolean): string {
  const name = maker.pick(classes);
  const action = maker.pick(isList ? ['allow', 'allow', 'deny', 'kill', 'audit'] : ['deny', 'kill', 'audit', 'deny']);
  const errno = action === 'deny' && maker.chance(0.2) ? ' errno EACCES' : '';
  const signal = action === 'kill' && maker.chance(0.2) ? ' signal SIGTERM' : '';
  return `${action} ${name} ${maker.pick(operands[name] ?? [''])}${errno}${signal}`;
}

function policies(maker: Random): string {
  const isList = maker.chance(0.5);
  const classes = [maker.pick(names), ...maker.some(names, 0.1)];
  const one = (place: number): string => {
    const rules = Array.from({ length: 1 + maker.int(4) }, () => ruleOf(maker, classes, isList));
    const lines = isList && maker.chance(0.7) ? [`default deny ${maker.pick(classes)}`, ...rules] : rules;
    const subject = isList ? 'a' : maker.pick(['a', 'b']);
    const mode = maker.chance(0.2) ? ' mode audit' : '';
    return `policy p${place} for { app: "${subject}" }${mode} {\n  process {\n    ${lines.join('\n    ')}\n  }\n}`;
  };
  return Array.from({ length: 1 + maker.int(2) }, (_, place) => one(place)).join('\n');
}

/** Undefined of documents in which selectors leave something to others that the language has no word for. */
function readAgain(text: string): CheckedUnit | undefined {
  const unit = checkUnit([{ path: 'b.yaml', text }]);
  const other = unit.diagnostics.filter((one) => isError(one) && one.code !== 'import/unsupported');
  assert.is(other.length, 0, `${text}\n${renderDiagnostics(other, { color: false })}`);
  return unit.ok ? unit.value : undefined;
}

/** What happens to who does it: with which errno, by which signal. */
function decidedIn({ action, cause }: Decided, { typed }: CheckedUnit): string {
  const rule = cause.kind === 'rule' ? typed.rules[cause.rule] : undefined;
  if (action === 'allowed' || rule?.section !== 'process') return action === 'allowed' ? action : 'deny EPERM';
  return rule.action === 'kill' ? `kill ${rule.signal ?? 'SIGKILL'}` : `${rule.action} ${rule.errno ?? 'EPERM'}`;
}

const doneIn = (verdict: Verdict, unit: CheckedUnit): string =>
  `${decidedIn(verdict, unit)}${verdict.audit ? ` audit ${verdict.audit.action}` : ''}`;

function differences(before: CheckedUnit, after: CheckedUnit): readonly string[] {
  const found = diffUnits(before, after);
  if (!found.ok) throw new Error('not compared');
  return found.value.flatMap(({ effect, domain, witness }) => {
    const isSame = effect === 'another-rule' && doneIn(witness.before, before) === doneIn(witness.after, after);
    return isSame ? [] : [`${domain}: ${effect}`];
  });
}

test('random process rules, written for Tetragon and read again', () => {
  const maker = random(seedOf('export-tetragon', 11));
  let compared = 0;
  for (let round = 0; round < 150; round++) {
    const text = policies(maker);
    const before = checkUnit([{ path: 'a.policy', text }]);
    assert.ok(before.ok, text);
    const written = before.ok ? exportUnit(before.value, 'tetragon') : before;
    if (!before.ok || !written.ok || written.value.length === 0) continue;
    const documents = documentsText(written.value);
    const after = readAgain(documents);
    if (!after) continue;
    assert.equal(differences(before.value, after), [], `${text}\n${documents}`);
    compared++;
  }
  console.log(`${compared} of 150 can be said and read`);
  assert.ok(compared >= 30);
});

const examples = join(import.meta.dirname, '..', '..', '..', 'shared', 'corpora', 'tetragon', 'examples');

if (!existsSync(examples)) {
  console.log(`SKIP public policies: there is no ../shared/corpora/tetragon/examples beside the project`);
  test.skip('public policies', () => undefined);
} else
  test('public policies, read, written, read again', () => {
    const files = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));
    let compared = 0;
    for (const name of files.sort()) {
      const before = checkUnit([{ path: 'a.yaml', text: readFileSync(join(examples, name), 'utf8') }]);
      const written = before.ok ? exportUnit(before.value, 'tetragon') : before;
      if (!before.ok || !written.ok || written.value.length === 0) continue;
      const documents = documentsText(written.value);
      const after = readAgain(documents);
      assert.ok(after, name);
      if (after) assert.equal(differences(before.value, after), [], `${name}\n${documents}`);
      compared++;
    }
    console.log(`${compared} of ${files.length} files`);
    assert.ok(compared > 25, String(compared));
  });

test.run();
