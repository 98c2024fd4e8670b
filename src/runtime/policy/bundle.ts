// Reads a bundle and trusts nothing in it: format and layouts of this version, every hash, every key, every index. What
// is wrong comes back as a value with a text for people; only what passed becomes a `Bundle`.
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { abiVersion, layouts } from '../../compiler/ir/abi.ts';
import {
  type BoundaryTable,
  type BundleSignatures,
  bundleFormat,
  type FileEntry,
  type ImageEntry,
  type Manifest,
  type MetricDefinition,
  type PartContent,
  type PolicyPart,
  type ProgramFrame,
  partFile,
  type StaticTable,
  signatureFile,
} from '../../compiler/ir/bundle.ts';
import { buildText, bundleSchemas } from '../../compiler/ir/bundle-schema.ts';
import { linesIn, placed } from '../../compiler/ir/part-lines.ts';
import { boundaryFault } from './boundary.ts';
import { countsFor, imageFault } from './image-check.ts';
import { between, followParts, type KnownParts, noParts, type ReadPart, type SharedEnds, sharedEnds } from './known-parts.ts';
import { PartedSources } from './parted-sources.ts';
import { contentEnds, frameFault, partFault } from './program-check.ts';
import { signerOf, type TrustedKey } from './trust.ts';

/** A bundle that passed every check. */
export type Bundle = {
  readonly directory: string;
  readonly manifest: Manifest;
  /** The name of the trusted key that signed it; absent where nobody asked. */
  readonly signer?: string;
  readonly frame: ProgramFrame;
  /** All policies with their rules; a part that was in the bundle before is the same object. */
  readonly parts: readonly PolicyPart[];
  readonly sources: PartedSources;
  readonly metrics: readonly MetricDefinition[];
  readonly boundary: BoundaryTable;
  /** Bytes of each static kernel table. */
  readonly images: Readonly<Record<StaticTable, Uint8Array>>;
  /** In the manifest's order; `bytes` is the ELF object. */
  readonly objects: readonly { readonly template: string; readonly bytes: Uint8Array }[];
  readonly known: KnownContents;
};

/** Why a folder is no bundle for this version; `message` is one line and names the file. */
export type BundleError = {
  readonly kind: 'not-a-bundle' | 'other-version' | 'missing-file' | 'unknown-key' | 'damaged' | 'untrusted';
  readonly file: string;
  readonly message: string;
};
export type ReadBundle = { readonly ok: true; readonly bundle: Bundle } | { readonly ok: false; readonly error: BundleError };

class Refusal extends Error {
  readonly kind: BundleError['kind'];
  readonly file: string;
  constructor(kind: BundleError['kind'], file: string, message: string) {
    super(message);
    this.kind = kind;
    this.file = file;
  }
}

const ajv = new Ajv({ allErrors: false, strict: false });
const validators = {
  manifest: ajv.compile<Manifest>(bundleSchemas.manifest),
  program: ajv.compile<ProgramFrame>(bundleSchemas.program),
  part: ajv.compile<PartContent>(bundleSchemas.part),
  metrics: ajv.compile<readonly MetricDefinition[]>(bundleSchemas.metrics),
  boundary: ajv.compile<BoundaryTable>(bundleSchemas.boundary),
  signatures: ajv.compile<BundleSignatures>(bundleSchemas.signatures),
};

const hex = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);

function read(directory: string, file: string): Uint8Array {
  try {
    return readFileSync(join(directory, file));
  } catch (error) {
    throw codeOf(error) === 'ENOENT'
      ? new Refusal('missing-file', file, `\`${file}\` is missing from the bundle`)
      : new Refusal('damaged', file, `\`${file}\` cannot be read: ${codeOf(error)}`);
  }
}

function verified(directory: string, entry: FileEntry): Uint8Array {
  const bytes = read(directory, entry.file);
  if (hex(bytes) !== entry.sha256) {
    throw new Refusal('damaged', entry.file, `\`${entry.file}\` is damaged: its sha256 is not the one in the manifest`);
  }
  return bytes;
}

function parsed(file: string, bytes: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return value;
  } catch {
    throw new Refusal('damaged', file, `\`${file}\` is damaged: it is not JSON`);
  }
}

