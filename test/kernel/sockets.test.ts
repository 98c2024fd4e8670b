// Real sockets of processes in cgroups of their own, over loopback: what a refused caller sees and when, that peers which
// share an address are told apart, replies, state over revisions and attachments, and the counters of all that.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedEndpoint } from '../../src/compiler/ir/abi.ts';
import { transportPoints } from '../../src/compiler/space/transport.ts';
import { type Attached, attachedTo, type Raised } from '../harness/attached.ts';
import { type ContentParts, content, kernelTest, privateCgroup } from '../harness/kernel.ts';
import { type Agent, startAgent, stopAgents } from '../harness/socket-agents.ts';

const [client, server, stranger] = [16, 17, 18];
const classes = { host: 2, client: 3, server: 4, stranger: 5 } as const;
const [denied, allowed] = [20, 21];
const wait = 200;

/** Who may be reached by `client` (egress), and by whom `server` (ingress); classes 0 and 1 are the worlds. */
type Rules = { readonly egress: readonly number[]; readonly ingress: readonly number[]; readonly inspect?: true };

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
function partsOf({ egress, ingress, inspect }: Rules, cgroups: NonNullable<ContentParts['cgroups']>): ContentParts {
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
      { action: 'deny', cause: denied },
      { action: 'allow', cause: allowed },
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
const dial = (agent: Agent, host: string, port: number, id = newId()) => agent.tell({ do: 'connect', id, host, port, wait });
const ask = (agent: Agent, host: string, port: number, connected = false) =>
  agent.tell({ do: 'ask', id: newId(), host, port, connected, wait });
const exchange = (agent: Agent, id: string, limit = wait) => agent.tell({ do: 'exchange', id, text: `hello ${newId()}.`, wait: limit });
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
    const port = await listen(agents.server, bound);
    const raised = await net.raisedBy(async () => {
      const id = newId();
      assert.is((await dial(agents.client, mapped ?? to, port, id)).result, 'ok');
      assert.is((await exchange(agents.client, id)).result, 'ok');
      assert.is((await exchange(agents.client, id)).result, 'ok');
    });
    assert.equal([...raised].sort(), [`egress tcp none forwarded ${allowed}`, `ingress tcp none forwarded ${allowed}`]);

    set({ ...yes, egress: [classes.host] });
    const refused = await net.raisedBy(async () => {
      const answer = await dial(agents.client, mapped ?? to, port);
      assert.is(answer.result, 'EPERM');
      assert.ok(answer.milliseconds < 100, 'at once');
    });
    assert.equal(refused, [`egress tcp none dropped ${denied}`]);

    set({ ...yes, ingress: [classes.stranger, classes.host] });
    const dropped = await net.raisedBy(async () => assert.is((await dial(agents.client, mapped ?? to, port)).result, 'timeout'));
    assert.is(count(dropped, `egress tcp none forwarded ${allowed}`), 1);
    assert.ok(count(dropped, `ingress tcp none dropped ${denied}`) >= 1);
  });

for (const [bound, to, mapped] of loopbacks)
  for (const connected of [false, true])
    kernelTest(`UDP to ${mapped ?? to} of a socket on ${bound}${connected ? ', connected' : ''}`, async () => {
      const { set, net, agents } = scene();
      set(yes);
      const port = await bind(agents.server, bound);
      const raised = await net.raisedBy(async () => assert.is((await ask(agents.client, mapped ?? to, port, connected)).result, 'ok'));
      assert.equal(ofUdp(raised), [`egress udp none forwarded ${allowed}`, `ingress udp none forwarded ${allowed}`]);

      set({ ...yes, egress: [classes.host] });
      const refused = await net.raisedBy(async () => assert.is((await ask(agents.client, mapped ?? to, port, connected)).result, 'EPERM'));
      assert.equal(ofUdp(refused), [`egress udp none dropped ${denied}`]);

      set({ ...yes, ingress: [classes.host] });
      const dropped = await net.raisedBy(async () =>
        assert.is((await ask(agents.client, mapped ?? to, port, connected)).result, 'timeout'),
      );
      assert.equal(ofUdp(dropped), [`egress udp none forwarded ${allowed}`, `ingress udp none dropped ${denied}`]);
    });

