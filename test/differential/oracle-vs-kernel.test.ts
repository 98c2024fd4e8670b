// The production packet programs against the oracle: random policies are compiled, materialized and written into the
// kernel's tables; every event goes through BPF_PROG_TEST_RUN as a packet, at each workload it concerns and at the host; verdict and
// cause must be the oracle's, on cgroups, on interfaces and where XDP denies early. An event here is a new flow: of a request, its
// connection (the requests themselves are held against the oracle where they are decided).
//
//   PAIRS=100000 SEED=n     a long run, another seed. Says every 1,000 policies how far it is; SIGTERM ends it with what it found.
//   npm run pairs           millions of them, on other kernels too
import { setImmediate as otherWork } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventTally } from '../harness/arbitrary.ts';
import { type AskedPackets, comparePackets, emptyTally, packetCase, tallyLine } from '../harness/compared-packets.ts';
import { kernelTest } from '../harness/kernel.ts';
import { packetHooks } from '../harness/packet-hooks.ts';
import { random, seedOf } from '../harness/random.ts';

const pairs = Number(process.env['PAIRS'] ?? 10_000);
const policiesPerLine = 1000;

const events = eventTally();

/** Cases without end, from the seed. */
function* madeCases(): Generator<AskedPackets> {
  const source = random(seedOf('oracle-vs-kernel', 20_260_803));
  for (;;) {
    const { typed, asked } = packetCase(source);
    for (const event of asked.events) events.add(typed, event);
    yield asked;
  }
}

kernelTest('the programs of cgroups, interfaces and XDP say what the oracle says, cause included', async () => {
  const kernel = packetHooks(['cgroup', 'interface', 'early']);
  const tally = emptyTally();
  const [begun, cpu] = [performance.now(), process.cpuUsage()];
  const say = (): void => {
    const { user, system } = process.cpuUsage(cpu);
    const rate = `${Math.round(tally.pairs / ((performance.now() - begun) / 1000))} pairs/s, ${((user + system) / 1e6).toFixed(1)} s of CPU`;
    console.log(`oracle-vs-kernel: ${tallyLine(tally)}; ${events.line()}; ${rate}`);
  };
  process.prependListener('SIGTERM', say);
  for (const asked of madeCases()) {
    // Meanwhile the kernel waits for the programs that read the slot that this case gets, and signals come in.
    await otherWork();
    const mismatch = comparePackets(kernel, asked, tally);
    if (mismatch !== undefined) assert.unreachable(`policy ${tally.policies}: ${mismatch}`);
    if (tally.policies % policiesPerLine === 0) say();
    if (tally.pairs >= pairs) break;
  }
  say();
  const { contested, allowed, denied } = events.shares();
  for (const [name, share] of Object.entries({ contested, allowed, denied })) assert.ok(share >= 0.3, `${name}: ${share}`);
});

test.run();
