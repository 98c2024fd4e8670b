// A client that sends exactly the bytes it is told, in the pieces it is told, and reads responses as they come.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { patience } from './patience.ts';

export type Response = { readonly status: number; readonly head: string; readonly body: string };
/** The connection ended, or nothing came for too long. */
export type Ending = 'closed' | 'silent';

const tooLong = 3000 * patience;
const latin1 = 'latin1';

export class RawClient {
  readonly #socket: Socket;
  #buffer = '';
  #closed = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (data) => {
      this.#buffer += data.toString(latin1);
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  static async open(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** A connection without a reader of responses: for streams that are none. */
  static async raw(port: number, host = '127.0.0.1'): Promise<Socket> {
    const socket = connect({ port, host }).on('error', () => undefined);
    await once(socket, 'connect');
    return socket.setNoDelay(true);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Sends the pieces one by one: each is a packet of its own, as the receiving end reads it before the next comes. */
  async send(...pieces: readonly string[]): Promise<void> {
    for (const piece of pieces) {
      if (this.#closed) return;
      await new Promise<void>((sent) => this.#socket.write(Buffer.from(piece, latin1), () => sent()));
    }
  }

  /** The next response; `bodiless`: to a HEAD. */
  async next(bodiless = false): Promise<Response | Ending> {
    for (;;) {
      const found = this.#take(bodiless);
      if (found) return found;
      if (this.#closed) return 'closed';
      if (!(await this.#more())) return 'silent';
    }
  }

  /** False when nothing came for too long. */
  #more(): Promise<boolean> {
    return new Promise((came) => {
      const timer = setTimeout(() => came(false), tooLong);
      this.#wake = () => {
        clearTimeout(timer);
        came(true);
      };
    });
  }

  #take(bodiless: boolean): Response | undefined {
    const headEnd = this.#buffer.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const head = this.#buffer.slice(0, headEnd);
    const rest = this.#buffer.slice(headEnd + 4);
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
    if (/^transfer-encoding: *chunked/im.test(head) && !bodiless) return this.#takeChunked({ status, head }, rest);
    const length = bodiless ? 0 : Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    if (rest.length < length) return undefined;
    this.#buffer = rest.slice(length);
    return { status, head, body: rest.slice(0, length) };
  }

  #takeChunked(start: { readonly status: number; readonly head: string }, text: string): Response | undefined {
    let body = '';
    for (let rest = text; ; ) {
      const size = /^([0-9a-f]+)\r\n/i.exec(rest);
      if (!size) return undefined;
      const [line = '', digits = ''] = size;
      const bytes = Number.parseInt(digits, 16);
      if (rest.length < line.length + bytes + 2) return undefined;
      body += rest.slice(line.length, line.length + bytes);
      rest = rest.slice(line.length + bytes + 2);
      if (bytes > 0) continue;
      this.#buffer = rest;
      return { ...start, body };
    }
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** Is this the last response of its connection? */
export const closes = ({ head }: Response): boolean => /^connection: *close/im.test(head) || head.startsWith('HTTP/1.0');

/** Pieces of `text`, cut at these offsets. */
export function cut(text: string, offsets: readonly number[]): readonly string[] {
  const sorted = [...new Set(offsets)].filter((at) => at > 0 && at < text.length).sort((a, b) => a - b);
  return [0, ...sorted].map((from, i) => text.slice(from, sorted[i]));
}
