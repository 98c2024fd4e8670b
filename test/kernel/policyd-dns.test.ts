// DNS rules with the programs that people use: dig asks dnsmasq and unbound, through policyd and a bundle of policy text.
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { atEnd, inCgroup, kernelOrSkip, privateCgroup } from '../harness/kernel.ts';
import { reachesFrom } from '../harness/names-world.ts';
import { patience } from '../harness/patience.ts';
import { endChildren, owned, policyd, until, world } from '../harness/policyd.ts';

const missing = (program: string): boolean => spawnSync('which', [program]).status !== 0;
const lacking = ['dnsmasq', 'unbound', 'dig'].filter(missing);
const peerTest = (name: string, body: () => Promise<void>): void =>
  test(name, async () => {
    if (lacking.length > 0) console.log(`SKIP ${name}: no ${lacking.join(', ')} (apt-get install dnsmasq-base unbound bind9-dnsutils)`);
    else if (kernelOrSkip(name)) await body();
  });

async function freeUdpPort(): Promise<number> {
  const probe = createSocket('udp4');
  await new Promise<void>((done) => probe.bind(0, '127.0.0.1', done));
  const { port } = probe.address();
  await new Promise<void>((done) => probe.close(() => done()));
  return port;
}

const ownFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'policyc-dns-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** What the servers know: addresses of a name and of all below it, and texts that no datagram of 512 bytes holds. */
const addresses = {
  'ok.example': ['192.0.2.1', '2001:db8::1'],
  'no.example': ['192.0.2.2'],
  'third.example': ['198.51.100.7'],
} as const;
/** Addresses of a name, of which no datagram of 512 bytes holds all. */
const large = Array.from({ length: 60 }, (_, i) => `198.51.100.${i + 100}`);
const longTexts = Array.from({ length: 12 }, (_, i) => `${String(i).padStart(3, '0')}${'x'.repeat(200)}`);

const answering = (program: string, port: number): Promise<void> =>
  until(`${program} answers`, () => dig(undefined, port, 'ok.example', 'A').out.includes('192.0.2.1'));

/** A name server of this machine. */
async function dnsmasq(): Promise<number> {
  const port = await freeUdpPort();
  const options = ['--keep-in-foreground', '--no-resolv', '--no-hosts', '--conf-file=/dev/null', `--pid-file=${join(ownFolder(), 'pid')}`];
  const listening = [`--port=${port}`, '--bind-interfaces', '--listen-address=127.0.0.1', '--listen-address=::1', '--user=root'];
  const names = Object.entries(addresses).flatMap(([name, of]) => of.map((address) => `--address=/${name}/${address}`));
  const long = longTexts.map((text) => `--txt-record=long.ok.example,${text}`);
  const many = large.map((address) => `--host-record=large.ok.example,${address}`);
  owned(spawn('dnsmasq', [...options, ...listening, ...names, ...many, ...long], { stdio: 'ignore' }));
  await answering('dnsmasq', port);
  return port;
}

/** `cgroup`: it is a workload itself. */
async function unbound(cgroup?: ReturnType<typeof privateCgroup>): Promise<number> {
  const port = await freeUdpPort();
  const folder = ownFolder();
  const zones = Object.entries(addresses).flatMap(([name, of]) => [
    `local-zone: "${name}" redirect`,
    ...of.map((address) => `local-data: "${name} ${address.includes(':') ? 'AAAA' : 'A'} ${address}"`),
  ]);
  const long = ['local-zone: "long.ok.example" static', ...longTexts.map((text) => `local-data: 'long.ok.example TXT "${text}"'`)];
  const lines = [
    ...['127.0.0.1', '::1'].map((address) => `interface: ${address}@${port}`),
    'do-daemonize: no',
    'use-syslog: no',
    'chroot: ""',
    'username: ""',
    `directory: "${folder}"`,
    'pidfile: ""',
    'module-config: "iterator"',
    ...zones,
    ...long,
  ];
  writeFileSync(join(folder, 'conf'), `server:\n${lines.map((line) => `  ${line}\n`).join('')}remote-control:\n  control-enable: no\n`);
  const start = () => spawn('unbound', ['-d', '-c', join(folder, 'conf')], { stdio: 'ignore' });
  owned(cgroup ? inCgroup(cgroup, start) : start());
  await answering('unbound', port);
  return port;
}

const servers = { dnsmasq, unbound } as const;

