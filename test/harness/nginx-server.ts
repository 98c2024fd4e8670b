// nginx as a workload's server: files `a`, `b` and `admin`, and `/up`, which takes what is posted.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Cgroup } from '../../src/runtime/kernel/cgroups.ts';
import { atEnd, inCgroup } from './kernel.ts';

/** nginx below the cgroup with its own folder; undefined where it is not installed. */
export async function startNginx(cgroup: Cgroup, port: number, host = '127.0.0.1'): Promise<ChildProcess | undefined> {
  if (spawnSync('nginx', ['-v']).error) return undefined;
  const isIpv6 = host.includes(':');
  const folder = mkdtempSync(join(tmpdir(), 'policyc-nginx-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'html'));
  for (const name of ['a', 'b', 'admin']) writeFileSync(join(folder, 'html', name), `${name}\n`);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ');
  writeFileSync(
    join(folder, 'conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
     http { access_log ${folder}/access.log; ${paths} server { listen ${isIpv6 ? `[${host}]` : host}:${port}; location = /up { return 200; } root ${folder}/html; } }`,
  );
  const child = inCgroup(cgroup, () =>
    spawn('nginx', ['-p', folder, '-c', join(folder, 'conf'), '-e', join(folder, 'error.log')], { stdio: 'ignore' }),
  );
  atEnd(() => child.kill('SIGKILL'));
  for (let tries = 0; tries < 100; tries++) {
    const ready = await new Promise<boolean>((answer) => {
      const socket = connect(port, host, () => answer(true)).on('error', () => answer(false));
      socket.on('connect', () => socket.destroy());
    });
    if (ready) return child;
    await wait(50);
  }
  throw new Error('nginx does not listen');
}
