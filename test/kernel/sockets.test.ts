// Real sockets of processes in cgroups of their own, over loopback: what a refused caller sees and when, that peers which
// share an address are told apart, replies, state over revisions and attachments, and the counters of all that.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedEndpoint, verdictFlag } from '../../src/compiler/ir/abi.ts';
import { transportPoints } from '../../src/compiler/space/transport.ts';
import { type Attached, attachedTo, type Raised } from '../harness/attached.ts';
import { type ContentParts, content, kernelTest, privateCgroup } from '../harness/kernel.ts';
import { type Agent, startAgent, stopAgents } from '../harness/socket-agents.ts';

const [client, server, stranger] = [16, 17, 18];
const classes = { host: 2, client: 3, server: 4, stranger: 5 } as const;
const [denied, allowed] = [20, 21];
/** Milliseconds: for what is expected to come, and for what is expected not to. */
const patience = { answer: 5000, silence: 200 } as const;
const waitFor = (expected: string): number => (expected === 'timeout' ? patience.silence : patience.answer);

/** Who may be reached by `client` (egress), and by whom `server` (ingress); classes 0 and 1 are the worlds. */
type Rules = {
  readonly egress: readonly number[];
  readonly ingress: readonly number[];
  readonly inspect?: true;
  /** Flags of what is denied, and of what is allowed. */
  readonly flags?: { readonly deny?: number; readonly allow?: number };
};

type Scene = {
  readonly set: (rules: Rules) => void;
  readonly net: Attached;
  readonly agents: Readonly<Record<'client' | 'server' | 'stranger' | 'host', Agent>>;
};

const endpointList = [
  { id: fixedEndpoint.host, subjectClass: 0, peerClass: classes.host },
  { id: client, subjectClass: 1, peerClass: classes.client },
  { id: server, subjectClass: 2, peerClass: classes.server },
  { id: stranger, subjectClass: 0, peerClass: classes.stranger },
];

/** Row 1 denies, row 2 allows, row 3 inspects; no ports. `server` has default deny on egress: it may only answer. */
function partsOf({ egress, ingress, inspect, flags = {} }: Rules, cgroups: NonNullable<ContentParts['cgroups']>): ContentParts {
  const all = [0, 1, ...Object.values(classes)];
  const yes = inspect ? 3 : 2;
  return {
    cgroups,
    endpoints: endpointList,
    ports: new Uint8Array(2 * transportPoints),
    rows: all.flatMap((peerClass) => [
      { subjectClass: 1, peerClass, section: 'egress', base: egress.includes(peerClass) ? 2 : 1 },
      { subjectClass: 1, peerClass, section: 'ingress', base: 1 },
      { subjectClass: 2, peerClass, section: 'egress', base: 1 },
      { subjectClass: 2, peerClass, section: 'ingress', base: ingress.includes(peerClass) ? yes : 1 },
    ]),
    verdicts: [
      { action: 'absent' },
      { action: 'deny', cause: denied, flags: flags.deny ?? 0 },
      { action: 'allow', cause: allowed, flags: flags.allow ?? 0 },
      { action: 'inspect', cause: allowed, next: 2 },
    ],
  };
}

let made: Scene | undefined;
function scene(): Scene {
  if (made) return made;
  const cgroups = { client: privateCgroup('client'), server: privateCgroup('server'), stranger: privateCgroup('stranger') };
  const below = join(cgroups.client.path, 'below');
  mkdirSync(below);
  const agents = {
    client: startAgent({ ...cgroups.client, path: below }),
    server: startAgent(cgroups.server),
    stranger: startAgent(cgroups.stranger),
    host: startAgent(),
  };
  const net = attachedTo(['net/cgroup_skb', 'net/connect'], Object.values(cgroups));
  const owners = [
    { cgroup: cgroups.client.id, endpoint: client },
    { cgroup: cgroups.server.id, endpoint: server },
    { cgroup: cgroups.stranger.id, endpoint: stranger },
  ];
  made = { agents, net, set: (rules) => void net.install(content(partsOf(rules, owners))) };
  return made;
}

