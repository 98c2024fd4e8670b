// The HTTP side: `/metrics` for Prometheus and `/healthz`. Loopback unless told otherwise: the numbers tell much about
// what a machine talks to.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `host` without brackets. */
export type ListenAddress = { readonly host: string; readonly port: number };

/** Reads `127.0.0.1:9965`, `[::1]:9965`, `:9965` (every address) or `9965` (loopback); undefined if it is none of these. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const [, v6, name, portText] = match;
  const port = Number(portText);
  if (port > 65535) return undefined;
  return { host: v6 ?? (name === undefined ? '127.0.0.1' : name === '' ? '::' : name), port };
}

export type MetricsServer = { readonly address: ListenAddress; readonly close: () => Promise<void> };
export type ServeResult =
  | { readonly ok: true; readonly server: MetricsServer }
  /** One line for people. */
  | { readonly ok: false; readonly problem: string };

/** What is served: the exposition, and whether policy is in force. */
export type Served = { readonly metrics: () => Promise<string>; readonly healthy: () => boolean };

const contentType = 'text/plain; version=0.0.4; charset=utf-8';

/** Starts to listen; a port in use or an address that is not ours is a problem, not an exception. */
export function serveMetrics(listen: ListenAddress, served: Served): Promise<ServeResult> {
  const server = createServer((request, response) => {
    void answer(request.method ?? '', request.url ?? '', served).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
      response.end(request.method === 'HEAD' ? '' : body);
    });
  });
  return new Promise((resolve) => {
    server.once('error', (error) => resolve({ ok: false, problem: listenProblem(error, listen) }));
    server.listen({ host: listen.host, port: listen.port }, () => resolve({ ok: true, server: started(server) }));
  });
}

const isInternet = (address: string | AddressInfo | null): address is AddressInfo => typeof address === 'object' && address !== null;

function started(server: Server): MetricsServer {
  const address = server.address();
  return {
    address: isInternet(address) ? { host: address.address, port: address.port } : { host: '', port: 0 },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listenProblem(error: Error, { host, port }: ListenAddress): string {
  const at = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE') return `cannot serve metrics at ${at}: another program uses that port; choose one with --metrics`;
  if (code === 'EADDRNOTAVAIL') return `cannot serve metrics at ${at}: no interface of this machine has that address`;
  return `cannot serve metrics at ${at}: ${error.message}`;
}

type Answer = { readonly status: number; readonly type: string; readonly body: string };
const plain = (status: number, text: string): Answer => ({ status, type: 'text/plain; charset=utf-8', body: `${text}\n` });

async function answer(method: string, url: string, { metrics, healthy }: Served): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'only GET');
  switch (url.replace(/\?.*$/, '')) {
    case '/metrics':
      try {
        return { status: 200, type: contentType, body: await metrics() };
      } catch (error) {
        return plain(500, `reading the counters failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    case '/healthz':
      return healthy() ? plain(200, 'ok') : plain(503, 'no policy in force');
    default:
      return plain(404, 'see /metrics and /healthz');
  }
}