function refusalOf(file: string, [error]: readonly ErrorObject[]): Refusal {
  const place = error?.instancePath === '' || error === undefined ? 'the top level' : `\`${error.instancePath}\``;
  if (error?.keyword === 'additionalProperties') {
    return new Refusal('unknown-key', file, `\`${file}\` has an unknown key \`${error.params['additionalProperty']}\` at ${place}`);
  }
  return new Refusal('damaged', file, `\`${file}\` is damaged: ${place} ${error?.message ?? 'has another shape'}`);
}

function checked<T>(file: string, value: unknown, validate: ValidateFunction<T>): T {
  if (!validate(value)) throw refusalOf(file, validate.errors ?? []);
  return value;
}

/** Version first: the keys of another version are not ours to judge. */
function refuseOtherVersion(value: unknown): void {
  const isObject = typeof value === 'object' && value !== null;
  const format = isObject && 'format' in value ? value.format : undefined;
  const abi = isObject && 'abi' in value ? value.abi : undefined;
  if (typeof format !== 'number' || typeof abi !== 'number') {
    throw new Refusal('not-a-bundle', 'manifest.json', '`manifest.json` names no bundle format and no kernel layout version');
  }
  if (format === bundleFormat && abi === abiVersion) return;
  const found = `bundle format ${format}, kernel layouts ${abi}`;
  const wanted = `format ${bundleFormat}, layouts ${abiVersion}`;
  throw new Refusal('other-version', 'manifest.json', `made by another version: ${found}; this one reads ${wanted}; build it again`);
}

/** `shared`: the parts that `known`, of a bundle that was good, has, too. */
type ReadManifest = { readonly manifest: Manifest; readonly shared: SharedEnds };

/** What was checked in the bundle before is not checked again. */
function checkedManifest(file: string, value: unknown, known: readonly string[]): ReadManifest {
  const names = typeof value === 'object' && value !== null && 'parts' in value && Array.isArray(value.parts) ? value.parts : [];
  const shared = sharedEnds(known, names);
  const middle = names.slice(shared.head, names.length - shared.tail);
  const manifest = checked(file, shared.head + shared.tail > 0 ? { ...Object(value), parts: middle } : value, validators.manifest);
  return { shared, manifest: { ...manifest, parts: between(known, shared, middle) } };
}

function readManifest(directory: string, known: readonly string[]): ReadManifest {
  const file = 'manifest.json';
  const folder = statSync(directory, { throwIfNoEntry: false });
  if (!folder) throw new Refusal('not-a-bundle', file, `\`${directory}\` does not exist`);
  if (!folder.isDirectory()) throw new Refusal('not-a-bundle', file, `\`${directory}\` is not a folder`);
  if (!statSync(join(directory, file), { throwIfNoEntry: false })) {
    throw new Refusal('not-a-bundle', file, `\`${directory}\` is not a bundle: it has no \`${file}\``);
  }
  const value = parsed(file, read(directory, file));
  refuseOtherVersion(value);
  const { manifest, shared } = checkedManifest(file, value, known);
  if (hex(buildText(manifest)) !== manifest.build) {
    throw new Refusal('damaged', file, `\`${file}\` is damaged: its content does not have the build hash that it names`);
  }
  if (isTwice(manifest.parts, shared)) throw new Refusal('damaged', file, `\`${file}\` is damaged: it names a part twice`);
  return { manifest, shared };
}

/** Is a part named twice? Those at either end are of a bundle where none was. */
function isTwice(parts: readonly string[], { head, tail }: SharedEnds): boolean {
  const end = parts.length - tail;
  const middle = new Set(parts.slice(head, end));
  return middle.size < end - head || parts.some((name, place) => (place < head || place >= end) && middle.has(name));
}

/** Bytes that each image must have; the manifest counts pieces, prefixes and pages. */
function imageSize(table: StaticTable, entries: number): number {
  switch (table) {
    case 'ports':
      return entries * layouts.portPiece.size;
    case 'prefixes':
      return entries * (layouts.prefixKey.size + 4);
    case 'http':
    case 'dns':
    case 'tls':
      return layouts.requests.size + entries * layouts.page.size;
    case 'exec':
      return layouts.automaton.size;
  }
}

type ImageOf = { readonly entry: ImageEntry; readonly frame: ProgramFrame };

