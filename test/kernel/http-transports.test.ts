// Ways to send a request past its reader below HTTP: urgent data, which some readers leave out of the stream, MPTCP, whose
// bytes never come by, pieces far apart, and a stream that ends before its answer. Sent by a process of Python, which can open such sockets; nothing of it may reach a server.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedCause } from '../../src/compiler/ir/abi.ts';
import { typedPolicy } from '../harness/compile.ts';
import { outsideServer } from '../harness/http-sender.ts';
import { type CarriedTrick, carriedTricks, type Way, ways } from '../harness/http-tricks.ts';
import { type HttpWorld, httpWorld, startServer } from '../harness/http-world.ts';
import { atEnd, inCgroup, kernelTest } from '../harness/kernel.ts';

const policy = typedPolicy(`
  policy web for { app: "web" } {
    ingress {
      default allow
      deny at tcp http { "/admin" }
    }
    egress {
      default allow
      deny at tcp http { "/admin" }
    }
  }`);

/** Connects with a protocol, writes pieces (those that begin with \`!\` as urgent data, with \`%\` byte by byte; \`$\` ends the stream, \`@\` waits), prints what it reads or the error. */
const client = `
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, int(sys.argv[2]))
s.settimeout(1.5)
try:
    s.connect(('127.0.0.1', int(sys.argv[1])))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for piece in sys.argv[3:]:
        text = piece.replace('~', '\\r\\n').encode()
        if text[:1] == b'!': s.send(text[1:], socket.MSG_OOB)
        elif text == b'$': s.shutdown(socket.SHUT_WR)
        elif text == b'@': time.sleep(0.7)
        elif text[:1] == b'%': [s.send(text[i:i + 1]) for i in range(1, len(text))]
        else: s.send(text)
        time.sleep(0.1)
    print(s.recv(1000))
except OSError as error: print(error)
`;
/** Listens with MPTCP, and prints what it reads. */
const listener = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
s.bind(('127.0.0.1', 0)); s.listen(5)
print(s.getsockname()[1], flush=True)
while True:
    c, _ = s.accept(); c.settimeout(1)
    try: print(c.recv(1000), flush=True)
    except OSError: print('nothing', flush=True)
