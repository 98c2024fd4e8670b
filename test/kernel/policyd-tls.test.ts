// TLS rules with the programs that people use: nginx, node and openssl serve, curl and openssl ask, through policyd and a bundle of policy
// text; as the workload that is called, and as the one that calls.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cgroup } from '../../src/runtime/kernel/cgroups.ts';
import { atEnd, inCgroup, kernelOrSkip, privateCgroup } from '../harness/kernel.ts';
import { patience } from '../harness/patience.ts';
import { endChildren, owned, policyd, type Running, until, world } from '../harness/policyd.ts';
import { freePort } from '../harness/policyd-traffic.ts';
import { hello } from '../harness/tls-hellos.ts';
import { type Direction, directions } from '../harness/tls-world.ts';

const missing = (program: string): boolean => spawnSync('which', [program]).status !== 0;
const lacking = ['openssl', 'nginx', 'curl', 'python3'].filter(missing);

const folder = mkdtempSync(join(tmpdir(), 'policyd-tls-'));
atEnd(() => rmSync(folder, { recursive: true, force: true }));
const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
const bytes = 5_000_000;

type Side = <T>(run: () => T) => T;
type Here = { readonly port: number; readonly server: Side; readonly client: Side };
type Peers = { readonly place: ReturnType<typeof world>; readonly daemon: Running; readonly next: () => Here };

/** What the tests of one direction share: a workload that is the server of some ports, or their client. */
async function governed(direction: Direction): Promise<Peers> {
  const [place, ports, cgroup] = [world(), await Promise.all(Array.from({ length: 4 }, freePort)), privateCgroup('peer')];
  const at = `at tcp [${ports.join(', ')}]`;
  place.policy(`policy peer for { app: "peer" } { ${direction} {
    allow ${at} tls { "ok.example"; "h2.example" alpn "h2"; "**.many.example" }
    deny ${at} tls { "no.many.example" }
  } }`);
  place.inventoryText(`workloads: [{ name: peer, labels: { app: peer }, cgroup: ${cgroup.path} }]\n`);
  const daemon = await place.run();
  const inside = sideOf(cgroup);
  const outside: Side = (run) => run();
  const sides = { server: direction === 'ingress' ? inside : outside, client: direction === 'egress' ? inside : outside };
  return { place, daemon, next: () => ({ port: ports.pop() ?? 0, ...sides }) };
}
const made = new Map<Direction, Promise<Peers>>();

const sideOf =
  (cgroup: Cgroup): Side =>
  (run) =>
    inCgroup(cgroup, run);

function peerTest(name: string, body: (here: Here, peers: Peers, direction: Direction) => Promise<void>): void {
  for (const direction of directions)
    test(`${name}, ${direction}`, async () => {
      if (lacking.length > 0) console.log(`SKIP ${name}: no ${lacking.join(', ')}`);
      if (lacking.length > 0 || !kernelOrSkip(name)) return;
      const peers = made.get(direction) ?? governed(direction);
      made.set(direction, peers);
      await body((await peers).next(), await peers, direction);
    });
}

test.before(() => {
  if (lacking.length > 0) return;
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=ok.example', '-days', '2'];
  spawnSync('openssl', ['req', '-x509', ...made, '-keyout', key, '-out', certificate]);
  writeFileSync(join(folder, 'large'), Buffer.alloc(bytes, 'abcdefghijklmnop'));
});

function startNginx({ port, server }: Here): void {
  const configuration = join(folder, `nginx-${port}.conf`);
  writeFileSync(
    configuration,
    `daemon off; user root; pid ${folder}/nginx-${port}.pid; error_log /dev/null; events {}
    http { access_log off; client_body_temp_path ${folder}; client_max_body_size 100m;
      server { listen 127.0.0.1:${port} ssl http2; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate ${certificate}; ssl_certificate_key ${key}; root ${folder};
        location /name { return 200 "$ssl_server_name $ssl_protocol $server_protocol"; } } }`,
  );
  owned(server(() => spawn('nginx', ['-c', configuration], { stdio: 'ignore' })));
}

type Run = { readonly status: number | null; readonly out: string };

function run(side: Side, [program = '', ...parameters]: readonly string[], input = ''): Run {
  const options = { encoding: 'utf8', input, timeout: 20_000 * patience, maxBuffer: 100_000_000 } as const;
  const { status, stdout, stderr } = side(() => spawnSync(program, parameters, options));
  return { status, out: stdout + stderr };
}

