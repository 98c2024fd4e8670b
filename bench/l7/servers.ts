// The servers that are compared, each with a port of its own on the loopback interface: nginx as it is, nginx below a cgroup that the
// project's programs govern, and haproxy and nginx as proxies that let the same requests through.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { attachCgroup, attachMachine } from '../../src/runtime/kernel/attach.ts';
import type { Cgroup } from '../../src/runtime/kernel/cgroups.ts';
import type { Loaded } from '../../src/runtime/kernel/load.ts';
import { typedPolicy } from '../../test/harness/compile.ts';
import { govern } from '../../test/harness/governed.ts';
import { atEnd, expectOk, inCgroup, loadTemplates, privateCgroup, privatePins } from '../../test/harness/kernel.ts';

/** `loaded`: what governs it. */
export type Target = { readonly name: string; readonly port: number; readonly loaded?: Loaded };
type Start = <T>(action: () => T) => T;

const anywhere: Start = (action) => action();

/** Is the program here? */
export function isInstalled(program: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let lastPort = 21_000 + (process.pid % 200) * 40;
export const freshPort = (): number => lastPort++;

/** Of this run; gone at its end. */
export const folder = (() => {
  let made: string | undefined;
  return (): string => {
    if (made !== undefined) return made;
    const path = mkdtempSync(join(tmpdir(), 'policyc-bench-l7-'));
    atEnd(() => rmSync(path, { recursive: true, force: true }));
    made = path;
    return path;
  };
})();

const listens = (port: number): Promise<boolean> =>
  new Promise((answer) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      answer(true);
    }).on('error', () => answer(false));
  });

/** Waits until somebody listens at each port; ends the child with this process. */
export async function started(child: ChildProcess, ports: readonly number[]): Promise<void> {
  atEnd(() => void child.kill('SIGKILL'));
  child.unref();
  for (const port of ports) {
    for (let tries = 0; !(await listens(port)); tries++) {
      if (tries > 100) throw new Error(`nobody listens at ${port}`);
      await wait(50);
    }
  }
}

/** nginx with one worker process and these servers in its configuration. */
export async function nginx(servers: string, ports: readonly number[], start: Start = anywhere): Promise<void> {
  const home = join(folder(), `nginx-${ports.join('-')}`);
  mkdirSync(home);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${home}/${kind};`).join(' ');
  const http = `access_log off; keepalive_requests 1000000000; keepalive_timeout 600; ${paths} ${servers}`;
  writeFileSync(
    join(home, 'conf'),
    `daemon off; master_process off; pid ${home}/pid; error_log ${home}/log; events { worker_connections 1024; } http { ${http} }`,
  );
  const child = start(() => spawn('nginx', ['-p', home, '-c', join(home, 'conf'), '-e', join(home, 'log')], { stdio: 'ignore' }));
  await started(child, ports);
}

const answering = (port: number): string => `server { listen 127.0.0.1:${port} backlog=1024; location / { return 200 "ok\\n"; } }`;

/** nginx without anything in between. */
export async function bare(name: string): Promise<Target> {
  const port = freshPort();
  await nginx(answering(port), [port]);
  return { name, port };
}

/** A cgroup whose processes are a workload under the policy of this text; `reader`: of its requests. */
export function governedCgroup(
  text: string,
  reader: 'l7/receive' | 'l7/dns' | 'l7/tls',
): { readonly cgroup: Cgroup; readonly loaded: Loaded } {
  const cgroup = privateCgroup('bench');
  const loaded = loadTemplates(['net/cgroup_skb', 'net/connect', 'l7/stream', reader], privatePins());
  govern(loaded, cgroup).install(typedPolicy(text));
  expectOk(attachMachine(loaded));
  expectOk(attachCgroup(loaded, cgroup.path));
  return { cgroup, loaded };
}

/** nginx as a workload under the policy of this text; one target for each port. */
export async function governed(names: readonly string[], text: (ports: readonly number[]) => string): Promise<readonly Target[]> {
  const ports = names.map(freshPort);
  const { cgroup, loaded } = governedCgroup(text(ports), 'l7/receive');
  await nginx(ports.map(answering).join(' '), ports, (action) => inCgroup(cgroup, action));
  return names.map((name, i) => ({ name, port: ports[i] ?? 0, loaded }));
}

/** nginx as a proxy before `backend`, which lets these paths through. */
export async function nginxProxy(name: string, backend: Target, paths: readonly string[]): Promise<Target> {
  const port = freshPort();
  const locations = paths.map((path) => `location = ${path} { proxy_pass http://backend; }`).join(' ');
  const proxied = 'proxy_http_version 1.1; proxy_set_header Connection "";';
  await nginx(
    `upstream backend { server 127.0.0.1:${backend.port}; keepalive 64; keepalive_requests 1000000000; }
     server { listen 127.0.0.1:${port} backlog=1024; ${proxied} ${locations} location / { return 403; } }`,
    [port],
  );
  return { name, port };
}

/** haproxy before `backend`, which lets these paths through. */
export async function haproxy(name: string, backend: Target, paths: readonly string[]): Promise<Target> {
  const port = freshPort();
  const home = join(folder(), `haproxy-${port}`);
  mkdirSync(home);
  writeFileSync(join(home, 'paths'), `${paths.join('\n')}\n`);
  writeFileSync(
    join(home, 'conf'),
    `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  http-reuse always
frontend in
  bind 127.0.0.1:${port}
  acl get method GET
  acl known path -f ${join(home, 'paths')}
  http-request deny unless get known
  default_backend server
backend server
  server one 127.0.0.1:${backend.port}
`,
  );
  await started(spawn('haproxy', ['-db', '-f', join(home, 'conf')], { stdio: 'ignore' }), [port]);
  return { name, port };
}