type Answer = { readonly out: string; readonly milliseconds: number };

/** `cgroup`: of the workload that asks; undefined: somebody outside. */
function dig(
  cgroup: ReturnType<typeof privateCgroup> | undefined,
  port: number,
  name: string,
  type: string,
  ...more: readonly string[]
): Answer {
  const at = more.some((option) => option.startsWith('@')) ? [] : ['@127.0.0.1'];
  const asked = ['-p', String(port), '+tries=1', `+timeout=${3 * patience}`, ...at, ...more, name, type];
  const start = performance.now();
  const run = () => spawnSync('dig', asked, { encoding: 'utf8' });
  const { stdout, stderr } = cgroup ? inCgroup(cgroup, run) : run();
  return { out: stdout + stderr, milliseconds: performance.now() - start };
}

/** With all that dig printed in its failure. */
const says = (out: string, expected: RegExp, about: string): void => assert.ok(expected.test(out), `${about}: no ${expected} in: ${out}`);

/** Well below the time that dig would wait. */
const atOnce = 2000 * patience;

for (const [program, server] of Object.entries(servers))
  peerTest(`dig asks ${program}: over UDP and TCP, both families, truncated, denied`, async () => {
    const [here, port, cgroup] = [world(), await server(), privateCgroup('client')];
    here.policy(`policy client for { app: "client" } { egress {
    allow to host at [udp ${port}, tcp ${port}] dns { "ok.example"; "**.ok.example" type [TXT, AAAA] }
  } }`);
    here.inventoryText(`workloads: [{ name: client, labels: { app: client }, cgroup: ${cgroup.path} }]\n`);
    const daemon = await here.run();
    const ask = (name: string, type: string, ...more: readonly string[]) => dig(cgroup, port, name, type, ...more);

    for (const at of ['@127.0.0.1', '@::1'])
      for (const way of [[], ['+noedns'], ['+tcp'], ['+tcp', '+keepopen'], ['+bufsize=512', '+cookie']]) {
        const about = [at, ...way].join(' ');
        says(ask('OK.exAMPle', 'A', at, ...way).out, /status: NOERROR.*192\.0\.2\.1/s, about);
        says(ask('ok.example', 'AAAA', at, ...way).out, /2001:db8::1/, about);
        // Over UDP its sendmsg fails at once, and dig waits for its time to be over all the same.
        if (!way.includes('+tcp')) continue;
        const denied = ask('no.example', 'A', at, ...way);
        says(denied.out, /status: REFUSED/, about);
        assert.ok(denied.milliseconds < atOnce, `${about}: ${denied.milliseconds} ms`);
        says(ask('x.ok.example', 'A', at, ...way).out, /status: REFUSED/, `${about}: another type`);
      }
    for (const at of ['@127.0.0.1', '@::1']) says(ask('no.example', 'A', at).out, /no servers could be reached/, at);
    const truncated = ask('long.ok.example', 'TXT', '+bufsize=512');
    says(truncated.out, /Truncated, retrying in TCP mode.*status: NOERROR.*ANSWER: 12/s, 'truncated');
    assert.not.match(ask('ok.example', 'AXFR').out, /XFR size/);

    const metrics = await daemon.metrics();
    assert.match(metrics, /hubble_policy_verdicts_total\{direction="egress",match="l7\/dns",action="dropped"\} [1-9]/);
    assert.match(metrics, /hubble_policy_verdicts_total\{direction="egress",match="l7\/dns",action="forwarded"\} [1-9]/);
    assert.match(metrics, /hubble_dns_queries_total\{rcode="Policy denied",qtypes="A",ips_returned="0"\} [1-9]/);
    assert.match(metrics, /hubble_dns_queries_total\{rcode="",qtypes="AAAA",ips_returned="0"\} [1-9]/);
    assert.match(metrics, /hubble_flows_processed_total\{protocol="DNS",type="L7",subtype="DNS",verdict="DROPPED"\} [1-9]/);
  });