kernelTest('peers that share an address are told apart', async () => {
  const { set, agents } = scene();
  const port = await listen(agents.server, '127.0.0.1');
  const udpPort = await bind(agents.server, '::1');
  const expected = { client: classes.client, stranger: classes.stranger, host: classes.host } as const;
  for (const one of [classes.client, classes.stranger, classes.host])
    for (const name of ['client', 'stranger', 'host'] as const) {
      set({ egress: [classes.server], ingress: [one] });
      const result = expected[name] === one ? 'ok' : 'timeout';
      assert.is((await dial(agents[name], '127.0.0.1', port)).result, result, `${name} by TCP where ${one} may`);
      assert.is((await ask(agents[name], '::1', udpPort)).result, result, `${name} by UDP where ${one} may`);
    }
});

kernelTest('a port without a socket is the host', async () => {
  const { set, agents } = scene();
  set({ egress: [classes.host], ingress: [] });
  assert.is((await dial(agents.client, '127.0.0.1', 1)).result, 'ECONNREFUSED');
  set({ egress: [classes.server], ingress: [] });
  assert.is((await dial(agents.client, '127.0.0.1', 1)).result, 'EPERM');
});

kernelTest('an address of the world', async () => {
  const { set, agents } = scene();
  set(yes);
  assert.is((await dial(agents.client, '192.0.2.1', 80)).result, 'EPERM');
  assert.is((await ask(agents.client, '2001:db8::1', 53)).result, 'EPERM');
});

kernelTest('a connection stops when a new policy denies it, and goes on when the next one allows it', async () => {
  const { set, net, agents } = scene();
  set(yes);
  const port = await listen(agents.server, '127.0.0.1');
  const id = newId();
  assert.is((await dial(agents.client, '127.0.0.1', port, id)).result, 'ok');
  assert.is((await exchange(agents.client, id)).result, 'ok');
  for (const rules of [
    { ...yes, ingress: [] },
    { ...yes, egress: [] },
  ] satisfies readonly Rules[]) {
    set(rules);
    const raised = await net.raisedBy(async () => assert.is((await exchange(agents.client, id)).result, 'timeout'));
    const section = rules.ingress.length === 0 ? 'ingress' : 'egress';
    assert.ok(count(raised, `${section} tcp none dropped ${denied}`) >= 1, raised.join('; '));
    set(yes);
    assert.is((await exchange(agents.client, id, 5000)).result, 'ok', 'what was lost is sent again');
  }
});

kernelTest('connections older than the attachment', async () => {
  const { set, net, agents } = scene();
  const port = await listen(agents.server, '127.0.0.1');
  const [kept, stopped] = [newId(), newId()];
  net.detach();
  for (const id of [kept, stopped]) {
    assert.is((await dial(agents.client, '127.0.0.1', port, id)).result, 'ok');
    assert.is((await exchange(agents.client, id)).result, 'ok');
  }
  set(yes);
  net.attach();
  assert.is((await exchange(agents.client, kept)).result, 'ok', 'the server egress denies all, so this was seen as its reply');
  set({ ...yes, ingress: [] });
  assert.is((await exchange(agents.client, stopped)).result, 'timeout');
});

kernelTest('data that has to be read, and is read by nobody', async () => {
  const { set, net, agents } = scene();
  set({ ...yes, inspect: true });
  const port = await listen(agents.server, '127.0.0.1');
  const id = newId();
  const raised = await net.raisedBy(async () => {
    assert.is((await dial(agents.client, '127.0.0.1', port, id)).result, 'ok');
    assert.is((await exchange(agents.client, id)).result, 'timeout');
  });
  assert.is(count(raised, `ingress tcp none redirected ${allowed}`), 1);
  assert.ok(count(raised, 'ingress tcp none dropped uninspectable') >= 1);
});

test.after(stopAgents);
test.run();
