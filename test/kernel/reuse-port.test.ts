// Two workloads that share a port (SO_REUSEPORT): whoever is told to be reached is reached, or nobody; also where one of
// them chooses by a program of its own which connections and datagrams it gets.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedEndpoint } from '../../src/compiler/ir/abi.ts';
import { transportPoints } from '../../src/compiler/space/transport.ts';
import { type Attached, attachedTo } from '../harness/attached.ts';
import { content, inCgroup, kernelTest, privateCgroup } from '../harness/kernel.ts';
import * as libc from '../harness/libc-socket.ts';

const ids = { caller: 16, app: 17, thief: 18 } as const;
type Name = keyof typeof ids;
const classes = { host: 2, caller: 3, app: 4, thief: 5 } as const;

/** `caller` may reach `app` alone; the others may do what they like, and are selected by a policy. */
type Scene = { readonly net: Attached; readonly as: <T>(name: Name, action: () => T) => T };
let made: Scene | undefined;
function scene(): Scene {
  if (made) return made;
  const cgroups = { caller: privateCgroup('caller'), app: privateCgroup('app'), thief: privateCgroup('thief') };
  const net = attachedTo(['net/cgroup_skb', 'net/connect'], Object.values(cgroups));
  const peers = [0, 1, ...Object.values(classes)];
  const everything = (subjectClass: number, peerClass: number, base: number) =>
    (['ingress', 'egress'] as const).map((section) => ({ subjectClass, peerClass, section, base }));
  net.install(
    content({
      cgroups: Object.entries(cgroups).map(([, { id }], at) => ({ cgroup: id, endpoint: ids.caller + at })),
      endpoints: [
        { id: fixedEndpoint.host, subjectClass: 0, peerClass: classes.host },
        { id: ids.caller, subjectClass: 1, peerClass: classes.caller },
        { id: ids.app, subjectClass: 2, peerClass: classes.app },
        { id: ids.thief, subjectClass: 2, peerClass: classes.thief },
      ],
      ports: new Uint8Array(2 * transportPoints),
      rows: peers.flatMap((peer) => [...everything(1, peer, peer === classes.app ? 2 : 1), ...everything(2, peer, 2)]),
      verdicts: [{ action: 'absent' }, { action: 'deny', cause: 20 }, { action: 'allow', cause: 21 }],
    }),
  );
  made = { net, as: (name, action) => inCgroup(cgroups[name], action) };
  return made;
}

const open: number[] = [];
test.after.each(() => {
  for (const fd of open.splice(0)) libc.close(fd);
});
function socket(name: Name, kind: libc.Kind): number {
  const fd = scene().as(name, () => libc.open(kind));
  open.push(fd);
  return fd;
}
function sharing(name: Name, kind: libc.Kind, port: number): { readonly fd: number; readonly at: libc.Place } {
  const fd = socket(name, kind);
  libc.setOption(fd, libc.option.reusePort, 1);
  libc.bind(fd, { host: '127.0.0.1', port });
  if (kind === 'tcp') libc.listen(fd);
  return { fd, at: { host: '127.0.0.1', port: libc.portOf(fd) } };
}
const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
/** Connections or datagrams that wait. */
function arrived(kind: libc.Kind, fd: number): number {
  for (let count = 0; ; count++) {
    if (kind === 'udp' && libc.receive(fd) === undefined) return count;
    if (kind === 'udp') continue;
    try {
      open.push(libc.accept(fd));
    } catch {
      return count;
    }
  }
}

const calls = 32;
for (const kind of ['tcp', 'udp'] as const)
  for (const steered of [false, true])
    kernelTest(`${kind}, ${steered ? 'one of them takes all' : 'as the kernel shares it out'}`, async () => {
      const app = sharing('app', kind, 0);
      const thief = sharing('thief', kind, app.at.port);
      // The members of the group in the order in which they joined it.
      if (steered) libc.steer(thief.fd, 1);
      const told: string[] = [];
      const raised = await scene().net.raisedBy(async () => {
        for (let call = 0; call < calls; call++) {
          const caller = socket('caller', kind);
          told.push(codeOf(() => (kind === 'tcp' ? libc.connect(caller, app.at) : libc.sendTo(caller, 'x', app.at))));
        }
      });
      assert.is(arrived(kind, thief.fd), 0, 'nobody may reach it');
      const toApp = arrived(kind, app.fd);
      if (steered) assert.is(toApp, 0, 'all were taken from it');
      else assert.ok(toApp > 0 && toApp < calls, `${toApp} of ${calls}: the others were for the other`);
      const causes = new Set(raised.filter((each) => each.includes('dropped')).map((each) => each.split(' ').at(-1)));
      assert.is(causes.has('sharedPort'), steered, [...causes].join());
      if (kind === 'tcp') assert.equal(new Set(told), new Set(['ok']));
    });

kernelTest('whom a connect would reach is not certain before it has a port: it is left to its packets', () => {
  // A look-up without the port names either of them, by the address and port of the group.
  for (let group = 0; group < 10; group++) {
    const app = sharing('app', 'tcp', 0);
    sharing('thief', 'tcp', app.at.port);
    assert.is(
      codeOf(() => libc.connect(socket('caller', 'tcp'), app.at)),
      'ok',
    );
  }
});

kernelTest('a port that sockets of one workload share denies at once, and whoever is allowed reaches them', () => {
  const [first, second] = [sharing('thief', 'tcp', 0), sharing('app', 'tcp', 0)];
  sharing('thief', 'tcp', first.at.port);
  const again = sharing('app', 'tcp', second.at.port);
  assert.is(
    codeOf(() => libc.connect(socket('caller', 'tcp'), first.at)),
    'EPERM',
  );
  // As many as one of them may have waiting.
  for (let call = 0; call < 8; call++) libc.connect(socket('caller', 'tcp'), second.at);
  assert.is(arrived('tcp', second.fd) + arrived('tcp', again.fd), 8);
});

test.run();
