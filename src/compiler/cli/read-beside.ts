// Documents of Kubernetes and its like are read by a second thread while this one parses what it has read. Few documents are read faster
// than a thread is started. What comes of it is the same.
import { availableParallelism } from 'node:os';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { ThreadData } from '../document-thread.ts';
import type { NextPart, Options } from '../pipeline.ts';

/** Characters of documents that are worth a thread. */
const leastText = 256 * 1024;
/** Milliseconds without a sign of life after which a thread is given up. */
const longestSilence = 10_000;
/** Most of what a thread makes is needed for a moment only: with more room, less of it has to be copied. */
const youngMiB = 64;

/** `script`: one that runs document-thread.ts in a thread; there is none beside sources that are not built. */
export const readBeside =
  (script: string, patience = longestSilence): NonNullable<Options['readBeside']> =>
  (documents, options) => {
    const size = documents.reduce((sum, { text }) => sum + text.length, 0);
    if (size < leastText || !script.endsWith('.cjs') || availableParallelism() < 2) return undefined;
    const { port1, port2 } = new MessageChannel();
    const sent = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const workerData: ThreadData = { sources: documents.map(({ path, text }) => ({ path, text })), options, port: port2, sent };
    const thread = new Worker(script, {
      workerData,
      transferList: [port2],
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: youngMiB },
    });
    // Whoever waits for a part finds out that there is none; then the documents are read here, and tell what is wrong.
    thread.on('error', () => undefined);
    thread.unref();
    return nextOf(port1, sent, patience);
  };

/** The parts in their order. The thread that waits is not the one that makes them: nothing else is to be done meanwhile. */
function nextOf(port: MessagePort, sent: Int32Array, patience: number): NextPart {
  port.unref();
  return () => {
    for (;;) {
      const known = Atomics.load(sent, 0);
      const received: ReturnType<typeof receiveMessageOnPort> = receiveMessageOnPort(port);
      if (received) return received.message;
      if (Atomics.wait(sent, 0, known, patience) === 'timed-out') return undefined;
    }
  };
}
