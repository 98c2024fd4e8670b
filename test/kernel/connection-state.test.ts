// State of real connections between two network namespaces: opened from both sides at once, on the ports of an earlier one, and through
// the address translation of nftables. One end is a workload of programs on its cgroup; who begins is decided once, and its replies pass.
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedEndpoint, matchType } from '../../src/compiler/ir/abi.ts';
import { parseAddress } from '../../src/compiler/space/address.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import { type Attached, attachedTo } from '../harness/attached.ts';
import { content, kernelTest, privateCgroup } from '../harness/kernel.ts';
import { portsImage } from '../harness/packet-policy.ts';
import { patience } from '../harness/patience.ts';
import { type Agent, startAgent, stopAgents } from '../harness/socket-agents.ts';

const workload = 16;
const [denied, allowed] = [20, 21];
const families = ['v4', 'v6'] as const;
type Family = (typeof families)[number];
const near = { v4: '10.93.0.1', v6: 'fd93::1' };
const far = { v4: '10.93.0.2', v6: 'fd93::2' };
/** An address that nobody has: what is sent there goes to `far`. */
const virtual = { v4: '10.94.0.1', v6: 'fd94::1' };
const ports = { open: 6001, shut: 6002, virtual: 80, own: 6003 };
const wait = 1500 * patience;
/** After so long, what does not come is taken for lost. */
const silence = 400 * patience;

type Scene = { readonly net: Attached; readonly here: Agent; readonly there: Agent; readonly cgroup: bigint };
let made: Scene | undefined;

const inside = (agent: Agent, ...command: readonly string[]): string =>
  execFileSync('nsenter', ['--target', String(agent.pid), '--net', ...command], { encoding: 'utf8' });

/** Two agents with a network namespace each, and a pair of interfaces between them. */
async function scene(): Promise<Scene> {
  if (made) return made;
  const cgroup = privateCgroup('connections');
  const net = attachedTo(['net/cgroup_skb', 'net/connect', 'l7/stream'], [cgroup]);
  const [here, there] = [startAgent(cgroup, 'new'), startAgent(undefined, 'new')];
  for (const agent of [here, there]) await agent.tell({ do: 'close', id: '' });
  const pid = (agent: Agent): string => String(agent.pid);
  inside(here, 'ip', 'link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far', 'netns', pid(there));
  for (const [agent, name, addresses] of [
    [here, 'near', near],
    [there, 'far', far],
  ] as const) {
    inside(agent, 'ip', 'addr', 'add', `${addresses.v4}/24`, 'dev', name);
    inside(agent, 'ip', '-6', 'addr', 'add', `${addresses.v6}/64`, 'dev', name, 'nodad');
    inside(agent, 'ip', 'link', 'set', name, 'up');
  }
  inside(here, 'ip', 'route', 'add', 'default', 'via', far.v4);
  inside(here, 'ip', '-6', 'route', 'add', 'default', 'via', far.v6);
  made = { net, here, there, cgroup: cgroup.id };
  return made;
}

type Way = 'egress' | 'ingress';
const both = (port: number) => [transportPoint('tcp', port), transportPoint('udp', port)];
const addressesOf = (one: Readonly<Record<Family, string>>, endpoint: number) =>
  families.map((family) => ({ address: parseAddress(one[family]) ?? 0n, endpoint }));

/** Whom the workload may call, and who may call it, on the open ports and the virtual one; nobody may use any other. */
const policy = (open: readonly Way[], cgroup: bigint) =>
  content({
    cgroups: [{ cgroup, endpoint: workload }],
    addresses: addressesOf(near, workload),
    endpoints: [
      { id: fixedEndpoint.host, subjectClass: 0, peerClass: 2 },
      { id: workload, subjectClass: 1, peerClass: 2 },
    ],
    ports: portsImage([...both(ports.open), ...both(ports.virtual), ...both(ports.own)]),
    rows: [0, 1, 2].flatMap((peerClass) =>
      (['ingress', 'egress'] as const).map((section) => ({ subjectClass: 1, peerClass, section, base: open.includes(section) ? 1 : 3 })),
    ),
    verdicts: [
      { action: 'absent' },
      { action: 'deny', cause: denied },
      { action: 'allow', cause: allowed, match: matchType['l4-only'] },
      { action: 'deny', cause: denied },
      { action: 'deny', cause: denied },
    ],
  });

let serial = 0;
const newId = (): string => `s${serial++}`;

/** Are packets to the other end lost? They go to an Ethernet address that nobody has. */
function lose({ here, there }: Scene, family: Family, lost: boolean): void {
  const option = family === 'v6' ? ['-6'] : [];
  const address = (agent: Agent, name: string): string => /link\/ether (\S+)/.exec(inside(agent, 'ip', 'link', 'show', name))?.[1] ?? '';
  const nobody = '02:00:00:00:00:99';
  for (const [agent, name, to, ether] of [
    [here, 'near', far, address(there, 'far')],
    [there, 'far', near, address(here, 'near')],
  ] as const)
    inside(agent, 'ip', ...option, 'neigh', 'replace', to[family], 'lladdr', lost ? nobody : ether, 'dev', name, 'nud', 'permanent');
}

