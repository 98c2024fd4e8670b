// The production packet programs against the oracle: random policies are compiled, materialized and written into the
// kernel's tables; every event goes through BPF_PROG_TEST_RUN as a packet, at each workload it concerns and at the host; verdict and
// cause must be the oracle's, on cgroups, on interfaces and where XDP denies early. PAIRS=100000 for a long run, SEED=n for another.
// An event here is a new flow: of a request, its connection (the requests themselves are held against the oracle where they are
// decided).
import { setImmediate as otherWork } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { comparePackets, emptyTally, packetCase, tallyLine } from '../harness/compared-packets.ts';
import { kernelTest } from '../harness/kernel.ts';
import { packetHooks } from '../harness/packet-hooks.ts';
import { random, seedOf } from '../harness/random.ts';

const pairs = Number(process.env['PAIRS'] ?? 10_000);

kernelTest('the programs of cgroups, interfaces and XDP say what the oracle says, cause included', async () => {
  const source = random(seedOf('oracle-vs-kernel', 20_260_803));
  const kernel = packetHooks(['cgroup', 'interface', 'early']);
  const tally = emptyTally();
  const [begun, cpu] = [performance.now(), process.cpuUsage()];
  while (tally.pairs < pairs) {
    const one = packetCase(source);
    // Meanwhile the kernel waits for the programs that read the slot that this case gets.
    await otherWork();
    const mismatch = comparePackets(kernel, one, tally);
    if (mismatch !== undefined) assert.unreachable(`policy ${tally.policies}: ${mismatch}`);
  }
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const rate = `${Math.round(tally.pairs / seconds)} pairs/s, ${((user + system) / 1e6).toFixed(1)} s of CPU`;
  console.log(`oracle-vs-kernel: ${tallyLine(tally)}; ${rate}`);
  const { contested, allowed, denied } = tally.events.shares();
  for (const [name, share] of Object.entries({ contested, allowed, denied })) assert.ok(share >= 0.3, `${name}: ${share}`);
});

test.run();