peerTest('what dnsmasq answers is reached by its name, also after policyd was started again with other rules', async () => {
  const [here, port, cgroup] = [world(), await dnsmasq(), privateCgroup('client')];
  const rules = (more: string) =>
    here.policy(`policy client for { app: "client" } { egress {
      allow to host at udp ${port} dns { "**.example" }
      allow to "**.ok.example" at udp 443
      ${more}
    } }`);
  rules('deny to "third.example" at udp 443');
  here.inventoryText(`workloads: [{ name: client, labels: { app: client }, cgroup: ${cgroup.path} }]\n`);
  const first = await here.run();
  const [ipv4, ipv6, third] = ['192.0.2.1', '2001:db8:0:0:0:0:0:1', '198.51.100.7'] as const;
  assert.equal([reachesFrom(cgroup, ipv4), reachesFrom(cgroup, ipv6)], [false, false]);
  for (const [type, server] of [
    ['A', '@127.0.0.1'],
    ['AAAA', '@::1'],
  ] as const)
    assert.match(dig(cgroup, port, 'www.OK.example', type, server, '+cookie').out, /status: NOERROR/);
  assert.equal([reachesFrom(cgroup, ipv4), reachesFrom(cgroup, ipv6)], [true, true]);
  assert.match(dig(cgroup, port, 'third.example', 'A').out, /198\.51\.100\.7/);
  assert.not.ok(reachesFrom(cgroup, third));
  assert.match(await first.metrics(), /policyc_dns_names_total\{event="learned"\} [1-9]/);
  await first.end();
  rules('allow to "third.example" at udp 443');
  await here.run();
  assert.equal(
    [ipv4, ipv6, third].map((address) => reachesFrom(cgroup, address)),
    [true, true, true],
  );
});

peerTest('an answer that is truncated over UDP comes over TCP, and names all its addresses; a deny by name holds for it', async () => {
  const [here, port, cgroup] = [world(), await dnsmasq(), privateCgroup('client')];
  here.policy(`policy client for { app: "client" } { egress {
    allow to host at [udp ${port}, tcp ${port}] dns { "**.example" }
    allow to "large.ok.example" at udp 443
    deny to "third.example" at udp 444
    allow to 198.51.100.0/24 at udp 444
  } }`);
  here.inventoryText(`workloads: [{ name: client, labels: { app: client }, cgroup: ${cgroup.path} }]\n`);
  const daemon = await here.run();
  const addresses = Array.from({ length: 60 }, (_, i) => `198.51.100.${i + 100}`);
  const reached = () => addresses.filter((address) => reachesFrom(cgroup, address)).length;
  says(dig(cgroup, port, 'large.ok.example', 'A', '+ignore', '+bufsize=512').out, /flags: qr aa tc/, 'truncated');
  assert.ok(reached() < addresses.length, 'what there was no room for has no name yet');
  says(dig(cgroup, port, 'large.ok.example', 'A', '+bufsize=512').out, /Truncated, retrying in TCP mode.*ANSWER: 60/s, 'over TCP');
  assert.is(reached(), addresses.length);
  assert.ok(reachesFrom(cgroup, '198.51.100.7', 444));
  says(dig(cgroup, port, 'third.example', 'A', '+tcp').out, /198\.51\.100\.7/, 'denied by name');
  assert.not.ok(reachesFrom(cgroup, '198.51.100.7', 444));
  assert.match(await daemon.metrics(), /policyc_dns_names_total\{event="learned"\} \d\d/);

  const asked = (...words: readonly string[]) => policyd(['names', ...words, ...here.state]);
  const [all] = JSON.parse(asked('--json').out).workloads;
  assert.equal([all.workload, all.names.map(({ name }: { name: string }) => name)], ['client', ['large.ok.example', 'third.example']]);
  assert.equal(all.names[0].addresses.map(({ address }: { address: string }) => address).sort(), addresses.toSorted());
  for (const { seconds } of all.names[0].addresses) assert.ok(seconds > 30 && seconds <= 60, `${seconds} s: dnsmasq says 0`);
  assert.match(asked('client').out, /^client: 2 names, 61 addresses\n {2}large\.ok\.example {2}198\.51\.100\.100 {2}\d+ seconds\n/);
  assert.match(asked('nobody').error, /the inventory has no workload `nobody`/);
  const { tables, counts } = here.status().names ?? {};
  assert.equal([tables?.names.used, tables?.addresses.used, tables?.addresses.limit, counts?.refused], [2, 61, 65_536, 0]);
  assert.match(
    policyd(['status', ...here.state]).out,
    /^names: +2 of 65536 names, 61 of 65536 addresses of workloads, 0 of 65536 open queries/m,
  );
});

const samples = (metrics: string, name: string): readonly string[] =>
  metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .sort();