`;
const [tcp, mptcp] = ['0', '262'] as const;
const missing =
  spawnSync('python3', ['-c', 'import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)']).status === 0
    ? undefined
    : 'python3 or MPTCP is missing';

let made: HttpWorld | undefined;
function world(): HttpWorld {
  made ??= httpWorld(policy);
  made.events();
  return made;
}

function ended(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (data) => (text += String(data)));
  return new Promise((done) => child.on('close', () => done(text)));
}
const options: { readonly stdio: ('ignore' | 'pipe' | 'inherit')[] } = { stdio: ['ignore', 'pipe', 'inherit'] };
const send = (port: number, protocol: string, pieces: readonly string[]) =>
  spawn('python3', ['-c', client, `${port}`, protocol, ...pieces], options);

/** An MPTCP listener, and the lines that it prints. */
async function listening(start: (spawned: () => ChildProcess) => ChildProcess) {
  const child = start(() => spawn('python3', ['-c', listener], options));
  atEnd(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const port = await new Promise<number>((found) =>
    child.stdout?.on('data', (data) => {
      lines.push(...String(data).trim().split('\\n'));
      found(Number(lines[0]));
    }),
  );
  return { port, lines };
}

const urgent = ['GET /ad', '!X', 'min HTTP/1.1~Host: x~~'];
const plain = ['GET /x HTTP/1.1~Host: x~User-Agent: t~~'];

function sockets(name: string, body: () => Promise<void>): void {
  kernelTest(name, async () => {
    if (missing === undefined) await body();
    else console.log(`SKIP ${name}: ${missing}`);
  });
}

/** Each trick goes both ways: `bodies` has a test for each. */
function eachWay(trick: CarriedTrick, bodies: Readonly<Record<Way, () => Promise<void>>>): void {
  for (const way of ways) sockets(`evasion: ${trick}, on ${way}`, bodies[way]);
}

async function urgentComes(): Promise<void> {
  const { cgroup } = world();
  const server = await startServer(cgroup);
  await ended(send(server.port, tcp, urgent));
  assert.equal(await server.seen(), []);
  assert.match(await ended(send(server.port, tcp, plain)), /200 OK/);
  server.stop();
}

async function urgentLeaves(): Promise<void> {
  const { cgroup } = world();
  const server = await outsideServer();
  await ended(inCgroup(cgroup, () => send(server.port, tcp, urgent)));
  assert.equal(
    server.seen().filter((line) => line.includes('/admin')),
    [],
  );
  assert.match(await ended(inCgroup(cgroup, () => send(server.port, tcp, plain))), /200 OK/);
  server.server.closeAllConnections();
  server.server.close();
}

eachWay('urgent data', { ingress: urgentComes, egress: urgentLeaves });

const denied = 'GET /admin HTTP/1.1~Host: x~User-Agent: t~~';
type Sent = { readonly sent: readonly string[]; readonly answer: RegExp };
/** What is sent -> what may come back. */
const ends: Readonly<Record<Exclude<CarriedTrick, 'MPTCP' | 'urgent data'>, Sent>> = {
  'half-close behind a denied request': { sent: [denied, '$'], answer: / 403 / },
  'half-close behind an allowed one and a denied one': { sent: [plain.join(''), '@', denied, '$'], answer: / 200 |Permission denied/ },
  'half-close in a denied target': { sent: ['GET /admin', '$'], answer: /^(?!.* 200 )/ },
  'half-close in a denied head': { sent: ['GET /admin HTTP/1.1~Host: x~User-Agent: t', '$'], answer: /^(?!.* 200 )/ },
  'segments of one byte': { sent: [`%${denied}`], answer: /^(?!.* 200 )/ },
  'a moment in every part of a denied request': {
    sent: ['GET /ad', '@', 'min HTTP', '@', '/1.1~Host: x~User-Agent: test', '@', '~~'],
    answer: /^(?!.* 200 )/,
  },
};
const endsComing = async ({ sent, answer }: Sent): Promise<void> => {
  const server = await startServer(world().cgroup);
  assert.match(await ended(send(server.port, tcp, sent)), answer);
  assert.not.ok((await server.seen()).join().includes('/admin'));
  server.stop();
};
const endsLeaving = async ({ sent, answer }: Sent): Promise<void> => {
  const server = await outsideServer();
  assert.match(await ended(inCgroup(world().cgroup, () => send(server.port, tcp, sent))), answer);
  assert.not.ok(server.seen().join().includes('/admin'));
  server.server.closeAllConnections();
  server.server.close();
};
for (const trick of carriedTricks)
  if (trick !== 'MPTCP' && trick !== 'urgent data')
    eachWay(trick, { ingress: () => endsComing(ends[trick]), egress: () => endsLeaving(ends[trick]) });

sockets('half-close behind an allowed request: the response comes', async () => {
  const [inside, outside] = [await startServer(world().cgroup), await outsideServer()];
  assert.match(await ended(send(inside.port, tcp, [...plain, '$'])), / 200 /);
  assert.match(await ended(inCgroup(world().cgroup, () => send(outside.port, tcp, [...plain, '$']))), / 200 /);
  inside.stop();
  outside.server.closeAllConnections();
  outside.server.close();
});

async function mptcpComes(): Promise<void> {
  const { cgroup, events } = world();
  const server = await listening((spawned) => inCgroup(cgroup, spawned));
  await ended(send(server.port, mptcp, plain));
  assert.not.ok(server.lines.join().includes('GET'), server.lines.join());
  assert.ok(events().some(({ cause, direction }) => cause === fixedCause.uninspectable && direction === 'ingress'));
}

async function mptcpLeaves(): Promise<void> {
  const { cgroup, events } = world();
  const server = await listening((spawned) => spawned());
  await ended(inCgroup(cgroup, () => send(server.port, mptcp, plain)));
  assert.not.ok(server.lines.join().includes('GET'), server.lines.join());
  assert.ok(events().some(({ cause, direction }) => cause === fixedCause.uninspectable && direction === 'egress'));
}

eachWay('MPTCP', { ingress: mptcpComes, egress: mptcpLeaves });

/** A server whose queue is full until it reads a line: who connects before waits for a second (a SYN gets no answer). Prints what it reads of it. */
const busy = `
import socket, time
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(0)
first = socket.create_connection(s.getsockname())
print(s.getsockname()[1], flush=True)
input()
s.accept()[0].close()
c, _ = s.accept(); c.settimeout(3)
text = b''
try:
    while True:
        more = c.recv(1000)
        if not more: break
        text += more
        if more.endswith(b'\\r\\n\\r\\n'): c.send(b'HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n')
except OSError: pass
print(text, flush=True)
`;
/** Its first write begins before there is a connection, and ends when there is one. */
const early = `
import socket, sys, time
s = socket.socket(); s.setblocking(False)
s.connect_ex(('127.0.0.1', int(sys.argv[1])))
s.setblocking(True)
print('connecting', flush=True)
try:
    for piece in sys.argv[2:]:
        s.send(piece.replace('~', '\\r\\n').encode())
        time.sleep(0.3)
except OSError as error: print(error)
time.sleep(1)
`;

sockets('evasion: a write that waits for its connection, before one that is decided, on egress', async () => {
  const server = spawn('python3', ['-c', busy], { stdio: ['pipe', 'pipe', 'inherit'] });
  atEnd(() => server.kill('SIGKILL'));
  const all = ended(server);
  const port = await new Promise<number>((found) => server.stdout?.once('data', (data) => found(Number(data))));
  const client = inCgroup(world().cgroup, () => spawn('python3', ['-c', early, `${port}`, denied, ...plain], options));
  client.stdout?.once('data', () => server.stdin.write('\n'));
  await ended(client);
  assert.not.ok((await all).includes('/admin'), await all);
});

test.run();
