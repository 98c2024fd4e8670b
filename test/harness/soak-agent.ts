// A process with load, run in a cgroup by a test: `server PORT ...` takes everything that comes, `client FIRST PORT ... ` calls these
// ports by TCP and by UDP in turn, each time from the next source port of its 10,000. Ends when its input ends, and says what it sent.
// Started by soak-world.ts; not a test itself.
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

const [role = '', ...numbers] = process.argv.slice(2);
const host = '127.0.0.1';
/** Calls in one turn, every so many milliseconds. */
const turn = { calls: 2, milliseconds: 40 } as const;
/** Source ports: one is not used again before a flow of its is forgotten. */
const sources = 10_000;
/** How long a call may wait for an answer. Less than a second, or a lost segment would be sent again. */
const patience = 150;

function serve(ports: readonly number[]): void {
  for (const port of ports) {
    createServer((socket) => socket.on('error', () => {}).resume()).listen({ host, port });
    createSocket('udp4').bind(port, host);
  }
  console.log('ready');
  process.stdin.resume().on('end', () => process.exit());
}

/** `again`: segments that the kernel may have sent once more, where this process was too late to end a call. */
const sent = { tcp: 0, udp: 0, again: 0, open: 0 };
/** After so many milliseconds, a little less than its clock says, the kernel sends a segment again. */
const sentAgainAfter = 900;
/** Refusals of the programs; all else says that the call was not made. */
const isVerdict = (error: NodeJS.ErrnoException): boolean => error.code === 'EPERM' || error.code === 'ECONNREFUSED';

function callTcp(port: number, localPort: number): void {
  sent.open++;
  const begun = performance.now();
  const socket = connect({ host, port, localPort });
  let isCounted = false;
  const end = (isMade: boolean): void => {
    if (isCounted) return;
    isCounted = true;
    clearTimeout(timer);
    sent.open--;
    if (isMade) sent.tcp++;
    sent.again += Math.floor((performance.now() - begun) / sentAgainAfter);
    // While it is connecting, a reset would wait for the connection.
    if (socket.connecting) socket.destroy();
    else socket.resetAndDestroy();
  };
  const timer = setTimeout(() => end(true), patience);
  socket.on('connect', () => end(true));
  socket.on('error', (error) => end(isVerdict(error)));
}

function callUdp(port: number, localPort: number): void {
  sent.open++;
  const socket = createSocket('udp4');
  const end = (isMade: boolean): void => {
    sent.open--;
    if (isMade) sent.udp++;
    socket.close();
  };
  socket.on('error', () => end(false));
  socket.bind(localPort, host, () =>
    socket.send('x', port, host, (error) => {
      end(!error || isVerdict(error));
    }),
  );
}

function call(first: number, ports: readonly number[]): void {
  let made = 0;
  const timer = setInterval(() => {
    for (let i = 0; i < turn.calls; i++, made++) {
      const port = ports[made % ports.length] ?? 0;
      (made % 2 === 0 ? callTcp : callUdp)(port, first + (made % sources));
    }
  }, turn.milliseconds);
  console.log('ready');
  process.stdin.resume().on('end', () => {
    clearInterval(timer);
    const last = setInterval(() => {
      if (sent.open > 0) return;
      clearInterval(last);
      console.log(JSON.stringify(sent));
      process.exit();
    }, 50);
  });
}

const [first = 0, ...ports] = numbers.map(Number);
if (role === 'server') serve([first, ...ports]);
else call(first, ports);
