// A real server below a cgroup of its own, governed by the real programs under a policy, and a client outside:
// what HTTP tests in the kernel need. The client is this process: the `host`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TypedPolicy } from '../../src/compiler/ir/typed.ts';
import { attachCgroup, attachMachine } from '../../src/runtime/kernel/attach.ts';
import type { Cgroup } from '../../src/runtime/kernel/cgroups.ts';
import type { Loaded } from '../../src/runtime/kernel/load.ts';
import { type Governed, govern } from './governed.ts';
import { atEnd, expectOk, inCgroup, loadTemplates, privateCgroup, privatePins } from './kernel.ts';

export type HttpWorld = Governed & { readonly cgroup: Cgroup; readonly loaded: Loaded };

/** Loads and attaches the programs, and those of `more` templates; everything is gone when the process ends. */
export function httpWorld(policy: TypedPolicy, more: readonly string[] = []): HttpWorld {
  const cgroup = privateCgroup('http');
  const loaded = loadTemplates(['net/cgroup_skb', 'l7/stream', 'l7/receive', 'l7/send', ...more], privatePins());
  const governed = govern(loaded, cgroup);
  governed.install(policy);
  expectOk(attachMachine(loaded));
  expectOk(attachCgroup(loaded, cgroup.path));
  return { ...governed, cgroup, loaded };
}

export type Server = {
  readonly port: number;
  /** `METHOD target body-bytes` of every request that the server read whole since the last call, in order. */
  readonly seen: () => Promise<readonly string[]>;
  readonly stop: () => void;
};

const nodeServer = `
const server = require('http').createServer((request, response) => {
  let bytes = 0;
  request.on('data', (data) => { bytes += data.length; });
  request.on('end', () => {
    const text = request.method + ' ' + request.url + ' ' + bytes;
    console.log(text);
    setTimeout(() => response.end(text), Number(request.headers['x-wait'] ?? 0));
  });
});
process.stdin.on('data', () => console.log('flushed'));
server.keepAliveTimeout = 60000;
server.listen(0, process.argv[1], () => console.log('port ' + server.address().port));
`;

/** A server of node's own http module, inside the cgroup; it answers with the text that it saw, \`X-Wait: ms\` later. */
export async function startServer(cgroup: Cgroup, host = '127.0.0.1'): Promise<Server> {
  const child = inCgroup(cgroup, () => spawn(process.execPath, ['-e', nodeServer, host], { stdio: ['pipe', 'pipe', 'inherit'] }));
  atEnd(() => child.kill('SIGKILL'));
  const waiting: string[] = [];
  const lines = createInterface(child.stdout);
  const [first] = (await once(lines, 'line')) as [string]; // what readline emits
  lines.on('line', (line: string) => waiting.push(line));
  const seen = async (): Promise<readonly string[]> => {
    child.stdin.write('flush');
    while (waiting.at(-1) !== 'flushed') await once(lines, 'line');
    return waiting.splice(0).slice(0, -1);
  };
  return { port: Number(first.split(' ')[1]), seen, stop: () => void child.kill('SIGKILL') };
}