/** `more`: options of curl. */
const curl = ({ client, port }: Here, name: string, path: string, ...more: readonly string[]): Run =>
  run(client, [
    'curl',
    '-sS',
    '-k',
    '-m',
    String(15 * patience),
    '--resolve',
    `${name}:${port}:127.0.0.1`,
    ...more,
    `https://${name}:${port}${path}`,
  ]);

const openssl = ({ client, port }: Here, ...more: readonly string[]): Run =>
  run(client, ['openssl', 's_client', '-connect', `127.0.0.1:${port}`, ...more], 'Q\n');

const isUp =
  (here: Here): (() => boolean) =>
  () =>
    /Cipher is (?!\(NONE\))/.test(openssl(here, '-servername', 'ok.example').out);
const passes = ({ out }: Run): boolean => /Cipher is (?!\(NONE\))/.test(out);
const isDenied = ({ out }: Run): boolean => /alert access denied|alert number 49/.test(out);

peerTest('curl and openssl at nginx', async (here, { place, daemon }, direction) => {
  startNginx(here);
  await until('nginx answers', isUp(here));

  assert.is(curl(here, 'ok.example', '/name').out, 'ok.example TLSv1.3 HTTP/2.0');
  assert.is(curl(here, 'OK.Example', '/name', '--http1.1', '--tls-max', '1.2').out, 'ok.example TLSv1.2 HTTP/1.1');
  assert.is(curl(here, 'ok.example', '/large').out.length, bytes, 'all that follows');
  assert.match(curl(here, 'ok.example', '/name', '--data-binary', `@${join(folder, 'large')}`).out, /ok\.example|405/);
  const denied = curl(here, 'no.example', '/name');
  assert.is(denied.status, 35, denied.out);
  assert.match(denied.out, /alert access denied/);
  // Both protocols are offered, and one of them is not allowed.
  assert.is(curl(here, 'h2.example', '/name').status, 35);
  assert.ok(passes(openssl(here, '-servername', 'h2.example', '-alpn', 'h2')));

  for (const version of ['-tls1_2', '-tls1_3']) {
    assert.ok(passes(openssl(here, '-servername', 'ok.example', version)), version);
    assert.ok(isDenied(openssl(here, '-servername', 'no.example', version)), version);
    assert.ok(isDenied(openssl(here, '-noservername', version)), version);
    assert.ok(isDenied(openssl(here, '-servername', 'h2.example', '-alpn', 'h2,http/1.1', version)), version);
    const session = join(folder, `session${version}`);
    openssl(here, '-servername', 'ok.example', version, '-sess_out', session, '-ign_eof');
    assert.ok(passes(openssl(here, '-servername', 'ok.example', version, '-sess_in', session)), 'resumed');
    assert.ok(isDenied(openssl(here, '-servername', 'no.example', version, '-sess_in', session)), 'resumed under another name');
  }

  const metrics = await daemon.metrics();
  for (const action of ['dropped', 'forwarded'])
    assert.match(metrics, new RegExp(`hubble_policy_verdicts_total\\{direction="${direction}",match="l7/tls",action="${action}"\\} [1-9]`));
  assert.match(metrics, /hubble_flows_processed_total\{protocol="TLS",type="L7",subtype="[^"]*",verdict="DROPPED"\} [1-9]/);
  const observed = policyd(['observe', '--last', '1000', '--json', ...place.state])
    .out.trim()
    .split('\n');
  const flows = observed.map((line) => JSON.parse(line).flow).filter((flow) => flow?.Type === 'L7');
  const tls = flows.map(({ verdict, extensions }) => `${verdict} ${extensions.tls?.server_name} ${extensions.tls?.protocols}`);
  for (const one of [
    'FORWARDED ok.example h2,http/1.1',
    'DROPPED no.example h2,http/1.1',
    'FORWARDED h2.example h2',
    'DROPPED undefined ',
  ]) {
    assert.ok(tls.includes(one), `${one} among ${tls.join('\n')}`);
  }
  assert.match(policyd(['observe', '--last', '1000', ...place.state]).out, /TLS .* no\.example h2 http\/1\.1/);
});

peerTest('a second hello (HelloRetryRequest), early data, and a hello of node', async (here) => {
  const served = ['-accept', `127.0.0.1:${here.port}`, '-cert', certificate, '-key', key, '-groups', 'P-384', '-early_data'];
  // It ends when its input does.
  owned(here.server(() => spawn('openssl', ['s_server', ...served], { stdio: ['pipe', 'ignore', 'ignore'] })));
  await until('s_server answers', isUp(here));
  const told = openssl(here, '-servername', 'ok.example', '-groups', 'X25519:P-384', '-tls1_3', '-msg');
  assert.ok(passes(told) && told.out.split('ClientHello').length === 3, `two hellos: ${told.out.slice(0, 400)}`);
  assert.ok(isDenied(openssl(here, '-servername', 'no.example', '-groups', 'X25519:P-384', '-tls1_3')));

  // The ticket comes after the handshake: so the client waits before it ends.
  const [session, early] = [join(folder, 'session-early'), join(folder, 'early')];
  writeFileSync(early, 'early data');
  const waiting = `(sleep 1; echo Q) | openssl s_client -connect 127.0.0.1:${here.port} -servername ok.example -tls1_3`;
  run(here.client, ['sh', '-c', `${waiting} -sess_out ${session}`]);
  const resumed = run(here.client, ['sh', '-c', `${waiting} -sess_in ${session} -early_data ${early}`]);
  assert.match(resumed.out, /Early data was (accepted|rejected)/);
  assert.ok(passes(resumed), resumed.out);

  const node = `require('tls').connect({ port: ${here.port}, host: '127.0.0.1', servername: process.argv[1], ALPNProtocols: ['h2', 'http/1.1'], rejectUnauthorized: false })
    .on('secureConnect', () => { console.log('connected'); process.exit(); }).on('error', (error) => { console.log(error.code); process.exit(); })`;
  const asked = (name: string): string => run(here.client, [process.execPath, '-e', node, name]).out.trim();
  assert.is(asked('ok.example'), 'connected');
  assert.match(asked('no.example'), /ACCESS_DENIED/);
});

peerTest('curl at node', async (here) => {
  const node = `const fs = require('fs');
    require('https').createServer({ key: fs.readFileSync('${key}'), cert: fs.readFileSync('${certificate}') }, (request, response) => {
      let bytes = 0; request.on('data', (data) => { bytes += data.length; }).on('end', () => response.end(request.socket.servername + ' ' + bytes));
    }).listen(${here.port}, '127.0.0.1')`;
  owned(here.server(() => spawn(process.execPath, ['-e', node], { stdio: 'inherit' })));
  await until('node answers', isUp(here));
  assert.is(curl(here, 'a.b.many.example', '/').out, 'a.b.many.example 0');
  assert.is(curl(here, 'ok.example', '/', '--data-binary', `@${join(folder, 'large')}`, '-H', 'Expect:').out, `ok.example ${bytes}`);
  assert.is(curl(here, 'no.many.example', '/').status, 35);
  assert.is(curl(here, 'other.test', '/').status, 35);
});

/** Go listens and connects with MPTCP where there is no reason against it: such bytes come by nobody who could read them. */
const mptcp = {
  server: `import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(5); print('up', flush=True)
while True:
    c, _ = s.accept(); c.settimeout(${3 * patience})
    try: print(len(c.recv(1000)), flush=True)
    except OSError: print('nothing', flush=True)`,
  client: `import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, int(sys.argv[2])); s.settimeout(${patience})
try:
    s.connect(('127.0.0.1', int(sys.argv[1]))); s.send(bytes.fromhex(sys.argv[3])); print(s.recv(10))
except OSError as error: print(error)`,
};

peerTest('evasion: MPTCP at both ends', async (here) => {
  if (spawnSync('python3', ['-c', 'import socket; socket.socket(2, 1, 262)']).status !== 0)
    return console.log('SKIP MPTCP: the kernel has none');
  const child = owned(
    here.server(() => spawn('python3', ['-c', mptcp.server, String(here.port)], { stdio: ['ignore', 'pipe', 'inherit'] })),
  );
  let said = '';
  child.stdout?.on('data', (data) => {
    said += String(data);
  });
  const told = (): readonly string[] => said.split('\n').slice(0, -1);
  await until('the server listens', () => told().length > 0);
  const good = Buffer.from(hello({ name: 'ok.example' }));
  const sent = (protocol: string): Run =>
    run(here.client, ['python3', '-c', mptcp.client, String(here.port), protocol, good.toString('hex')]);
  sent('0');
  await until('plain TCP', () => told().length > 1);
  assert.is(told()[1], String(good.length), 'an MPTCP listener and a client of TCP');
  sent('262');
  await until('MPTCP', () => told().length > 2);
  assert.ok(['0', 'nothing'].includes(told()[2] ?? ''), said);
});

test.after(endChildren);
test.run();