/** The client asks for names at a port that is looked at; `block`: of the rule that lets it. */
async function observed() {
  const [here, port, cgroup] = [world(), await dnsmasq(), privateCgroup('client')];
  const rule = (block: string) => here.policy(`policy client for { app: "client" } { egress { allow to host at udp ${port}${block} } }\n`);
  here.inventoryText(`workloads: [{ name: client, labels: { app: client }, cgroup: ${cgroup.path} }]\n`);
  rule('');
  const daemon = await here.run('--observe-dns', `${port}`);
  return { here, rule, daemon, ask: (name: string, type: string, ...more: readonly string[]) => dig(cgroup, port, name, type, ...more) };
}

peerTest('--observe-dns: queries and answers are told and counted without a rule about them', async () => {
  const { here, daemon, ask } = await observed();
  ask('OK.example', 'A');
  ask('ok.example', 'AAAA', '@::1');
  ask('ok.example', 'A', '@::1');
  ask('none.invalid', 'A');
  const metrics = await daemon.metrics();
  assert.equal(samples(metrics, 'hubble_dns_queries_total'), [
    'hubble_dns_queries_total{rcode="",qtypes="A",ips_returned="0"} 3',
    'hubble_dns_queries_total{rcode="",qtypes="AAAA",ips_returned="0"} 1',
  ]);
  assert.equal(samples(metrics, 'hubble_dns_responses_total'), [
    'hubble_dns_responses_total{rcode="No Error",qtypes="A",ips_returned="1"} 2',
    'hubble_dns_responses_total{rcode="No Error",qtypes="AAAA",ips_returned="1"} 1',
    'hubble_dns_responses_total{rcode="Query Refused",qtypes="A",ips_returned="0"} 1',
  ]);
  assert.equal(samples(metrics, 'hubble_dns_response_types_total'), [
    'hubble_dns_response_types_total{type="A",qtypes="A"} 2',
    'hubble_dns_response_types_total{type="AAAA",qtypes="AAAA"} 1',
  ]);
  const lines = policyd(['observe', '--json', ...here.state])
    .out.trim()
    .split('\n');
  const flows = lines.map((line) => JSON.parse(line).flow).filter((one) => one?.Type === 'L7');
  assert.is(flows.length, 8, lines.join('\n'));
  const [query, answer] = flows;
  assert.equal([query.is_reply, query.l7], [false, { type: 'REQUEST', dns: { query: 'ok.example.', qtypes: ['A'] } }]);
  const { is_reply: isReply, traffic_direction: direction, verdict, source, l7 } = answer;
  assert.equal([isReply, direction, verdict, source.labels], [true, 'EGRESS', 'FORWARDED', ['reserved:host']]);
  assert.equal([l7.type, l7.dns.ips, l7.dns.rrtypes], ['RESPONSE', ['192.0.2.1'], ['A']]);
  for (const flow of [query, answer]) assert.match(flow.extensions.rule.text, /^allow to host/);
});

peerTest('--observe-dns: with a rule about them, each query counts once; another start asks for nothing', async () => {
  const { here, rule, daemon, ask } = await observed();
  const { build } = here.status().bundle;
  rule(' dns { "ok.example" }');
  await until('the rule about names', () => here.status().bundle.build !== build);
  ask('ok.example', 'A');
  // Not longer than the server of metrics keeps an idle connection.
  ask('no.example', 'A', '+timeout=1');
  const metrics = await daemon.metrics();
  assert.equal(samples(metrics, 'hubble_dns_queries_total'), [
    'hubble_dns_queries_total{rcode="",qtypes="A",ips_returned="0"} 1',
    'hubble_dns_queries_total{rcode="Policy denied",qtypes="A",ips_returned="0"} 1',
  ]);
  const answered = ['hubble_dns_responses_total{rcode="No Error",qtypes="A",ips_returned="1"} 1'];
  assert.equal(samples(metrics, 'hubble_dns_responses_total'), answered);
  await daemon.end();
  const again = await here.run();
  ask('ok.example', 'A');
  assert.equal(samples(await again.metrics(), 'hubble_dns_responses_total'), answered);
});

