// Files of recorded traffic, as a stream of lines: plain or compressed by gzip (told by their first bytes), standard input for `-`, and all
// such files of a folder. A file is never in memory as a whole; a line is, up to a limit.
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Line } from '../flows/record.ts';
import { LineReader } from '../flows/scan-line.ts';
import type { Place } from '../flows/traffic.ts';
import { UsageError } from './usage-error.ts';

/** Is told each line, and after some of them how much of the whole was read: 0 to 1, undefined where the whole is not known. */
export type FlowSink = {
  readonly line: (line: Line, place: Place) => void;
  readonly progress?: (done: number | undefined) => void;
};

/** Nobody records so much of one flow. */
const longestLine = 8 * 1024 * 1024;
const chunkBytes = 1024 * 1024;
/** Larger texts are moved where they are seldom cleared away, and reading takes half as long again. */
const pieceBytes = 64 * 1024;
const isFlowFile = (name: string): boolean => /\.(?:json|jsonl|ndjson|log|txt)(?:\.gz)?$/.test(name) && !name.startsWith('.');

/** The files that an argument names. @throws UsageError */
export function flowFiles(path: string): readonly string[] {
  if (path === '-') return ['-'];
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new UsageError(`no such file or folder: \`${path}\``);
  if (!stat.isDirectory()) return [path];
  const files = readdirSync(path).filter(isFlowFile).sort();
  if (files.length === 0)
    throw new UsageError(`no file of recorded flows in \`${path}\`: expected *.json, *.jsonl, *.ndjson or *.log, also with .gz`);
  return files.map((name) => join(path, name));
}

/** Reads all lines of what an argument names. @throws UsageError for what cannot be read */
export async function readFlows(path: string, sink: FlowSink): Promise<void> {
  const files = flowFiles(path);
  const sizes = files.map((file) => (file === '-' ? Number.NaN : statSync(file).size));
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  const reader = new LineReader();
  let before = 0;
  for (const [i, file] of files.entries()) {
    const done = (bytes: number): void => sink.progress?.(Number.isNaN(whole) ? undefined : (before + bytes) / whole);
    await readFile(file, reader, { ...sink, progress: (bytes) => done(bytes ?? 0) });
    before += sizes[i] ?? 0;
  }
}

async function readFile(file: string, reader: LineReader, sink: FlowSink): Promise<void> {
  const name = file === '-' ? 'standard input' : file;
  const raw: Readable = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: chunkBytes });
  const lines = new Lines(reader, { file: name, sink });
  let bytes = 0;
  try {
    for await (const chunk of unpacked(raw, (count) => (bytes += count))) {
      lines.add(chunk);
      sink.progress?.(bytes);
    }
    lines.end();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === '') throw error;
    lines.end();
    // What stands before the place is read; the rest is missing.
    lines.bad(code.startsWith('Z_') ? 'the compressed file is damaged, or ends too early' : `cannot be read: ${code}`);
  }
}

/** The bytes, without compression. `onRead`: is told how many were read of the file itself. */
async function* unpacked(raw: Readable, onRead: (count: number) => void): AsyncGenerator<Buffer> {
  const chunks = raw[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return;
  const head: Buffer = first.value;
  async function* all(): AsyncGenerator<Buffer> {
    for (let chunk: Buffer | undefined = head; chunk; ) {
      onRead(chunk.length);
      yield chunk;
      const next = await chunks.next();
      chunk = next.done ? undefined : next.value;
    }
  }
  if (head[0] !== 0x1f || head[1] !== 0x8b) return yield* all();
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  const fed = feed(gunzip, all());
  yield* gunzip;
  await fed;
}

async function feed(gunzip: ReturnType<typeof createGunzip>, chunks: AsyncGenerator<Buffer>): Promise<void> {
  try {
    for await (const chunk of chunks) if (!gunzip.write(chunk)) await new Promise((resolve) => gunzip.once('drain', resolve));
    gunzip.end();
  } catch (error) {
    gunzip.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

type Reading = { readonly file: string; readonly sink: FlowSink };

/** Cuts chunks into lines. Each byte is a character: what is no ASCII is decoded line by line. */
class Lines {
  readonly #reader: LineReader;
  readonly #reading: Reading;
  #rest: Buffer = Buffer.alloc(0);
  #number = 0;
  #isTooLong = false;

  constructor(reader: LineReader, reading: Reading) {
    this.#reader = reader;
    this.#reading = reading;
  }

  add(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; from += pieceBytes) this.#addPiece(chunk.subarray(from, from + pieceBytes));
  }

  #addPiece(piece: Buffer): void {
    // Joined as bytes: a text that is made of two is slow to read.
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, piece]) : piece;
    const text = bytes.toString('latin1');
    this.#reader.begin(text, bytes);
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#line(from, end);
      from = end + 1;
    }
    this.#rest = bytes.subarray(from);
    if (this.#rest.length > longestLine) {
      this.#isTooLong = true;
      this.#rest = Buffer.alloc(0);
    }
  }

  end(): void {
    this.#reader.begin(this.#rest.toString('latin1'), this.#rest);
    if (this.#rest.length > 0 || this.#isTooLong) this.#line(0, this.#rest.length);
    this.#rest = Buffer.alloc(0);
  }

  /** Something that ends the file. */
  bad(reason: string): void {
    this.#tell({ kind: 'bad', reason });
  }

  #line(from: number, to: number): void {
    if (this.#isTooLong) this.#tell({ kind: 'bad', reason: `more than ${longestLine} bytes` });
    else this.#tell(this.#reader.read(from, to));
    this.#isTooLong = false;
  }

  #tell(line: Line): void {
    this.#number++;
    const { file, sink } = this.#reading;
    sink.line(line, { file, line: this.#number });
  }
}
