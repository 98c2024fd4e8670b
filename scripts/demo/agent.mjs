// One workload of the demo: it serves what it is told to, and tries what it is asked to, with real sockets and real
// programs. Plain JavaScript without dependencies, so that it starts as one program. The command line is a list of servers
// (`tcp:5432`, `udp:53`, `http:8080`); each line of standard input is an attempt, each line of standard output an outcome.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { Agent, createServer as createHttpServer, request as httpRequest } from 'node:http';
import { connect, createServer, isIPv6 } from 'node:net';
import { createInterface } from 'node:readline';

const patience = 600;
const answer = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
/** What stopped an attempt, in the words of the table. */
const failure = (error) => (error.code === 'EPERM' ? 'refused (EPERM)' : (error.code ?? error.message));
const silence = 'no answer';

const servers = {
  /** Sends back what it gets. */
  tcp: (port, ready) => createServer((socket) => socket.on('error', () => socket.destroy()).pipe(socket)).listen(port, '::', ready),
  udp: (port, ready) => {
    const socket = createSocket('udp6');
    socket.on('message', (message, { address, port: from }) => socket.send(message, from, address, () => {}));
    socket.bind(port, '::', ready);
  },
  http: (port, ready) =>
    createHttpServer((request, response) => response.end(`${request.method} ${request.url}\n`))
      .on('connection', (socket) => socket.on('error', () => socket.destroy()))
      .listen(port, '::', ready),
};

function tryTcp({ host, port, from }, done) {
  const socket = connect({ host, port, localAddress: from });
  const end = (outcome) => {
    socket.destroy();
    done({ outcome });
  };
  socket.setTimeout(patience, () => end(silence));
  socket.on('error', (error) => end(failure(error)));
  socket.on('close', () => done({ outcome: 'closed' }));
  socket.on('connect', () => socket.write('hello\n'));
  socket.on('data', () => end('answered'));
}

function tryUdp({ host, port, from }, done) {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const end = (outcome) => {
    clearTimeout(timer);
    socket.removeAllListeners().on('error', () => {});
    socket.close();
    done({ outcome });
  };
  const timer = setTimeout(() => end(silence), patience);
  socket.on('error', (error) => end(failure(error)));
  socket.on('message', () => end('answered'));
  socket.bind({ address: from }, () => socket.send('hello', port, host, (error) => error && end(failure(error))));
}

/** One request on the connection that `agent` keeps; `local` tells whether it was the same connection as before. */
const ask = (agent, host, port, line) =>
  new Promise((resolve) => {
    const [method, path] = line.split(' ');
    const request = httpRequest({ agent, host, port, method, path, timeout: patience });
    let local;
    request.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => (local = socket.localPort));
      else local = socket.localPort;
    });
    request.on('timeout', () => request.destroy(new Error(silence)));
    request.on('error', (error) => resolve({ outcome: failure(error), local }));
    request.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve({ outcome: String(response.statusCode), local }));
      response.on('error', (error) => resolve({ outcome: failure(error), local }));
    });
    request.end();
  });

async function tryHttp({ host, port, from, requests }, done) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress: from });
  const outcomes = [];
  for (const line of requests) outcomes.push(await ask(agent, host, port, line));
  agent.destroy();
  done({ outcomes });
}

function tryExec({ program, args }, done) {
  const child = spawn(program, args, { stdio: 'ignore' });
  child.on('error', (error) => done({ outcome: failure(error) }));
  child.on('exit', (code, signal) => done({ outcome: signal === 'SIGKILL' ? 'killed' : signal === null ? `ran, status ${code}` : signal }));
}

const attempts = { tcp: tryTcp, udp: tryUdp, http: tryHttp, exec: tryExec };

const wanted = process.argv.slice(2).map((text) => text.split(':'));
await Promise.all(wanted.map(([kind, port]) => new Promise((resolve) => servers[kind](Number(port), resolve))));
answer({ ready: true });

createInterface({ input: process.stdin }).on('line', (line) => {
  const attempt = JSON.parse(line);
  let answered = false;
  attempts[attempt.kind](attempt, (result) => {
    if (!answered) answer({ id: attempt.id, ...result });
    answered = true;
  });
});
process.stdin.on('end', () => process.exit(0));