function readImage(directory: string, { entry, frame }: ImageOf, table: StaticTable): Uint8Array {
  const bytes = verified(directory, entry);
  if (bytes.length !== imageSize(table, entry.entries)) {
    throw new Refusal('damaged', entry.file, `\`${entry.file}\` is damaged: ${bytes.length} bytes are no table \`${table}\``);
  }
  const fault = imageFault(table, bytes, frame.classes);
  if (fault !== undefined) throw new Refusal('damaged', entry.file, `\`${entry.file}\` is damaged: ${fault}`);
  return bytes;
}

/** Who of the trusted signed the build. */
function signerIn(directory: string, { build }: Manifest, trusted: readonly TrustedKey[]): string {
  if (!statSync(join(directory, signatureFile), { throwIfNoEntry: false }))
    throw new Refusal('untrusted', signatureFile, 'it is not signed, and only what a trusted key signed is put in force');
  const signatures = checked(signatureFile, parsed(signatureFile, read(directory, signatureFile)), validators.signatures);
  const found = signerOf(build, signatures, trusted);
  if ('fault' in found) throw new Refusal('untrusted', signatureFile, found.fault);
  return found.signer;
}

/** What files hold, by their hashes: what the bundle before had is neither read nor checked again. */
export type KnownContents = {
  readonly frames: Map<string, ProgramFrame>;
  readonly parts: KnownParts;
  readonly lines: Map<string, Uint32Array>;
  readonly metrics: Map<string, readonly MetricDefinition[]>;
  readonly boundaries: Map<string, BoundaryTable>;
  readonly images: Map<string, Uint8Array>;
  readonly objects: Map<string, Uint8Array>;
};
/** So many parts behind a changed one are mostly of its file, so that their lines move with it. */
const partsOfFile = 5;

/**
 * `bundle` as if the part at `place`, and what most changes touch besides, were not known, and some parts stood elsewhere in their file:
 * what is read after it is read as a change of it.
 */
export function forgotten(bundle: Bundle, place: number): Bundle {
  const { parts } = bundle.known;
  const names = parts.names.map((name, at) => (at === place ? '' : name));
  const lines = parts.lines.slice();
  const own = lines.subarray(parts.starts[place + 1], parts.starts[Math.min(place + 1 + partsOfFile, names.length)]);
  own.set(own.map((line) => line + 1));
  const known = { ...bundle.known, parts: { ...parts, names, lines }, lines: new Map(), boundaries: new Map(), images: new Map() };
  return { ...bundle, known };
}

const nothingKnown = (): KnownContents => ({
  frames: new Map(),
  parts: noParts,
  lines: new Map(),
  metrics: new Map(),
  boundaries: new Map(),
  images: new Map(),
  objects: new Map(),
});

/** From `before`, or else made; kept in `now`. */
function once<T>(before: ReadonlyMap<string, T> | undefined, now: Map<string, T>, { key, make }: { key: string; make: () => T }): T {
  const value = before?.get(key) ?? make();
  now.set(key, value);
  return value;
}

/** Reads the parts of one bundle. */
class Contents {
  readonly #directory: string;
  readonly #before: KnownContents | undefined;
  readonly now = nothingKnown();

  constructor(directory: string, before: KnownContents | undefined) {
    this.#directory = directory;
    this.#before = before;
  }

