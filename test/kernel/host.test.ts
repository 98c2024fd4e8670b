// The host as a subject, decided by the programs as they are. A cgroup of the test's own stands in the place of the root of all:
// what is below it and no workload's is the host, here.
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedEndpoint, layouts } from '../../src/compiler/ir/abi.ts';
import { encode } from '../../src/compiler/ir/layout.ts';
import { transportPoints } from '../../src/compiler/space/transport.ts';
import { mapUpdate } from '../../src/runtime/ffi/libbpf.ts';
import { cgroupId } from '../../src/runtime/kernel/cgroups.ts';
import { u32 } from '../../src/runtime/kernel/entries.ts';
import { hostState } from '../../src/runtime/kernel/host.ts';
import { monotonicNow } from '../../src/runtime/kernel/revision.ts';
import { type Attached, attachedTo } from '../harness/attached.ts';
import { content, kernelTest, mapOf, privateCgroup } from '../harness/kernel.ts';
import { type Agent, startAgent, stopAgents } from '../harness/socket-agents.ts';

const workload = 16;
const classes = { host: 2, workload: 3 } as const;
const [denied, allowed] = [20, 21];
const silence = 300;

type Scene = {
  readonly net: Attached;
  readonly agents: Readonly<Record<'service' | 'other' | 'own' | 'workload' | 'elsewhere' | 'beside', Agent>>;
  readonly exempt: bigint;
};
let made: Scene | undefined;

function scene(): Scene {
  if (made) return made;
  const machine = privateCgroup('machine');
  const below = (name: string): { readonly id: bigint; readonly path: string; readonly name: string } => {
    const path = join(machine.path, name);
    mkdirSync(path);
    return { id: cgroupId(path), path, name };
  };
  const [service, own, box] = [below('service'), below('policyd'), below('workload')];
  const net = attachedTo(['net/cgroup_skb', 'net/connect'], [machine]);
  const agents = {
    service: startAgent(service),
    other: startAgent(service),
    own: startAgent(own),
    workload: startAgent(box),
  };
  const elsewhere = startAgent(service, 'new');
  // Subject class 1 is the host: it may call the workload, or be called by it, as `rules` say; the workload is held to nothing.
  net.install(contentOf([], box.id));
  made = { net, agents: { ...agents, elsewhere, beside: startAgent(box, elsewhere) }, exempt: own.id };
  boxId = box.id;
  return made;
}
let boxId = 0n;

type Ways = readonly ('ingress' | 'egress')[];
const contentOf = (open: Ways, cgroup: bigint) =>
  content({
    cgroups: [{ cgroup, endpoint: workload }],
    endpoints: [
      { id: fixedEndpoint.host, subjectClass: 1, peerClass: classes.host },
      { id: workload, subjectClass: 0, peerClass: classes.workload },
    ],
    ports: new Uint8Array(2 * transportPoints),
    rows: [0, 1, ...Object.values(classes)].flatMap((peerClass) =>
      (['ingress', 'egress'] as const).map((section) => ({
        subjectClass: 1,
        peerClass,
        section,
        base: peerClass === classes.workload && open.includes(section) ? 2 : 1,
      })),
    ),
    verdicts: [{ action: 'absent' }, { action: 'deny', cause: denied }, { action: 'allow', cause: allowed }],
  });

type Rule = { readonly until?: bigint; readonly exempt?: bigint; readonly network?: number };
/** Puts the host under a policy that opens `open`; `rule` as the table `host` has it. */
function govern(open: Ways, rule: Rule = {}): Scene {
  const all = scene();
  const { until = 0n, exempt = 0n, network = statSync('/proc/self/ns/net').ino } = rule;
  mapUpdate(mapOf(all.net.loaded, 'host'), u32(0), encode(layouts.host, { until, exempt, network }));
  all.net.install(contentOf(open, boxId));
  return all;
}

