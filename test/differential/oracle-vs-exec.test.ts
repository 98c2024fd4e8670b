// Real program starts against the oracle: random policies are compiled and put in force on the cgroup of a workload, which starts real
// programs; what runs, what is killed before it writes a byte, and the cause that is told are the oracle's.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { verdictOfProcess } from '../../src/compiler/analysis/oracle.ts';
import { attachMachine } from '../../src/runtime/kernel/attach.ts';
import { typedPolicy } from '../harness/compile.ts';
import { contentOfStart, execPrograms, randomExecPolicy } from '../harness/exec-cases.ts';
import { govern, workload } from '../harness/governed.ts';
import { atEnd, expectOk, inCgroup, kernelTest, loadTemplates, privateCgroup, privatePins } from '../harness/kernel.ts';
import { patience } from '../harness/patience.ts';
import { random, seedOf } from '../harness/random.ts';

const policies = Math.ceil(Number(process.env['POLICIES'] ?? 40) / patience);

function programs(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'policyc-starts-')));
  atEnd(() => rmSync(folder, { recursive: true }));
  for (const name of execPrograms) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    copyFileSync('/bin/echo', join(folder, name));
  }
  return folder;
}

kernelTest('random policies and program starts: the kernel says what the oracle says, cause included', () => {
  const [folder, cgroup] = [programs(), privateCgroup('starts')];
  const loaded = loadTemplates(['run/exec'], privatePins());
  const governed = govern(loaded, cgroup);
  expectOk(attachMachine(loaded));
  const source = random(seedOf('starts', 20_261_122));
  const tally = { runs: 0, killed: 0 };
  for (let round = 0; round < policies; round++) {
    const text = randomExecPolicy(source, folder);
    const policy = typedPolicy(text);
    governed.install(policy);
    for (const name of execPrograms) {
      const path = join(folder, name);
      const expected = verdictOfProcess(policy, { kind: 'process', domain: 'exec', subject: workload, content: contentOfStart(path) });
      governed.events();
      const { signal, stdout } = inCgroup(cgroup, () => spawnSync(path, ['ran'], { encoding: 'utf8' }));
      const events = governed.events();
      const about = `${path}: ${JSON.stringify(expected)}, ${events.map(({ verdict, text: said }) => `${verdict} ${said}`).join()}\n${text}`;
      const runs = expected.action === 'allowed';
      assert.equal([signal, stdout], runs ? [null, 'ran\n'] : ['SIGKILL', ''], about);
      const [event, ...more] = events;
      assert.equal(more, [], about);
      assert.equal(event && [event.text, governed.causeOf(event)], [path, expected.cause], about);
      tally[runs ? 'runs' : 'killed']++;
    }
  }
  console.log(`starts: ${JSON.stringify(tally)} under ${policies} policies`);
  assert.ok(tally.runs > policies && tally.killed > policies);
});

test.run();
