// The policy text in a bundle: what it was built from. Only the hashes that lead to it are checked; whether the rest of a
// bundle can be loaded is policyd's question.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import type { Manifest } from '../ir/bundle.ts';
import { bundleFormat, type PolicyText } from '../ir/bundle.ts';
import { buildText, bundleSchemas } from '../ir/bundle-schema.ts';

/** `build` names the bundle. `message` is one line for people, without the name of the bundle. */
export type ReadText =
  | { readonly ok: true; readonly build: string; readonly text: PolicyText }
  | { readonly ok: false; readonly message: string };

/** Made when a bundle is read: most comparisons are of text. */
function validators() {
  const ajv = new Ajv({ strict: false });
  return { isManifest: ajv.compile<Manifest>(bundleSchemas.manifest), isText: ajv.compile<PolicyText>(bundleSchemas.text) };
}
const hex = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
const refused = (message: string): ReadText => ({ ok: false, message });

/** Reads it from the bundle in `directory`. Never throws for what is on disk. */
export function readPolicyText(directory: string): ReadText {
  const { isManifest, isText } = validators();
  const manifest = parsed(bytesOf(directory, 'manifest.json'));
  if (typeof manifest === 'object' && manifest !== null && 'format' in manifest && manifest.format !== bundleFormat)
    return refused(`it is a bundle of format ${String(manifest.format)}, and this version reads format ${bundleFormat}: build it again`);
  if (!isManifest(manifest) || hex(buildText(manifest)) !== manifest.build) return refused('its `manifest.json` is damaged');
  const { file, sha256 } = manifest.files.text;
  const bytes = bytesOf(directory, file);
  const text = parsed(bytes);
  return bytes && hex(bytes) === sha256 && isText(text) ? { ok: true, build: manifest.build, text } : refused(`its \`${file}\` is damaged`);
}

function bytesOf(directory: string, file: string): Buffer | undefined {
  try {
    return readFileSync(join(directory, file));
  } catch {
    return undefined;
  }
}

function parsed(bytes: Buffer | undefined): unknown {
  try {
    const value: unknown = bytes && JSON.parse(bytes.toString('utf8'));
    return value;
  } catch {
    return undefined;
  }
}
