// Cases for machines that emulate their instructions, where making one takes fifteen times as long as here: a folder of files, each
// with cases for the kernel to be asked, compressed. They are read in the order in which they were made.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { classesOf, portPieces } from '../../src/compiler/ir/class-pieces.ts';
import type { AskedPackets } from './compared-packets.ts';

/** Half a million bytes of classes as the pieces that they are. */
type Stored = Omit<AskedPackets, 'content'> & {
  readonly content: Omit<AskedPackets['content'], 'images' | 'tables'>;
  readonly prefixes: Uint8Array;
  readonly tables: Omit<AskedPackets['content']['tables'], 'ports'>;
  readonly pieces: ReturnType<typeof portPieces>;
  readonly portBytes: number;
};

function stored({ content, ...rest }: AskedPackets): Stored {
  const { images, tables, ...others } = content;
  const { ports, ...more } = tables;
  return { ...rest, content: others, prefixes: images.prefixes, tables: more, pieces: portPieces(ports), portBytes: ports.length };
}

function read({ content, prefixes, tables, pieces, portBytes, ...rest }: Stored): AskedPackets {
  const ports = new Uint8Array(portBytes);
  const points = classesOf(ports);
  pieces.lows.forEach((low, i) => points.fill(pieces.classes[i] ?? 0, low, pieces.lows[i + 1] ?? points.length));
  const none = new Uint8Array();
  const images = { prefixes, http: none, dns: none, tls: none, exec: none };
  return { ...rest, content: { ...content, images, tables: { ...tables, ports } } };
}

const fileOf = (folder: string, number: number): string => join(folder, `${String(number).padStart(6, '0')}.cases`);

/** Writes one file; it appears whole. */
export function writeCases(folder: string, number: number, cases: readonly AskedPackets[]): void {
  mkdirSync(folder, { recursive: true });
  const file = fileOf(folder, number);
  writeFileSync(`${file}.new`, deflateRawSync(serialize(cases.map(stored)), { level: 1 }));
  renameSync(`${file}.new`, file);
}

/** Every case of a folder; the texts of a file are in memory one file at a time. */
export function* readCases(folder: string): Generator<AskedPackets> {
  const count = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.cases')).length : 0;
  for (let number = 0; number < count; number++) {
    const cases: readonly Stored[] = deserialize(inflateRawSync(readFileSync(fileOf(folder, number))));
    for (const one of cases) yield read(one);
  }
}
