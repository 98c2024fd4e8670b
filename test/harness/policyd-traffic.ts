// Servers and clients for the tests of policyd, in cgroups of `policyd exec` or of the test, over loopback.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { patience } from './patience.ts';
import { owned, policyd, program, type World } from './policyd.ts';

/** The port at which a server listens on loopback, from now on. */
async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  server.close();
  return port;
}

/** The port of a listener that closes every connection, in the cgroup of the test, and does not keep the process. */
export const closingListener = (): Promise<number> => listening(createServer((socket) => socket.destroy()).unref());

/** Answers every request with 200. */
export const serverCode = (port: number) =>
  `require('http').createServer((q, r) => r.end('hello')).listen(${port}, '127.0.0.1', () => console.log('up'))`;
/** Prints the status of an answer, or the name of the error. */
export const getCode = (port: number, path = '/') =>
  `require('http').get({ host: '127.0.0.1', port: ${port}, path: '${path}', timeout: ${700 * patience} }, (r) => { console.log(r.statusCode); process.exit() })` +
  `.on('timeout', function () { console.log('timeout'); process.exit() }).on('error', (e) => console.log(e.code))`;

/** Command line of `policyd exec` for a workload whose label `app` is its name. */
export const execLine = ({ state }: World, name: string, command: readonly string[]) => [
  'exec',
  ...['--name', name, '--labels', `app=${name}`],
  ...state,
  '--',
  ...command,
];
export const node = (code: string) => [process.execPath, '-e', code];
export const get = (here: World, name: string, port: number, path?: string): string =>
  policyd(execLine(here, name, node(getCode(port, path)))).out.trim();

export const started = (command: string, parameters: readonly string[]) =>
  owned(spawn(command, parameters, { stdio: ['ignore', 'pipe', 'inherit'] }));

/** A workload that serves until the end of the test. */
export async function serve(here: World, name: string, port: number): Promise<ChildProcess> {
  const child = started(process.execPath, [program, ...execLine(here, name, node(serverCode(port)))]);
  await once(child.stdout, 'data');
  return child;
}

/** Serves from a cgroup of the test's own, for inventories that name it. */
export async function serveIn(cgroup: string, port: number): Promise<ChildProcess> {
  const script = ['-c', 'echo $$ > "$0/cgroup.procs"; exec "$@"', cgroup, ...node(serverCode(port))];
  const child = started('/bin/sh', script);
  await once(child.stdout, 'data');
  return child;
}

export const shop = (port: number, more = '') => `
workload client = { app: "client" }
workload server = { app: "server" }
policy server-access for server {
  ingress {
    allow from client at tcp ${port} http { GET "/cart/{id}" }
    ${more}
  }
}
policy client-egress for client { egress { allow to server } }
`;
export const ruleSeries = (text: string, rule: string): number =>
  Number(
    text
      .split('\n')
      .find((each) => each.startsWith('policyc_rule_verdicts_total') && each.includes(rule))
      ?.split(' ')
      .at(-1),
  );

/** The limit was ours, or that of `fetch` for a connect, which is shorter where a machine is slow. */
function isTimeout(error: Error): boolean {
  const { cause } = error;
  return error.name === 'TimeoutError' || (cause instanceof Error && 'code' in cause && cause.code === 'UND_ERR_CONNECT_TIMEOUT');
}

/** A request of this process, which is no workload. */
export async function reach(port: number): Promise<string> {
  try {
    return String((await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(700 * patience) })).status);
  } catch (error) {
    return error instanceof Error && isTimeout(error) ? 'timeout' : String(error);
  }
}
