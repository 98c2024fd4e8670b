// Ends the program when one input hangs, and says which: a worker looks at a counter that the main thread raises for each
// input, because a thread that hangs cannot look at its own clock.
import { Worker } from 'node:worker_threads';

const most = 1 << 20;

/** `begin`: call before each input. */
export type Watch = { readonly begin: (name: string, input: string | Buffer) => void; readonly end: () => void };

/** Watches this thread: an input that takes longer than `seconds` (twice that at most) is printed, and the program is killed. */
export function watch(seconds: number): Watch {
  const count = new Int32Array(new SharedArrayBuffer(8));
  const text = new Uint8Array(new SharedArrayBuffer(most));
  const worker = new Worker(new URL('watchdog.mjs', import.meta.url), { workerData: { count, text, seconds } });
  worker.unref();
  return {
    begin: (name, input) => {
      const bytes = Buffer.from(`${name}\n${input.toString().slice(0, most / 8)}`).subarray(0, most);
      text.set(bytes);
      Atomics.store(count, 1, bytes.length);
      Atomics.add(count, 0, 1);
    },
    end: () => void worker.terminate(),
  };
}
