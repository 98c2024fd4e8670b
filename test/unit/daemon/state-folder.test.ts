// The lock holds against another process and goes with its holder; what is saved is read back, and damage is no crash.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openIdentities } from '../../../src/runtime/daemon/identities.ts';
import { Refusal } from '../../../src/runtime/daemon/refusal.ts';
import { clearState, loadSaved, save, stateFolderAt, takeLock } from '../../../src/runtime/daemon/state-folder.ts';
import { policySource, ruleSource, writtenIn } from '../../harness/sample-policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'policyc-state-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const module = join(import.meta.dirname, '../../../src/runtime/daemon/state-folder.ts');

/** A process that takes the lock, says so, and waits. */
async function holder(root: string) {
  const script = `import { stateFolderAt, takeLock } from ${JSON.stringify(module)}; takeLock(stateFolderAt(${JSON.stringify(root)})); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

const complaintOf = (action: () => unknown): string => {
  try {
    action();
    return 'none';
  } catch (error) {
    return error instanceof Refusal ? error.complaints.map(({ message }) => message).join() : `unexpected: ${String(error)}`;
  }
};

test('a second one is refused with the process id of the first, until that is gone, killed or not', async () => {
  const state = stateFolderAt(join(folder, 'lock'));
  const child = await holder(state.root);
  assert.is(
    complaintOf(() => takeLock(state)),
    `another policyd (process ${child.pid}) runs with state folder ${state.root}`,
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = takeLock(state);
  assert.match(
    complaintOf(() => takeLock(state)),
    new RegExp(`process ${process.pid}\\)`),
  );
  lock.release();
  takeLock(state).release();
});

test('saved values come back; a missing or damaged file is as if nothing was saved', () => {
  const state = stateFolderAt(join(folder, 'lock'));
  save(state, 'workloads', [1, { a: 'b' }]);
  assert.equal(loadSaved(state, 'workloads'), [1, { a: 'b' }]);
  writeFileSync(join(state.root, 'workloads.json'), '[1, {');
  assert.is(loadSaved(state, 'workloads'), undefined);
  clearState(state);
  assert.is(loadSaved(state, 'workloads'), undefined);
});

test('identities go on where an earlier run ended', () => {
  const state = stateFolderAt(join(folder, 'lock'));
  const sources = writtenIn({
    policies: [policySource('a', 'a.policy', 1)],
    rules: [ruleSource({ file: 'a.policy', line: 2, action: 'allow', section: 'ingress', text: 'allow', audit: true, log: 'x' })],
  });
  const first = openIdentities(state, []);
  const cause = first.causes.numbersOf(sources).rule(0);
  const id = first.ids.idOf('workload a');
  first.save();
  const second = openIdentities(state, [cause]);
  assert.is(second.causes.numbersOf(sources).rule(0), cause);
  assert.is(second.ids.idOf('workload a'), id);
  assert.is(second.ids.idOf('workload b'), id + 1);
  writeFileSync(join(state.root, 'causes.json'), '[["sixteen", {}]]');
  const third = openIdentities(state, [cause]);
  assert.is(third.causes.numbersOf(sources).rule(0), cause + 1, 'a number in pinned counters is not handed out again');
});

test.run();