let serial = 0;
const newId = (): string => `s${serial++}`;
const listen = async (agent: Agent, host: string): Promise<number> => {
  const { result, port } = await agent.tell({ do: 'listen', id: newId(), host, port: 0 });
  assert.is(result, 'ok');
  return port ?? 0;
};
const bind = async (agent: Agent, host: string): Promise<number> => {
  const { result, port } = await agent.tell({ do: 'bind', id: newId(), host, port: 0 });
  assert.is(result, 'ok');
  return port ?? 0;
};
type Call = {
  readonly from: Agent;
  readonly host: string;
  readonly port: number;
  readonly expected: 'ok' | 'timeout' | 'EPERM' | 'ECONNREFUSED';
};
/** Connects; returns the connection's id. */
async function dial({ from, host, port, expected }: Call, message = ''): Promise<string> {
  const id = newId();
  const { result, milliseconds } = await from.tell({ do: 'connect', id, host, port, wait: waitFor(expected) });
  assert.is(result, expected, message);
  if (expected === 'EPERM') assert.ok(milliseconds < 900, 'at once: a SYN is sent again after a second');
  return id;
}
async function ask({ from, host, port, expected }: Call, { connected = false, message = '' } = {}): Promise<void> {
  const { result } = await from.tell({ do: 'ask', id: newId(), host, port, connected, wait: waitFor(expected) });
  assert.is(result, expected, message);
}
async function exchange(from: Agent, id: string, expected: 'ok' | 'timeout', message = ''): Promise<void> {
  const { result } = await from.tell({ do: 'exchange', id, text: `hello ${newId()}.`, wait: waitFor(expected) });
  assert.is(result, expected, message);
}
/** Without what connections of earlier tests still send. */
const ofUdp = (raised: readonly Raised[]): readonly Raised[] => raised.filter((each) => each.includes(' udp ')).sort();
const count = (raised: readonly Raised[], text: string): number => raised.filter((each) => each === text).length;

