// Real packets over the interface of a workload in a network namespace: what the host and the workload can do to each
// other, over links (tcx) where the kernel has them and over filters of a clsact where it has not.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedEndpoint, matchType, verdictFlag } from '../../src/compiler/ir/abi.ts';
import { parseAddress } from '../../src/compiler/space/address.ts';
import { transportPoint } from '../../src/compiler/space/transport.ts';
import { unload } from '../../src/runtime/kernel/bpffs.ts';
import { readCounters } from '../../src/runtime/kernel/counters.ts';
import { attachedInterfaces, attachInterface, detachInterface, ownInterfaces } from '../../src/runtime/kernel/interfaces.ts';
import { generations } from '../../src/runtime/kernel/tables.ts';
import { type Container, container, said } from '../harness/container.ts';
import { atEnd, expectOk, kernelTest, loadTemplates, privatePins } from '../harness/kernel.ts';
import { accept, bind, close, connect, inNetwork, listen, openPacket, openSctp, sendBytes } from '../harness/libc-socket.ts';
import { ethernet, ip, udp } from '../harness/packet.ts';
import { difference, type Raised } from '../harness/packet-bench.ts';
import { allowed, denied, portsImage, standard, subject } from '../harness/packet-policy.ts';
import { patience } from '../harness/patience.ts';

const address = (text: string): bigint => parseAddress(text) ?? 0n;
const openPort = 4001;
const shutPort = 4002;
const openPoints = [
  transportPoint('tcp', openPort),
  transportPoint('udp', openPort),
  transportPoint('sctp', openPort),
  transportPoint('icmp', 8 * 256),
  transportPoint('icmpv6', 128 * 256),
];

const silentVerdicts = [
  { action: 'absent' },
  { action: 'deny', cause: denied, flags: verdictFlag.silent },
  { action: 'allow', cause: allowed, match: matchType['l4-only'] },
] as const;

const children: ChildProcess[] = [];
const servers: Server[] = [];
const wait = 700 * patience;

/** `ok`, the name of the error, or `timeout`. */
const dial = (host: string, port: number): string =>
  `const s=require('net').connect({host:'${host}',port:${port}});s.setTimeout(${wait});` +
  `s.on('connect',()=>{console.log('ok');process.exit()}).on('timeout',()=>{console.log('timeout');process.exit()}).on('error',e=>console.log(e.code==='ETIMEDOUT'?'timeout':e.code))`;
const serve = (host: string, port: number): string =>
  `require('net').createServer(s=>s.on('error',()=>{}).end('x')).listen(${port},'${host}',()=>console.log('up'))`;
/** Echoes one datagram of any size. */
const echo = (host: string, port: number): string =>
  `const d=require('dgram').createSocket('udp${host.includes(':') ? 6 : 4}');d.bind(${port},'${host}',()=>console.log('up')).on('message',(m,r)=>d.send(m,r.port,r.address))`;
const ask = (host: string, port: number, bytes: number): string =>
  `const d=require('dgram').createSocket('udp${host.includes(':') ? 6 : 4}');setTimeout(()=>{console.log('timeout');process.exit()},${wait});` +
  `d.on('message',m=>{console.log(m.length);process.exit()}).send(Buffer.alloc(${bytes}),${port},'${host}')`;

