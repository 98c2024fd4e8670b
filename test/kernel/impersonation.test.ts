// A workload that pretends to be another, by every means that needs no privilege: another's port, a foreign source, a
// network namespace of its own, a port that changes hands; and readers who would see what was not inspected.

import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedEndpoint } from '../../src/compiler/ir/abi.ts';
import { transportPoints } from '../../src/compiler/space/transport.ts';
import { type Attached, attachedTo } from '../harness/attached.ts';
import { httpPolicy } from '../harness/http-requests.ts';
import { type HttpWorld, httpWorld } from '../harness/http-world.ts';
import { content, inCgroup, kernelTest, privateCgroup } from '../harness/kernel.ts';
import * as libc from '../harness/libc-socket.ts';
import { requestLine } from '../harness/sample-policy.ts';

const ids = { alice: 16, mallory: 17, victim: 18, absent: 19 } as const;
type Name = Exclude<keyof typeof ids, 'absent'>;
const classes = { host: 2, alice: 3, mallory: 4, victim: 5, absent: 6 } as const;
const [denied, allowed] = [20, 21];
/** Local to every machine's loopback, and listed as another endpoint's own: 127.7.7.7, and 2001:db8::7. */
const listed = { v4: 0xffff_7f07_0707n, v6: 0x2001_0db8_0000_0000_0000_0000_0000_0007n } as const;

/** `mallory` may reach nobody but alice, `victim` hears nobody but alice. */
type Scene = { readonly net: Attached; readonly as: <T>(name: Name, action: () => T) => T };
let made: Scene | undefined;
function scene(): Scene {
  if (made) return made;
  const cgroups = { alice: privateCgroup('alice'), mallory: privateCgroup('mallory'), victim: privateCgroup('victim') };
  const names = ['alice', 'mallory', 'victim'] as const;
  const net = attachedTo(['net/cgroup_skb', 'net/connect'], Object.values(cgroups));
  const peers = [0, 1, ...Object.values(classes)];
  net.install(
    content({
      addresses: [
        { address: listed.v4, endpoint: ids.absent },
        { address: listed.v6, endpoint: ids.absent },
      ],
      cgroups: names.map((name) => ({ cgroup: cgroups[name].id, endpoint: ids[name] })),
      endpoints: [
        { id: fixedEndpoint.host, subjectClass: 0, peerClass: classes.host },
        { id: ids.alice, subjectClass: 0, peerClass: classes.alice },
        { id: ids.mallory, subjectClass: 1, peerClass: classes.mallory },
        { id: ids.victim, subjectClass: 2, peerClass: classes.victim },
        { id: ids.absent, subjectClass: 0, peerClass: classes.absent },
      ],
      ports: new Uint8Array(2 * transportPoints),
      rows: peers.flatMap((peerClass) => [
        { subjectClass: 1, peerClass, section: 'egress', base: peerClass === classes.alice || peerClass === classes.victim ? 2 : 1 },
        { subjectClass: 1, peerClass, section: 'ingress', base: 1 },
        { subjectClass: 2, peerClass, section: 'egress', base: 1 },
        { subjectClass: 2, peerClass, section: 'ingress', base: peerClass === classes.alice ? 2 : 1 },
      ]),
      verdicts: [{ action: 'absent' }, { action: 'deny', cause: denied }, { action: 'allow', cause: allowed }],
    }),
  );
  made = { net, as: (name, action) => inCgroup(cgroups[name], action) };
  return made;
}

const open: number[] = [];
const kept = (fd: number): number => {
  open.push(fd);
  return fd;
};
test.after.each(() => {
  for (const fd of open.splice(0)) libc.close(fd);
});
/** A bound UDP socket of a workload. */
function udp(name: Name, place: libc.Place): { readonly fd: number; readonly at: libc.Place } {
  const fd = kept(scene().as(name, () => libc.open('udp', place.host.includes(':'))));
  libc.bind(fd, place);
  return { fd, at: { host: place.host, port: libc.portOf(fd) } };
}
const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