peerTest('--observe-dns: what a workload is asked, and what it answers', async () => {
  const [here, cgroup] = [world(), privateCgroup('resolver')];
  const port = await unbound(cgroup);
  here.policy(`policy resolver for { app: "resolver" } { ingress { allow from host at udp ${port} } }\n`);
  here.inventoryText(`workloads: [{ name: resolver, labels: { app: resolver }, cgroup: ${cgroup.path} }]\n`);
  const daemon = await here.run('--observe-dns', `${port}`);
  for (const [name, type, server] of [
    ['ok.example', 'A', '@127.0.0.1'],
    ['OK.example', 'AAAA', '@::1'],
  ] as const)
    says(dig(undefined, port, name, type, server).out, /status: NOERROR/, name);
  const metrics = await daemon.metrics();
  assert.equal(samples(metrics, 'hubble_dns_queries_total'), [
    'hubble_dns_queries_total{rcode="",qtypes="A",ips_returned="0"} 1',
    'hubble_dns_queries_total{rcode="",qtypes="AAAA",ips_returned="0"} 1',
  ]);
  assert.equal(samples(metrics, 'hubble_dns_responses_total'), [
    'hubble_dns_responses_total{rcode="No Error",qtypes="A",ips_returned="1"} 1',
    'hubble_dns_responses_total{rcode="No Error",qtypes="AAAA",ips_returned="1"} 1',
  ]);
  const lines = policyd(['observe', '--json', ...here.state])
    .out.trim()
    .split('\n');
  const flows = lines.map((line) => JSON.parse(line).flow).filter((one) => one?.Type === 'L7');
  assert.is(flows.length, 4, lines.join('\n'));
  const [query, answer] = flows;
  assert.equal([query.is_reply, query.traffic_direction, query.l7.dns.query], [false, 'INGRESS', 'ok.example.']);
  assert.equal([answer.is_reply, answer.traffic_direction, answer.l7.dns.ips], [true, 'INGRESS', ['192.0.2.1']]);
  for (const flow of [query, answer]) assert.match(flow.extensions.rule.text, /^allow from host/);
});

/** As a process of the cgroup, in a network of its own: a resolver at port 53, and the C library that asks it. */
const library = (cgroup: string): string => `
  ip link set lo up
  echo "nameserver 127.0.0.1
options timeout:${5 * patience}" > "$0/resolv.conf"
  echo "hosts: dns" > "$0/nsswitch.conf"
  mount --bind "$0/resolv.conf" /etc/resolv.conf
  mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf
  dnsmasq --no-resolv --no-hosts --conf-file=/dev/null --pid-file="$0/pid" --user=root --listen-address=127.0.0.1 --bind-interfaces --address=/example/192.0.2.9
  echo $$ > ${cgroup}/cgroup.procs
  for name in ok.example no.example; do
    date +%s%3N; getent hosts $name; date +%s%3N
  done
  kill $(cat "$0/pid")
`;

peerTest('the C library: a denied name fails at once', async () => {
  const [here, cgroup] = [world(), privateCgroup('client')];
  here.policy('policy client for { app: "client" } { egress { allow to host at [udp 53, tcp 53] dns { "ok.example" } } }');
  here.inventoryText(`workloads: [{ name: client, labels: { app: client }, cgroup: ${cgroup.path} }]\n`);
  await here.run();
  const folder = mkdtempSync(join(tmpdir(), 'dns-library-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const { stdout, stderr } = spawnSync('unshare', ['-m', '-n', 'sh', '-c', library(cgroup.path), folder], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  const told = /^(\d+)\n192\.0\.2\.9 .*\n(\d+)\n(\d+)\n(\d+)$/m.exec(stdout);
  assert.ok(told, `the allowed name has its address, the denied one none: ${stdout}${stderr}`);
  const took = Number(told?.[4]) - Number(told?.[3]);
  assert.ok(took < atOnce, `${took} ms`);
});

peerTest('somebody else asks whatever he likes', async () => {
  const [here, port, cgroup] = [world(), await dnsmasq(), privateCgroup('client')];
  here.policy(`policy client for { app: "client" } { egress { allow to host at udp ${port} dns { "ok.example" } } }`);
  here.inventoryText(`workloads: [{ name: client, labels: { app: client }, cgroup: ${cgroup.path} }]\n`);
  await here.run();
  assert.match(dig(undefined, port, 'no.example', 'A').out, /192\.0\.2\.2/);
  assert.not.match(dig(cgroup, port, 'ok.example', 'A', '+tcp').out, /192\.0\.2\.1/, 'no rule speaks of tcp');
  assert.match(dig(cgroup, port, 'ok.example', 'A').out, /192\.0\.2\.1/);
});

test.after(endChildren);
test.run();
