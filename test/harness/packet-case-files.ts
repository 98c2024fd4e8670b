// Cases for machines that emulate their instructions, where making one takes fifteen times as long as here: a folder of files, each
// with cases for the kernel to be asked, compressed.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { AskedPackets } from './compared-packets.ts';

/** Of the images only what packets ask. */
type Stored = Omit<AskedPackets, 'content'> & {
  readonly content: Omit<AskedPackets['content'], 'images'>;
  readonly prefixes: Uint8Array;
};

function stored({ content, ...rest }: AskedPackets): Stored {
  const { images, ...others } = content;
  return { ...rest, content: others, prefixes: images.prefixes };
}

function read({ content, prefixes, ...rest }: Stored): AskedPackets {
  const none = new Uint8Array();
  return { ...rest, content: { ...content, images: { prefixes, http: none, dns: none, tls: none, exec: none } } };
}

const fileOf = (folder: string, number: number): string => join(folder, `${String(number).padStart(6, '0')}.cases`);

/** Writes one file; it appears whole. */
export function writeCases(folder: string, number: number, cases: readonly AskedPackets[]): void {
  mkdirSync(folder, { recursive: true });
  const file = fileOf(folder, number);
  writeFileSync(`${file}.new`, deflateRawSync(serialize(cases.map(stored)), { level: 1 }));
  renameSync(`${file}.new`, file);
}

/** The cases of one file. */
export function* readCases(folder: string, number: number): Generator<AskedPackets> {
  const cases: readonly Stored[] = deserialize(inflateRawSync(readFileSync(fileOf(folder, number))));
  for (const one of cases) yield read(one);
}