for (const family of families)
  kernelTest(`a connection that both sides open at once is the one that the workload opened, ${family}`, async () => {
    const it = await scene();
    const { net, here, there, cgroup } = it;
    net.install(policy(['egress'], cgroup));
    lose(it, family, true);
    const [mine, theirs] = [newId(), newId()];
    const opened = [
      here.tell({ do: 'connect', id: mine, host: far[family], port: ports.open, from: ports.shut, wait: 4 * wait }),
      there.tell({ do: 'connect', id: theirs, host: near[family], port: ports.shut, from: ports.open, echoes: true, wait: 4 * wait }),
    ];
    await sleep(200 * patience);
    lose(it, family, false);
    assert.equal(
      (await Promise.all(opened)).map(({ result }) => result),
      ['ok', 'ok'],
    );
    const answered = async (text: string, within = wait) => (await here.tell({ do: 'exchange', id: mine, text, wait: within })).result;
    assert.is(await answered('once'), 'ok');
    net.install(policy(['egress'], cgroup));
    assert.is(await answered('again'), 'ok', 'under another revision');
    net.install(policy(['ingress'], cgroup));
    assert.is(await answered('no more', silence), 'timeout', 'it may not open it any more');
    for (const [agent, id] of [
      [here, mine],
      [there, theirs],
    ] as const)
      await agent.tell({ do: 'close', id });
  });

/** Rules of nftables where the workload is, in the place of earlier ones. */
function translate(here: Agent, rules: (family: Family, word: 'ip' | 'ip6') => readonly string[]): void {
  const tables = families.map((family) => {
    const word = family === 'v4' ? 'ip' : 'ip6';
    return `table ${word} policyc {}\ndelete table ${word} policyc\ntable ${word} policyc {\n${rules(family, word).join('\n')}\n}\n`;
  });
  execFileSync('nsenter', ['--target', String(here.pid), '--net', 'nft', '-f', '-'], { input: tables.join('') });
}
const chain = (hook: string, priority: string, rule: string): string =>
  `chain ${hook} { type nat hook ${hook} priority ${priority}; ${rule}; }`;

const toFar = (family: Family, word: string): string =>
  chain(
    'output',
    '-100',
    `${word} daddr ${virtual[family]} meta l4proto { tcp, udp } dnat to ${family === 'v4' ? far.v4 : `[${far.v6}]`}:${ports.open}`,
  );
/** From another port than the one that the socket has. */
const fromOthers = chain('postrouting', '100', 'meta l4proto { tcp, udp } masquerade to :45000-45100');

const outward: Readonly<Record<string, Parameters<typeof translate>[1]>> = {
  'to another destination': (family, word) => [toFar(family, word)],
  'to another destination, from another port': (family, word) => [toFar(family, word), fromOthers],
};

for (const family of families)
  for (const [name, rules] of Object.entries(outward))
    kernelTest(`what is sent ${name} is answered, ${family}`, async () => {
      const { net, here, there, cgroup } = await scene();
      net.install(policy(['egress'], cgroup));
      translate(here, rules);
      const [tcp, udp] = [newId(), newId()];
      await there.tell({ do: 'listen', id: tcp, host: far[family], port: ports.open });
      await there.tell({ do: 'bind', id: udp, host: far[family], port: ports.open });
      const to = { host: virtual[family], port: ports.virtual, wait };
      for (const connected of [false, true]) {
        const raised = await net.raisedBy(async () => {
          assert.is((await here.tell({ do: 'ask', id: newId(), ...to, connected })).result, 'ok', `datagrams, connected: ${connected}`);
        });
        assert.equal(raised, [`egress udp l4-only forwarded ${allowed}`], 'one flow, one count');
      }
      const id = newId();
      assert.is((await here.tell({ do: 'connect', id, ...to })).result, 'ok');
      assert.is((await here.tell({ do: 'exchange', id, text: 'once', wait })).result, 'ok');
      net.install(policy(['egress'], cgroup));
      const raised = await net.raisedBy(async () => {
        assert.is((await here.tell({ do: 'exchange', id, text: 'again', wait })).result, 'ok', 'under another revision');
      });
      assert.equal(raised, []);
      net.install(policy([], cgroup));
      assert.is((await here.tell({ do: 'exchange', id, text: 'no more', wait: silence })).result, 'timeout');
      assert.is((await here.tell({ do: 'ask', id: newId(), ...to, connected: false })).result, 'EPERM');
      for (const [agent, one] of [
        [here, id],
        [there, tcp],
        [there, udp],
      ] as const)
        await agent.tell({ do: 'close', id: one });
      translate(here, () => []);
    });

for (const family of families)
  kernelTest(`what comes for another port is decided by the one that it comes to, and answered, ${family}`, async () => {
    const { net, here, there, cgroup } = await scene();
    net.install(policy(['ingress'], cgroup));
    translate(here, () => [chain('prerouting', '-100', `meta l4proto { tcp, udp } th dport ${ports.shut} redirect to :${ports.own}`)]);
    const [tcp, udp] = [newId(), newId()];
    await here.tell({ do: 'listen', id: tcp, host: near[family], port: ports.own });
    await here.tell({ do: 'bind', id: udp, host: near[family], port: ports.own });
    const to = { host: near[family], port: ports.shut, wait };
    assert.is((await there.tell({ do: 'ask', id: newId(), ...to, connected: true })).result, 'ok');
    const id = newId();
    assert.is((await there.tell({ do: 'connect', id, ...to })).result, 'ok');
    for (const text of ['once', 'again', 'and again']) {
      assert.is((await there.tell({ do: 'exchange', id, text, wait })).result, 'ok', text);
      net.install(policy(['ingress'], cgroup));
    }
    for (const [agent, one] of [
      [there, id],
      [here, tcp],
      [here, udp],
    ] as const)
      await agent.tell({ do: 'close', id: one });
    translate(here, () => []);
  });

test.after(stopAgents);
test.run();
