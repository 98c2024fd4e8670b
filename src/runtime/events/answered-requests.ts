// The kernel tells a request when it is decided and the status of its response when that comes, with the number of the request alone. Here
// the two become an event of the response that says all that the request's said.
import { layouts } from '../../compiler/ir/abi.ts';
import { decode } from '../../compiler/ir/layout.ts';
import { requestName, type VerdictEvent, verdictEventOf } from './verdict-event.ts';

/** Requests of which no response came; with more, the oldest is forgotten. */
const mostWaiting = 16_384;

export class AnsweredRequests {
  private readonly waiting = new Map<string, VerdictEvent>();
  private readonly most: number;
  private left = 0;

  constructor(most: number = mostWaiting) {
    this.most = most;
  }

  /** A record of the ring -> the event that it tells; undefined: a status whose request was left out. */
  eventOf(record: DataView): VerdictEvent | undefined {
    if (record.byteLength === layouts.responseEvent.size) return this.answered(record);
    const event = verdictEventOf(record);
    if (event.request && event.verdict !== 'dropped') this.wait(event.request, event);
    return event;
  }

  /** Responses that were left out, for their requests had been. */
  get unmatched(): number {
    return this.left;
  }

  private wait(request: string, event: VerdictEvent): void {
    this.waiting.delete(request);
    this.waiting.set(request, event);
    if (this.waiting.size <= this.most) return;
    for (const oldest of this.waiting.keys()) {
      this.waiting.delete(oldest);
      return;
    }
  }

  private answered(record: DataView): VerdictEvent | undefined {
    const raw = decode(layouts.responseEvent, record);
    const [connection = 0, request = 0, status = 0, latency = 0] = [raw.connection, raw.request, raw.status, raw.latency].map(Number);
    const name = requestName(connection, request);
    const event = this.waiting.get(name);
    if (!event) {
      this.left++;
      return undefined;
    }
    this.waiting.delete(name);
    const { source, destination, sourcePort, destinationPort } = event;
    return {
      ...event,
      time: typeof raw.time === 'bigint' ? raw.time : 0n,
      source: destination,
      destination: source,
      sourcePort: destinationPort,
      destinationPort: sourcePort,
      response: { status, latency: BigInt(latency) },
    };
  }
}