kernelTest("over loopback with the source of another's socket", async () => {
  const victim = udp('victim', { host: '127.0.0.1', port: 0 });
  const alice = udp('alice', { host: '127.0.0.1', port: 0 });
  libc.sendTo(alice.fd, 'alice', victim.at);
  assert.is(libc.awaited(victim.fd), 'alice');
  const mallory = udp('mallory', { host: '127.0.0.2', port: alice.at.port });
  const raised = await scene().net.raisedBy(async () => {
    const forged = { source: '127.0.0.1', to: victim.at };
    assert.is(
      codeOf(() => libc.sendFrom(mallory.fd, 'mallory', forged)),
      'EPERM',
    );
  });
  assert.equal(raised, ['egress udp none dropped forgedSource']);
  assert.is(libc.receive(victim.fd), undefined);
  assert.is(
    codeOf(() => libc.sendTo(mallory.fd, 'mallory', alice.at)),
    'ok',
    'as itself it may',
  );
  assert.is(libc.awaited(alice.fd), 'mallory');
});

kernelTest("from an address that is another endpoint's own", () => {
  const alice = udp('alice', { host: '127.0.0.1', port: 0 });
  const mallory = udp('mallory', { host: '127.7.7.7', port: 0 });
  assert.is(
    codeOf(() => libc.sendTo(mallory.fd, 'mallory', alice.at)),
    'EPERM',
  );
  assert.is(libc.receive(alice.fd), undefined);
});

kernelTest('free bind and transparent sockets', async () => {
  const { net, as } = scene();
  const { freebind4, transparent4, freebind6, transparent6, reuseAddress } = libc.option;
  const options = [
    [false, freebind4],
    [false, transparent4],
    [true, freebind6],
    [true, transparent6],
  ] as const;
  for (const [six, name] of options)
    for (const kind of ['udp', 'tcp'] as const) {
      const mallory = kept(as('mallory', () => libc.open(kind, six)));
      const raised = await net.raisedBy(async () => {
        assert.is(
          codeOf(() => libc.setOption(mallory, name, 1)),
          'EPERM',
          `${name}`,
        );
        if (!six)
          assert.is(
            codeOf(() => libc.setOption(mallory, name, Uint8Array.of(1))),
            'EPERM',
            'one byte',
          );
      });
      assert.equal(new Set(raised), new Set(['egress other none dropped forgedSource']));
      assert.is(
        codeOf(() => libc.setOption(mallory, name, 0)),
        'ok',
      );
      const long = new Uint8Array(5000);
      assert.is(
        codeOf(() => libc.setOption(mallory, reuseAddress, long)),
        'ok',
        'longer than a page',
      );
      assert.is(
        codeOf(() => libc.setOption(kept(as('alice', () => libc.open(kind, six))), name, 1)),
        'ok',
        'selected by no policy',
      );
      assert.is(
        codeOf(() => libc.setOption(kept(libc.open(kind, six)), name, 1)),
        'ok',
        'of no workload',
      );
    }
});

kernelTest('free bind of a workload that no policy selects', () => {
  const { as } = scene();
  const alice = kept(as('alice', () => libc.open('udp', true)));
  libc.setOption(alice, libc.option.freebind6, 1);
  libc.bind(alice, { host: '2001:db8:0:0:0:0:0:7', port: 0 });
  assert.is(
    codeOf(() => libc.sendTo(alice, 'x', { host: '0:0:0:0:0:0:0:1', port: 9 })),
    'EPERM',
    'nor in the name of another',
  );
});

kernelTest('a flow of a network namespace of its own', () => {
  const { as } = scene();
  const home = openSync('/proc/self/ns/net', 'r');
  const remote = { host: '192.0.2.77', port: 9999 };
  const send = (port: number): number => {
    const fd = as('mallory', () => libc.open('udp'));
    open.push(fd);
    libc.setOption(fd, libc.option.reuseAddress, 1);
    libc.bind(fd, { host: '0.0.0.0', port });
    return libc.sendTo(fd, 'x', remote);
  };
  try {
    libc.inNewNetwork(home, () => {
      execFileSync('ip', ['link', 'set', 'lo', 'up']);
      execFileSync('ip', ['address', 'add', `${remote.host}/32`, 'dev', 'lo']);
      const self = udp('mallory', remote);
      assert.is(send(40007), 1);
      assert.is(libc.awaited(self.fd), 'x', 'there it is itself');
    });
    assert.is(
      codeOf(() => send(40007)),
      'EPERM',
      'here it is the world',
    );
  } finally {
    closeSync(home);
  }
});