const node = (code: string): readonly [string, ...string[]] => [process.execPath, '-e', code];
async function runs([command, ...parameters]: readonly [string, ...string[]]): Promise<void> {
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  atEnd(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
}

type Net = {
  readonly here: Container;
  readonly pins: string;
  /** `silent`: as open, but what is denied is dropped without a word. */
  readonly install: (what: 'open' | 'shut' | 'silent') => void;
  readonly raisedBy: (action: () => void) => readonly Raised[];
  readonly attach: () => void;
  readonly detach: () => void;
};

let made: Net | undefined;
function net(): Net {
  made ??= makeNet();
  return made;
}

function makeNet(): Net {
  const here = container();
  const pins = privatePins();
  const loaded = loadTemplates(['net/tc'], pins);
  const tables = generations(loaded.maps);
  const counters = loaded.maps;
  const attach = (): void => void expectOk(attachInterface(loaded, loaded.maps, here.place));
  const install = (what: 'open' | 'shut' | 'silent'): void => {
    const content = standard(
      { cgroup: { id: 0n, path: '', name: '' } },
      {
        ports: portsImage(what === 'shut' ? [] : openPoints),
        ...(what === 'silent' && { verdicts: silentVerdicts }),
        addresses: [
          ...[here.own.v4, here.own.v6].map((text) => ({ address: address(text), endpoint: subject })),
          ...[here.host.v4, here.host.v6].map((text) => ({ address: address(text), endpoint: fixedEndpoint.host })),
        ],
      },
    );
    expectOk(tables.install(content));
  };
  install('open');
  attach();
  ownInterfaces(loaded.maps, [{ ...here.place, endpoint: subject, hasCgroup: false }]);
  return {
    here,
    pins,
    install,
    attach,
    detach: () => detachInterface(loaded.pins, loaded.maps, here.place.index),
    raisedBy: (action) => {
      const before = readCounters(counters);
      action();
      return difference(before, readCounters(counters));
    },
  };
}

for (const family of ['v4', 'v6'] as const) {
  kernelTest(`the workload connects where it may, ${family}`, async () => {
    const { here, raisedBy, install } = net();
    for (const port of [openPort, shutPort]) {
      const server = createServer((socket) => socket.on('error', () => {}).end()).listen(port, here.host[family]);
      servers.push(server);
      await once(server, 'listening');
    }
    const from = (port: number): string => said(here.inside(...node(dial(here.host[family], port))));
    assert.is(from(openPort), 'ok');
    assert.is(from(shutPort), 'ECONNREFUSED', 'denied: at once');
    install('silent');
    assert.is(from(shutPort), 'timeout', 'dropped');
    install('open');
    assert.equal(
      raisedBy(() => void from(openPort)),
      [`egress tcp l4-only forwarded ${allowed}`],
    );
    for (const server of servers.splice(0)) server.close();
  });

  kernelTest(`the host reaches what it may, closed ports included, ${family}`, async () => {
    const { here, raisedBy } = net();
    await runs(here.inside(...node(serve(here.own[family], openPort))));
    await runs(here.inside(...node(serve(here.own[family], shutPort))));
    const to = (port: number): string => said(node(dial(here.own[family], port)));
    assert.is(to(openPort), 'ok');
    assert.is(to(shutPort), 'timeout', 'a listener that is not for it');
    assert.is(to(shutPort + 1), 'timeout', 'a closed port does not answer either');
    assert.ok(raisedBy(() => void to(shutPort + 1)).every((line) => line.startsWith('ingress tcp none dropped')));
    for (const child of children.splice(0)) child.kill('SIGKILL');
    assert.is(to(openPort), 'ECONNREFUSED', 'a closed port that it may reach');
  });

  kernelTest(`datagrams in fragments, ${family}`, async () => {
    const { here } = net();
    await runs(here.inside(...node(echo(here.own[family], openPort))));
    await runs(here.inside(...node(echo(here.own[family], shutPort))));
    assert.is(said(node(ask(here.own[family], openPort, 10))), '10');
    assert.is(said(node(ask(here.own[family], openPort, 6000))), '6000', 'both ways');
    assert.is(said(node(ask(here.own[family], shutPort, 6000))), 'timeout');
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  kernelTest(`ping, ${family}`, () => {
    const { here, install, raisedBy } = net();
    if (said(['sh', '-c', 'command -v ping']) === '') return console.log(`SKIP ping, ${family}: there is no ping`);
    const ping = (host: string): readonly [string, ...string[]] => ['ping', '-c1', `-W${Math.ceil(patience)}`, host];
    const answered = (text: string): boolean => / 0% packet loss/.test(text);
    assert.ok(answered(said(ping(here.own[family]))));
    assert.ok(answered(said(here.inside(...ping(here.host[family])))));
    install('shut');
    const name = family === 'v4' ? 'icmp' : 'icmpv6';
    const raised = raisedBy(() => assert.not.ok(answered(said(ping(here.own[family])))));
    assert.ok(raised.every((line) => line.startsWith(`ingress ${name} none dropped`)) && raised.length > 0, raised.join());
    install('open');
  });
}

/** Runs `action` in the workload's network namespace. */
function within<T>({ name }: Container, action: () => T): T {
  const [home, other] = [openSync('/proc/self/ns/net', 'r'), openSync(`/run/netns/${name}`, 'r')];
  try {
    return inNetwork({ home, other }, action);
  } finally {
    closeSync(home);
    closeSync(other);
  }
}

kernelTest('packet sockets do not walk past', () => {
  const { here, raisedBy } = net();
  const number = Number(said(here.inside('cat', '/sys/class/net/eth0/ifindex')));
  const send = (port: number) => () => {
    const ends = { source: address(here.own.v4), destination: address(here.host.v4) };
    const frame = ethernet(ip(ends, udp({ source: 40001, destination: port })));
    const fd = within(here, () => openPacket(number));
    sendBytes(fd, frame);
    close(fd);
  };
  assert.equal(raisedBy(send(shutPort)), [`egress udp none dropped ${denied}`]);
  assert.equal(raisedBy(send(openPort)), [`egress udp l4-only forwarded ${allowed}`]);
});

kernelTest('SCTP of real sockets', async () => {
  const { here } = net();
  const listening = (port: number): number => {
    const fd = within(here, openSctp);
    bind(fd, { host: here.own.v4, port });
    listen(fd);
    return fd;
  };
  const isThere = (): boolean => {
    try {
      close(openSctp());
      return true;
    } catch {
      return false;
    }
  };
  if (!isThere()) return console.log('SKIP SCTP of real sockets: this kernel has none');
  const reached = async (port: number): Promise<boolean> => {
    const [server, client] = [listening(port), openSctp()];
    connect(client, { host: here.own.v4, port });
    await sleep(wait);
    try {
      close(accept(server));
      return true;
    } catch {
      return false;
    } finally {
      close(server);
      close(client);
    }
  };
  assert.ok(await reached(openPort));
  assert.not.ok(await reached(shutPort));
});

kernelTest('what is attached is taken over by the next run, and taken away by unload', () => {
  const { here, pins, attach, detach } = net();
  const to = (): string => said(node(dial(here.own.v4, shutPort)));
  assert.is(to(), 'timeout');
  attach();
  assert.is(to(), 'timeout', 'in the same place');
  detach();
  assert.is(to(), 'ECONNREFUSED');
  attach();
  unload(pins);
  assert.is(to(), 'ECONNREFUSED', 'after unload');
});

kernelTest('an interface that goes takes its programs along', () => {
  const gone = container();
  const loaded = loadTemplates(['net/tc'], privatePins());
  expectOk(attachInterface(loaded, loaded.maps, gone.place));
  gone.remove();
  assert.equal(attachedInterfaces(loaded.pins), [gone.place.index]);
  assert.not.ok(attachInterface(loaded, loaded.maps, gone.place).ok, 'nothing to attach to');
  detachInterface(loaded.pins, loaded.maps, gone.place.index);
  assert.equal(attachedInterfaces(loaded.pins), []);
});

test.after(() => children.forEach((child) => child.kill('SIGKILL')));
test.run();
