// A thread that reads documents and sends what they mean (interchange/parts.ts), started by cli/read-beside.ts.
import { workerData } from 'node:worker_threads';
import { type Part, sendParts } from './interchange/parts.ts';
import type { ImportOptions } from './ir/import-options.ts';

/** What the thread is started with. `sent`: how many parts were sent; who waits for one is woken. */
export type ThreadData = {
  readonly sources: readonly { readonly path: string; readonly text: string }[];
  readonly options: ImportOptions;
  readonly port: { readonly postMessage: (message: unknown) => void };
  readonly sent: Int32Array;
};

const { sources, options, port, sent }: ThreadData = workerData;

/** Nothing: there will be no more. */
function send(part?: Part): void {
  port.postMessage(part);
  Atomics.add(sent, 0, 1);
  Atomics.notify(sent, 0);
}

try {
  sendParts(sources, options, { send });
} finally {
  send();
}