kernelTest('the port of a connection that is not yet answered changes hands', async () => {
  const { as } = scene();
  const listener = (name: Name, port: number): libc.Place & { readonly fd: number } => {
    const fd = kept(as(name, () => libc.open('tcp')));
    libc.setOption(fd, libc.option.reuseAddress, 1);
    libc.bind(fd, { host: '127.0.0.1', port });
    libc.listen(fd);
    return { fd, host: '127.0.0.1', port: libc.portOf(fd) };
  };
  // The victim drops what mallory sends; the host, whom mallory may not reach, takes over the port before the next SYN.
  const victim = listener('victim', 0);
  const mallory = kept(as('mallory', () => libc.open('tcp')));
  libc.connect(mallory, victim);
  libc.close(victim.fd);
  open.splice(open.indexOf(victim.fd), 1);
  const host = kept(libc.open('tcp'));
  libc.setOption(host, libc.option.reuseAddress, 1);
  libc.bind(host, victim);
  libc.listen(host);
  await wait(1600);
  assert.is(
    codeOf(() => libc.accept(host)),
    'EWOULDBLOCK',
  );
});

kernelTest('an allowed server that is bound to the device: reached by UDP, taken for the host by TCP', () => {
  const { as } = scene();
  const alice = as('alice', () => ({ tcp: kept(libc.open('tcp')), udp: kept(libc.open('udp')) }));
  const loopback = Buffer.from('lo\0');
  for (const fd of [alice.tcp, alice.udp]) {
    libc.setOption(fd, libc.option.bindToDevice, loopback);
    libc.bind(fd, { host: '127.0.0.1', port: 0 });
  }
  libc.listen(alice.tcp);
  const mallory = as('mallory', () => ({ tcp: kept(libc.open('tcp')), udp: kept(libc.open('udp')) }));
  assert.is(
    codeOf(() => libc.connect(mallory.tcp, { host: '127.0.0.1', port: libc.portOf(alice.tcp) })),
    'EPERM',
  );
  libc.sendTo(mallory.udp, 'x', { host: '127.0.0.1', port: libc.portOf(alice.udp) });
  assert.is(libc.awaited(alice.udp), 'x');
});

let world: HttpWorld | undefined;
const allowedOnly = httpPolicy(true, [['allow', requestLine('GET', '/a')]]);
const refused = `GET /b HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(200)}\r\n\r\n`;
for (const order of ['never', 'on the listener', 'before the data', 'after the data'] as const)
  kernelTest(`a request that is denied is not read raw: SO_RCVLOWAT ${order}`, async () => {
    world ??= httpWorld(allowedOnly, ['net/connect']);
    const listener = kept(inCgroup(world.cgroup, () => libc.open('tcp')));
    const patient = (fd: number): string => codeOf(() => libc.setOption(fd, libc.option.receiveLow, 60_000));
    if (order === 'on the listener') assert.is(patient(listener), 'ok');
    libc.bind(listener, { host: '127.0.0.1', port: 0 });
    libc.listen(listener);
    const client = kept(libc.open('tcp'));
    libc.connect(client, { host: '127.0.0.1', port: libc.portOf(listener) });
    const server = kept(libc.accept(listener));
    if (order === 'before the data') assert.is(patient(server), 'EPERM');
    libc.send(client, refused);
    if (order === 'after the data') assert.is(patient(server), 'EPERM');
    await wait(50);
    assert.is(libc.spliced(server), 0);
    if (order === 'on the listener') libc.setOption(server, libc.option.receiveLow, 1);
    await wait(300);
    assert.is(libc.spliced(server), 0);
    assert.is((libc.receive(server) ?? '').replaceAll('\0', ''), '', 'nothing, or what was overwritten');
  });

test.run();