const yes: Rules = { egress: [classes.server], ingress: [classes.client] };
/** Listener's host and the host that is dialled. */
const loopbacks = [
  ['127.0.0.1', '127.0.0.1'],
  ['127.0.0.1', '127.0.0.1', '::ffff:127.0.0.1'],
  ['::1', '::1'],
  ['::', '127.0.0.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['::', '::'],
] as const;

for (const [bound, to, mapped] of loopbacks)
  kernelTest(`TCP to ${mapped ?? to} of a listener on ${bound}`, async () => {
    const { set, net, agents } = scene();
    set(yes);
    const call = { from: agents.client, host: mapped ?? to, port: await listen(agents.server, bound) };
    const raised = await net.raisedBy(async () => {
      const id = await dial({ ...call, expected: 'ok' });
      await exchange(agents.client, id, 'ok');
      await exchange(agents.client, id, 'ok');
    });
    assert.equal([...raised].sort(), [`egress tcp none forwarded ${allowed}`, `ingress tcp none forwarded ${allowed}`]);

    set({ ...yes, egress: [classes.host] });
    const refused = await net.raisedBy(async () => void (await dial({ ...call, expected: 'EPERM' })));
    // Once for the call; what the open connection still sends is refused and counted too.
    assert.equal([...new Set(refused)], [`egress tcp none dropped ${denied}`]);

    set({ ...yes, ingress: [classes.stranger, classes.host] });
    const dropped = await net.raisedBy(async () => void (await dial({ ...call, expected: 'timeout' })));
    assert.is(count(dropped, `egress tcp none forwarded ${allowed}`), 1);
    assert.ok(count(dropped, `ingress tcp none dropped ${denied}`) >= 1);
  });

for (const [bound, to, mapped] of loopbacks)
  for (const connected of [false, true])
    kernelTest(`UDP to ${mapped ?? to} of a socket on ${bound}${connected ? ', connected' : ''}`, async () => {
      const { set, net, agents } = scene();
      set(yes);
      const call = { from: agents.client, host: mapped ?? to, port: await bind(agents.server, bound) };
      const raised = await net.raisedBy(() => ask({ ...call, expected: 'ok' }, { connected }));
      assert.equal(ofUdp(raised), [`egress udp none forwarded ${allowed}`, `ingress udp none forwarded ${allowed}`]);

      set({ ...yes, egress: [classes.host] });
      const refused = await net.raisedBy(() => ask({ ...call, expected: 'EPERM' }, { connected }));
      assert.equal(ofUdp(refused), [`egress udp none dropped ${denied}`]);

      set({ ...yes, ingress: [classes.host] });
      const dropped = await net.raisedBy(() => ask({ ...call, expected: 'timeout' }, { connected }));
      assert.equal(ofUdp(dropped), [`egress udp none forwarded ${allowed}`, `ingress udp none dropped ${denied}`]);
    });

kernelTest('peers that share an address are told apart', async () => {
  const { set, agents } = scene();
  const port = await listen(agents.server, '127.0.0.1');
  const udpPort = await bind(agents.server, '::1');
  for (const one of ['client', 'stranger', 'host'] as const)
    for (const name of ['client', 'stranger', 'host'] as const) {
      set({ egress: [classes.server], ingress: [classes[one]] });
      const call = { from: agents[name], expected: name === one ? 'ok' : 'timeout' } as const;
      await dial({ ...call, host: '127.0.0.1', port }, `${name} by TCP where ${one} may`);
      await ask({ ...call, host: '::1', port: udpPort }, { message: `${name} by UDP where ${one} may` });
    }
});

kernelTest('a port without a socket is the host', async () => {
  const { set, agents } = scene();
  const call = { from: agents.client, host: '127.0.0.1', port: 1 };
  set({ egress: [classes.host], ingress: [] });
  await dial({ ...call, expected: 'ECONNREFUSED' });
  set({ egress: [classes.server], ingress: [] });
  await dial({ ...call, expected: 'EPERM' });
  await ask({ ...call, expected: 'EPERM' });
});

kernelTest('an address of the world', async () => {
  const { set, agents } = scene();
  set(yes);
  await dial({ from: agents.client, host: '192.0.2.1', port: 80, expected: 'EPERM' });
  await ask({ from: agents.client, host: '2001:db8::1', port: 53, expected: 'EPERM' });
});

kernelTest('who calls is not told of a drop, and each packet of it is counted', async () => {
  const { set, net, agents } = scene();
  set({ egress: [], ingress: [], flags: { deny: verdictFlag.silent } });
  const call = { from: agents.client, host: '127.0.0.1', port: await listen(agents.server, '127.0.0.1') };
  const connect = await net.raisedBy(async () => void (await dial({ ...call, expected: 'timeout' })));
  assert.ok(count(connect, `egress tcp none dropped ${denied}`) >= 1);
  const port = await bind(agents.server, '::1');
  for (const connected of [false, true]) {
    const sent = await net.raisedBy(() => ask({ from: agents.client, host: '::1', port, expected: 'timeout' }, { connected }));
    assert.equal(ofUdp(sent), [`egress udp none dropped ${denied}`]);
  }
});

kernelTest('what only audit would deny passes and is told as AUDIT', async () => {
  const { set, net, agents } = scene();
  set({ ...yes, flags: { allow: verdictFlag.audited } });
  const call = { from: agents.client, host: '127.0.0.1', port: await listen(agents.server, '127.0.0.1') };
  const raised = await net.raisedBy(async () => void (await dial({ ...call, expected: 'ok' })));
  assert.equal([...raised].sort(), [`egress tcp none audit ${allowed}`, `ingress tcp none audit ${allowed}`]);
});

kernelTest('a connection stops when a new policy denies it, and goes on when the next one allows it', async () => {
  const { set, net, agents } = scene();
  set(yes);
  const port = await listen(agents.server, '127.0.0.1');
  const id = await dial({ from: agents.client, host: '127.0.0.1', port, expected: 'ok' });
  await exchange(agents.client, id, 'ok');
  for (const section of ['ingress', 'egress'] as const) {
    set({ ...yes, [section]: [] });
    const raised = await net.raisedBy(() => exchange(agents.client, id, 'timeout'));
    assert.ok(count(raised, `${section} tcp none dropped ${denied}`) >= 1, raised.join('; '));
    set(yes);
    await exchange(agents.client, id, 'ok', 'what was lost is sent again');
  }
});

kernelTest('connections older than the attachment', async () => {
  const { set, net, agents } = scene();
  const port = await listen(agents.server, '127.0.0.1');
  net.detach();
  const call = { from: agents.client, host: '127.0.0.1', port, expected: 'ok' } as const;
  const [kept, stopped] = [await dial(call), await dial(call)];
  for (const id of [kept, stopped]) await exchange(agents.client, id, 'ok');
  set(yes);
  net.attach();
  await exchange(agents.client, kept, 'ok', 'egress of the server is denied, so this was seen as a reply');
  set({ ...yes, ingress: [] });
  await exchange(agents.client, stopped, 'timeout');
});

kernelTest('data that has to be read, and is read by nobody', async () => {
  const { set, net, agents } = scene();
  set({ ...yes, inspect: true });
  const port = await listen(agents.server, '127.0.0.1');
  const raised = await net.raisedBy(async () => {
    const id = await dial({ from: agents.client, host: '127.0.0.1', port, expected: 'ok' });
    await exchange(agents.client, id, 'timeout');
  });
  assert.is(count(raised, `ingress tcp none redirected ${allowed}`), 1);
  assert.ok(count(raised, 'ingress tcp none dropped uninspectable') >= 1);
});

test.after(stopAgents);
test.run();
