// Cases for machines that emulate their instructions, where making one takes fifteen times as long as here: a folder of files, each
// with cases for the kernel to be asked, in bytes, compressed.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { PackedPackets } from './packed-packets.ts';

/** Of the images only what packets ask. */
type Stored = Omit<PackedPackets, 'content'> & {
  readonly content: Omit<PackedPackets['content'], 'images'>;
  readonly prefixes: Uint8Array;
};

function stored({ content, ...rest }: PackedPackets): Stored {
  const { images, ...others } = content;
  return { ...rest, content: others, prefixes: images.prefixes };
}

function read({ content, prefixes, ...rest }: Stored): PackedPackets {
  const none = new Uint8Array();
  return { ...rest, content: { ...content, images: { prefixes, http: none, dns: none, tls: none, exec: none } } };
}

const fileOf = (folder: string, number: number): string => join(folder, `${String(number).padStart(6, '0')}.cases`);

/** Writes one file; it appears whole. */
export function writeCases(folder: string, number: number, cases: readonly PackedPackets[]): void {
  mkdirSync(folder, { recursive: true });
  const file = fileOf(folder, number);
  writeFileSync(`${file}.new`, deflateRawSync(serialize(cases.map(stored)), { level: 1 }));
  renameSync(`${file}.new`, file);
}

/** The cases of one file. */
export function* readCases(folder: string, number: number): Generator<PackedPackets> {
  const cases: readonly Stored[] = deserialize(inflateRawSync(readFileSync(fileOf(folder, number))));
  for (const one of cases) yield read(one);
}
