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
  type Manifest,
  type MetricDefinition,
  type PolicyProgram,
  type SourceTable,
  type StaticTable,
  signatureFile,
} from '../../compiler/ir/bundle.ts';
import { buildText, bundleSchemas } from '../../compiler/ir/bundle-schema.ts';
import { boundaryFault } from './boundary.ts';
import { imageFault } from './image-check.ts';
import { programFault } from './program-check.ts';
import { signerOf, type TrustedKey } from './trust.ts';

/** A bundle that passed every check. */
export type Bundle = {
  readonly directory: string;
  readonly manifest: Manifest;
  /** The name of the trusted key that signed it; absent where nobody asked. */
  readonly signer?: string;
  readonly program: PolicyProgram;
  readonly sources: SourceTable;
  readonly metrics: readonly MetricDefinition[];
  readonly boundary: BoundaryTable;
  /** Bytes of each static kernel table. */
  readonly images: Readonly<Record<StaticTable, Uint8Array>>;
  /** In the manifest's order; `bytes` is the ELF object. */
  readonly objects: readonly { readonly template: string; readonly bytes: Uint8Array }[];
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
  program: ajv.compile<PolicyProgram>(bundleSchemas.program),
  sources: ajv.compile<SourceTable>(bundleSchemas.sources),
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

function readManifest(directory: string): Manifest {
  const file = 'manifest.json';
  const folder = statSync(directory, { throwIfNoEntry: false });
  if (!folder) throw new Refusal('not-a-bundle', file, `\`${directory}\` does not exist`);
  if (!folder.isDirectory()) throw new Refusal('not-a-bundle', file, `\`${directory}\` is not a folder`);
  if (!statSync(join(directory, file), { throwIfNoEntry: false })) {
    throw new Refusal('not-a-bundle', file, `\`${directory}\` is not a bundle: it has no \`${file}\``);
  }
  const value = parsed(file, read(directory, file));
  refuseOtherVersion(value);
  const manifest = checked(file, value, validators.manifest);
  if (hex(buildText(manifest)) !== manifest.build) {
    throw new Refusal('damaged', file, `\`${file}\` is damaged: its content does not have the build hash that it names`);
  }
  return manifest;
}

/** Bytes that each image must have; prefixes are counted by the manifest. */
function imageSize(table: StaticTable, entries: number): number {
  switch (table) {
    case 'ports':
      return layouts.ports.size;
    case 'prefixes':
      return entries * (layouts.prefixKey.size + 4);
    case 'http':
      return layouts.requests.size + entries * layouts.page.size;
    case 'exec':
      return layouts.automaton.size;
  }
}

function readImage(directory: string, { manifest, program }: Pick<Bundle, 'manifest' | 'program'>, table: StaticTable): Uint8Array {
  const entry = manifest.images.find((image) => image.table === table);
  if (!entry) throw new Refusal('damaged', 'manifest.json', `\`manifest.json\` is damaged: no image of table \`${table}\``);
  const bytes = verified(directory, entry);
  if (bytes.length !== imageSize(table, entry.entries)) {
    throw new Refusal('damaged', entry.file, `\`${entry.file}\` is damaged: ${bytes.length} bytes are no table \`${table}\``);
  }
  const fault = imageFault(table, bytes, program);
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

function load(directory: string, trusted: readonly TrustedKey[] | undefined): Bundle {
  const manifest = readManifest(directory);
  // Nothing else of it is looked at before.
  const signer = trusted && signerIn(directory, manifest, trusted);
  const json = <T>(entry: FileEntry, validate: ValidateFunction<T>): T =>
    checked(entry.file, parsed(entry.file, verified(directory, entry)), validate);
  const program = json(manifest.files.program, validators.program);
  const sources = json(manifest.files.sources, validators.sources);
  const metrics = json(manifest.files.metrics, validators.metrics);
  const boundary = json(manifest.files.boundary, validators.boundary);
  verified(directory, manifest.files.text);
  const fault = programFault(program, sources) ?? boundaryFault(boundary);
  if (fault !== undefined) throw new Refusal('damaged', manifest.files.program.file, `the bundle is damaged: ${fault}`);
  const image = (table: StaticTable): Uint8Array => readImage(directory, { manifest, program }, table);
  return {
    directory,
    manifest,
    ...(signer !== undefined && { signer }),
    program,
    sources,
    metrics,
    boundary,
    images: { ports: image('ports'), prefixes: image('prefixes'), http: image('http'), exec: image('exec') },
    objects: manifest.objects.map((entry) => ({ template: entry.template, bytes: verified(directory, entry) })),
  };
}

/** Reads and checks the bundle in `directory`; `trusted`: only one that such a key signed. Never throws for what is on disk. */
export function readBundle(directory: string, trusted?: readonly TrustedKey[]): ReadBundle {
  try {
    return { ok: true, bundle: load(directory, trusted) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ok: false, error: { kind: error.kind, file: error.file, message: error.message } };
  }
}
