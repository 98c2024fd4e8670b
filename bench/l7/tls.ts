// TLS connections: nginx with a certificate of its own, by itself and as a workload whose policy is about the names in hellos. wrk asks:
// a connection for each request, and one connection after the other's bytes.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inCgroup } from '../../test/harness/kernel.ts';
import { type Figures, figure, median } from '../measure.ts';
import { counting, programTime } from './load.ts';
import { folder, freshPort, governedCgroup, nginx } from './servers.ts';

const fileBytes = 1 << 20;

/** Servers of one nginx: small answers with which the connection ends, and a file of a MiB. */
const serverOf = (port: number, home: string): string => `server {
  listen 127.0.0.1:${port} ssl backlog=1024; ssl_certificate ${home}/certificate; ssl_certificate_key ${home}/key; ssl_session_cache off;
  ssl_session_tickets off; root ${home}; location = /file { } location / { return 200 "ok\\n"; }
}`;

/** The name that wrk sends is that of its URL: `localhost`. */
function certificate(): string {
  const home = folder();
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const out = ['-keyout', join(home, 'key'), '-out', join(home, 'certificate'), '-subj', '/CN=localhost'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...out], { stdio: 'ignore' });
  writeFileSync(join(home, 'file'), new Uint8Array(fileBytes));
  return home;
}

type Kind = 'connections' | 'bytes';

/** Connections, or bytes, a second, in one second; `done`: how many connections, or files, there were. */
function asked(port: number, kind: Kind): { readonly rate: number; readonly done: number } {
  const words = kind === 'connections' ? ['-H', 'Connection: close', `https://localhost:${port}/`] : [`https://localhost:${port}/file`];
  const text = execFileSync('wrk', ['-t1', '-c8', '-d1s', ...words], { encoding: 'utf8' });
  const [, requests = 'NaN', seconds = 'NaN'] = /(\d+) requests in ([\d.]+)s/.exec(text) ?? [];
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1];
  if (refused !== undefined) throw new Error(`${refused} of ${requests} requests were refused`);
  return { rate: (Number(requests) * (kind === 'bytes' ? fileBytes : 1)) / Number(seconds), done: Number(requests) };
}

/** 100 names are rules; the one that is asked is the last. */
function policyText(port: number): string {
  const names = Array.from({ length: 99 }, (_, i) => `www${i}.bench.example`);
  const lines = [...names, 'localhost'].map((name) => `    allow at tcp ${port} tls { sni "${name}" }`);
  return `policy web for { app: "web" } {\n  ingress {\n${lines.join('\n')}\n  }\n}\n`;
}

export async function tlsFigures(count: number): Promise<Figures> {
  const home = certificate();
  const [bare, own] = [freshPort(), freshPort()];
  await nginx(serverOf(bare, home), [bare]);
  const { cgroup, loaded } = governedCgroup(policyText(own), 'l7/tls');
  await nginx(serverOf(own, home), [own], (start) => inCgroup(cgroup, start));
  const figures = (['connections', 'bytes'] as const).map((kind): Figures => {
    const round = () => ({ plain: asked(bare, kind).rate, ours: asked(own, kind).rate });
    round();
    const rounds = Array.from({ length: count }, round);
    const before = programTime(loaded);
    const { done } = counting(() => asked(own, kind));
    const each = (programTime(loaded) - before) / done;
    return {
      [`tls_${kind}_bare_per_s`]: median(rounds.map(({ plain }) => plain)),
      ...figure(
        `tls_${kind}_ratio`,
        rounds.map(({ plain, ours }) => ours / plain),
      ),
      [kind === 'bytes' ? 'tls_program_ns_per_mib' : 'tls_program_ns_per_connection']: each,
    };
  });
  return Object.assign({}, ...figures);
}