  #json<T>(entry: FileEntry, validate: ValidateFunction<T>): T {
    return checked(entry.file, parsed(entry.file, verified(this.#directory, entry)), validate);
  }

  frame(entry: FileEntry): ProgramFrame {
    const make = (): ProgramFrame => this.#json(entry, validators.program);
    return once(this.#before?.frames, this.now.frames, { key: entry.sha256, make });
  }

  metrics(entry: FileEntry): readonly MetricDefinition[] {
    const make = (): readonly MetricDefinition[] => this.#json(entry, validators.metrics);
    return once(this.#before?.metrics, this.now.metrics, { key: entry.sha256, make });
  }

  boundary(entry: FileEntry): BoundaryTable {
    const make = (): BoundaryTable => sound(entry, this.#json(entry, validators.boundary), boundaryFault);
    return once(this.#before?.boundaries, this.now.boundaries, { key: entry.sha256, make });
  }

  #newPart(sha256: string): ReadPart {
    const entry = { file: partFile(sha256), sha256 };
    const content = sound(entry, this.#json(entry, validators.part), partFault);
    return { count: linesIn(content), ends: contentEnds(content), placed: (lines) => placed(content, sha256, lines) };
  }

  #lines(entry: FileEntry): Uint32Array {
    const make = (): Uint32Array => {
      const bytes = verified(this.#directory, entry);
      if (bytes.length % 4 !== 0) throw new Refusal('damaged', entry.file, `\`${entry.file}\` is damaged: it ends within a line`);
      return new Uint32Array(new Uint8Array(bytes).buffer);
    };
    return once(this.#before?.lines, this.now.lines, { key: entry.sha256, make });
  }

  /** All parts, in their order. */
  parts({ files, parts: names }: Manifest, shared: SharedEnds): KnownParts {
    const lines = this.#lines(files.lines);
    const found = followParts(this.#before?.parts ?? noParts, { names, shared, lines }, (name) => this.#newPart(name));
    if (!found) throw new Refusal('damaged', files.lines.file, `\`${files.lines.file}\` is damaged: it has not one line for each rule`);
    return found;
  }

  image(manifest: Manifest, frame: ProgramFrame, table: StaticTable): Uint8Array {
    const entry = manifest.images.find((image) => image.table === table);
    if (!entry) throw new Refusal('damaged', 'manifest.json', `\`manifest.json\` is damaged: no image of table \`${table}\``);
    const key = `${table} ${entry.entries} ${entry.sha256} ${countsFor(table, frame.classes).join()}`;
    return once(this.#before?.images, this.now.images, { key, make: () => readImage(this.#directory, { entry, frame }, table) });
  }

  object(entry: FileEntry): Uint8Array {
    const make = (): Uint8Array => verified(this.#directory, entry);
    return once(this.#before?.objects, this.now.objects, { key: entry.sha256, make });
  }
}

function sound<T>({ file }: FileEntry, value: T, faultOf: (value: T) => string | undefined): T {
  const fault = faultOf(value);
  if (fault !== undefined) throw new Refusal('damaged', file, `\`${file}\` is damaged: ${fault}`);
  return value;
}

function load(directory: string, trusted: readonly TrustedKey[] | undefined, before: Bundle | undefined): Bundle {
  const { manifest, shared } = readManifest(directory, before?.known.parts.names ?? []);
  // Nothing else of it is looked at before.
  const signer = trusted && signerIn(directory, manifest, trusted);
  const contents = new Contents(directory, before?.known);
  const frame = contents.frame(manifest.files.program);
  const known = contents.parts(manifest, shared);
  const { parts } = known;
  const fault = frameFault(frame, new Set(known.ends));
  if (fault !== undefined) throw new Refusal('damaged', manifest.files.program.file, `the bundle is damaged: ${fault}`);
  const image = (table: StaticTable): Uint8Array => contents.image(manifest, frame, table);
  // For people and their tools: nothing here reads it, and it may be large.
  if (!before) verified(directory, manifest.files.text);
  return {
    directory,
    manifest,
    ...(signer !== undefined && { signer }),
    frame,
    parts,
    sources: new PartedSources(parts),
    metrics: contents.metrics(manifest.files.metrics),
    boundary: contents.boundary(manifest.files.boundary),
    images: {
      ports: image('ports'),
      prefixes: image('prefixes'),
      http: image('http'),
      dns: image('dns'),
      tls: image('tls'),
      exec: image('exec'),
    },
    objects: manifest.objects.map((entry) => ({ template: entry.template, bytes: contents.object(entry) })),
    known: { ...contents.now, parts: known },
  };
}

/** What a bundle is read with. `trusted`: only one that such a key signed is read. `before`: what is in it, too, is not read again. */
export type ReadOptions = { readonly trusted?: readonly TrustedKey[] | undefined; readonly before?: Bundle | undefined };

/** Reads and checks the bundle in `directory`. Never throws for what is on disk. */
export function readBundle(directory: string, { trusted, before }: ReadOptions = {}): ReadBundle {
  try {
    return { ok: true, bundle: load(directory, trusted, before) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ok: false, error: { kind: error.kind, file: error.file, message: error.message } };
  }
}
