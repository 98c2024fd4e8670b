// The thread that looks on: in JavaScript, because a worker starts without the loader for TypeScript. See watchdog.ts.
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

const { count, text, seconds } = workerData;
let seen = 0;
setInterval(() => {
  const now = Atomics.load(count, 0);
  const isIdle = now === 0 || now !== seen;
  seen = now;
  if (isIdle) return;
  writeSync(2, `HANGS longer than ${seconds} s: ${Buffer.from(text.slice(0, Atomics.load(count, 1))).toString()}\n`);
  process.kill(process.pid, 'SIGKILL');
}, seconds * 1000);
