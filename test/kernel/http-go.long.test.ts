// Go's own client and server as peers: a pool of connections that are kept, bodies in chunks and after `100 Continue`, both families, and
// MPTCP as its servers listen with. Where the other end speaks plain TCP all of it is decided; where both speak MPTCP nothing passes.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { typedPolicy } from '../harness/compile.ts';
import { outsideServer } from '../harness/http-sender.ts';
import { type HttpWorld, httpWorld, startServer } from '../harness/http-world.ts';
import { atEnd, inCgroup, kernelTest, projectRoot } from '../harness/kernel.ts';
import { startNginx } from '../harness/nginx-server.ts';

const lines = 'allow at tcp http { GET "/a"; POST "/up" }';
const policy = typedPolicy(`policy web for { app: "web" } { ingress { ${lines} } egress { ${lines} } }`);
const folder = mkdtempSync(join(tmpdir(), 'policyc-go-'));
atEnd(() => rmSync(folder, { recursive: true, force: true }));
const peer = join(folder, 'peer');

function missing(): string | undefined {
  const built = spawnSync('go', ['build', '-o', peer, join(projectRoot, 'test', 'harness', 'go', 'peer.go')], { encoding: 'utf8' });
  if (built.error) return 'go is not installed (apt-get install golang-go)';
  if (built.status !== 0) throw new Error(built.stderr);
  return spawnSync('python3', ['-c', 'import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)']).status === 0
    ? undefined
    : 'python3 or MPTCP is missing';
}
const reason = missing();

let made: HttpWorld | undefined;
function world(): HttpWorld {
  made ??= httpWorld(policy);
  made.install(policy);
  return made;
}
const inside = <T>(action: () => T): T => inCgroup(world().cgroup, action);

// Behind a final answer to `Expect`, clients before Go 1.22.5 leave the body out and go on as if they had sent it: so it is the last one.
const asked = ['GET:/a:', 'POST:/up:chunked', 'GET:/admin:', 'POST:/up:expect', 'POST:/admin:chunked', 'GET:/a:', 'POST:/admin:expect'];
const statuses = ['200', '200', '403', '200', '403', '200', '403'];
const reached = ['GET /a 0', 'POST /up 5000', 'POST /up 5000', 'GET /a 0'];

type Protocol = 'tcp' | 'mptcp';
type Run = (start: () => ChildProcess) => ChildProcess;
/** Where nothing passes, it waits to the end of its patience. */
const one = asked.slice(0, 1);
/** The status of each request; some are of one connection. */
async function ask(protocol: Protocol, base: string, run: Run, requests: readonly string[] = asked) {
  const child = run(() => spawn(peer, ['ask', protocol, base, ...requests], { stdio: ['ignore', 'pipe', 'inherit'] }));
  atEnd(() => child.kill('SIGKILL'));
  let text = '';
  child.stdout?.on('data', (data) => (text += String(data)));
  await once(child, 'close');
  const lines = text.trim().split('\n');
  assert.ok(
    lines.some((line) => line.startsWith('error') || line.endsWith('true')),
    'no connection was used twice',
  );
  return lines.map((line) => line.split(' ')[0]);
}
/** Go's server below the cgroup, and what it read. */
async function serve(address: string) {
  const place = address.includes(':') ? `[${address}]:0` : `${address}:0`;
  const child = inside(() => spawn(peer, ['serve', 'mptcp', place], { stdio: ['ignore', 'pipe', 'inherit'] }));
  atEnd(() => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout);
  const [first] = await once(lines, 'line');
  const seen: string[] = [];
  lines.on('line', (line) => seen.push(line));
  return { port: Number(first), seen, stop: () => void child.kill('SIGKILL') };
}

const outside: Run = (start) => start();

function goTest(name: string, body: () => Promise<void>): void {
  kernelTest(name, async () => {
    if (reason === undefined) await body();
    else console.log(`SKIP ${name}: ${reason}`);
  });
}

let serial = 0;
const families = { IPv4: '127.0.0.1', IPv6: '::1' } as const;
for (const [family, address] of Object.entries(families))
  for (const protocol of ['tcp', 'mptcp'] as const) {
    const at = (port: number): string => `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
    goTest(`ingress: Go's client over ${protocol}, ${family}, node as server`, async () => {
      const server = await startServer(world().cgroup, address);
      assert.equal(await ask(protocol, at(server.port), outside), statuses);
      assert.equal(await server.seen(), reached);
      server.stop();
    });
    goTest(`ingress: Go's client over ${protocol}, ${family}, nginx as server`, async () => {
      const port = 18_082 + serial++;
      const server = await startNginx(world().cgroup, port, address);
      if (!server) return console.log('SKIP nginx: it is not installed');
      assert.equal(await ask(protocol, at(port), outside), statuses);
      server.kill('SIGKILL');
    });
    goTest(`egress: Go's client over ${protocol}, ${family}, node as server`, async () => {
      const server = await outsideServer(address);
      if (protocol === 'tcp') {
        assert.equal(await ask(protocol, at(server.port), inside), statuses);
        assert.equal(server.seen(), reached);
      } else {
        // Its end speaks MPTCP, whatever the other one does: it cannot be read.
        assert.equal(await ask(protocol, at(server.port), inside, one), ['error']);
        assert.equal(server.seen(), []);
      }
      server.server.closeAllConnections();
      server.server.close();
    });
    goTest(`ingress: Go's server with MPTCP, ${family}, its client over ${protocol}`, async () => {
      const server = await serve(address);
      const isRead = protocol === 'tcp';
      assert.equal(await ask(protocol, at(server.port), outside, isRead ? asked : one), isRead ? statuses : ['error']);
      assert.equal(server.seen, isRead ? reached : []);
      server.stop();
    });
  }

test.run();