let serial = 0;
const newId = (): string => `h${serial++}`;
async function listen(agent: Agent): Promise<number> {
  const { result, port } = await agent.tell({ do: 'listen', id: newId(), host: '127.0.0.1', port: 0 });
  assert.is(result, 'ok');
  return port ?? 0;
}
const dial = async (from: Agent, port: number): Promise<string> =>
  (await from.tell({ do: 'connect', id: newId(), host: '127.0.0.1', port, wait: silence })).result;
async function echoed(from: Agent, to: Agent): Promise<string> {
  const { port } = await to.tell({ do: 'bind', id: newId(), host: '127.0.0.1', port: 0 });
  return (await from.tell({ do: 'ask', id: newId(), host: '127.0.0.1', port: port ?? 0, connected: false, wait: silence })).result;
}

kernelTest('what the host sends and what comes to it is decided by its policies', async () => {
  const { agents } = govern([]);
  const [atWorkload, atHost] = [await listen(agents.workload), await listen(agents.service)];
  assert.is(await dial(agents.service, atWorkload), 'EPERM', 'at once');
  assert.is(await dial(agents.workload, atHost), 'timeout');
  assert.is(await echoed(agents.service, agents.workload), 'EPERM');
  assert.is(await echoed(agents.workload, agents.service), 'timeout');
  govern(['egress']);
  assert.is(await dial(agents.service, atWorkload), 'ok');
  assert.is(await echoed(agents.service, agents.workload), 'ok', 'the answer, too');
  assert.is(await dial(agents.workload, atHost), 'timeout');
  govern(['ingress']);
  assert.is(await dial(agents.service, atWorkload), 'EPERM');
  assert.is(await dial(agents.workload, atHost), 'ok');
  assert.is(await echoed(agents.workload, agents.service), 'ok');
});

kernelTest('it is counted as what it is', async () => {
  const { agents, net } = govern([]);
  const port = await listen(agents.workload);
  const raised = await net.raisedBy(async () => void (await dial(agents.service, port)));
  assert.ok(
    raised.some((one) => JSON.stringify(one).includes(String(denied))),
    JSON.stringify(raised),
  );
});

kernelTest('what the host says to itself over loopback always passes, and closed ports are answered', async () => {
  const { agents } = govern([]);
  assert.is(await dial(agents.service, await listen(agents.other)), 'ok');
  assert.is(await echoed(agents.other, agents.service), 'ok');
  assert.is(await dial(agents.service, 1), 'ECONNREFUSED', 'a reset of the kernel');
});

kernelTest('policyd itself is exempt, and what is in another network namespace is not this host', async () => {
  const { agents, exempt } = govern([], { exempt: scene().exempt });
  const port = await listen(agents.workload);
  assert.is(await dial(agents.own, port), 'ok');
  assert.is(await dial(agents.service, port), 'EPERM', 'others are not');
  assert.ok(exempt > 0n);
  govern([]);
  assert.is(await dial(agents.own, port), 'EPERM', 'no more');
  assert.is(await dial(agents.elsewhere, await listen(agents.beside)), 'ok', 'to the workload, from a namespace of its own');
  govern([], { network: 1 });
  assert.is(await dial(agents.service, port), 'ok', 'nobody is of that namespace');
});

kernelTest('an unconfirmed policy ends by itself in the kernel, for sockets that were decided before, too', async () => {
  const { agents, net } = govern(['egress'], { until: monotonicNow() + 1_500_000_000n });
  const [port, own] = [await listen(agents.workload), await listen(agents.service)];
  assert.is(hostState(net.loaded.maps)?.isOver, false);
  assert.is(await dial(agents.service, port), 'ok');
  assert.is(await dial(agents.workload, own), 'timeout', 'still denied');
  await new Promise((resolve) => setTimeout(resolve, 1600));
  assert.is(hostState(net.loaded.maps)?.isOver, true);
  assert.is(await dial(agents.workload, own), 'ok', 'nobody confirmed it');
});

kernelTest('without a rule for it nobody is the host', async () => {
  const { agents } = govern([], { network: 0 });
  assert.is(await dial(agents.service, await listen(agents.workload)), 'ok');
});

test.after(stopAgents);
test.run();
