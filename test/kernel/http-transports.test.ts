// Ways to send a request past its reader below HTTP: urgent data, which some readers leave out of the stream, and MPTCP, whose
// bytes never come by. Sent by a process of Python, which can open such sockets; nothing of it may reach a server.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fixedCause } from '../../src/compiler/ir/abi.ts';
import { typedPolicy } from '../harness/compile.ts';
import { outsideServer } from '../harness/http-sender.ts';
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

/** Connects with a protocol, writes pieces (those that begin with \`!\` as urgent data), prints what it reads or the error. */
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

sockets('evasion: urgent data, on ingress', async () => {
  const { cgroup } = world();
  const server = await startServer(cgroup);
  await ended(send(server.port, tcp, urgent));
  assert.equal(await server.seen(), []);
  assert.match(await ended(send(server.port, tcp, plain)), /200 OK/);
  server.stop();
});

sockets('evasion: urgent data, on egress', async () => {
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
});

sockets('evasion: MPTCP, on ingress', async () => {
  const { cgroup, events } = world();
  const server = await listening((spawned) => inCgroup(cgroup, spawned));
  await ended(send(server.port, mptcp, plain));
  assert.not.ok(server.lines.join().includes('GET'), server.lines.join());
  assert.ok(events().some(({ cause, direction }) => cause === fixedCause.uninspectable && direction === 'ingress'));
});

sockets('evasion: MPTCP, on egress', async () => {
  const { cgroup, events } = world();
  const server = await listening((spawned) => spawned());
  await ended(inCgroup(cgroup, () => send(server.port, mptcp, plain)));
  assert.not.ok(server.lines.join().includes('GET'), server.lines.join());
  assert.ok(events().some(({ cause, direction }) => cause === fixedCause.uninspectable && direction === 'egress'));
});

test.run();
