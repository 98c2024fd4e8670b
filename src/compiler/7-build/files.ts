// Emitted -> the files of a bundle, in memory. The same emitted policy and objects give the same bytes, wherever and
// whenever they are made: nothing here knows a path, a date or a machine.
import { createHash } from 'node:crypto';
import { abiVersion } from '../ir/abi.ts';
import { bundleFormat, type FileEntry, type Manifest } from '../ir/bundle.ts';
import { buildText } from '../ir/bundle-schema.ts';
import type { Emitted, TemplateName } from '../ir/emitted.ts';

/** Path below the bundle's folder -> bytes. */
export type BundleFiles = ReadonlyMap<string, Uint8Array>;
export type TemplateObject = { readonly template: TemplateName; readonly bytes: Uint8Array };

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
const encoder = new TextEncoder();

/** The file name of a template's object: the last part of the template's name. */
export const objectFile = (template: string): string => `${template.slice(template.lastIndexOf('/') + 1)}.o`;

class Files {
  readonly all = new Map<string, Uint8Array>();

  add(file: string, bytes: Uint8Array): FileEntry {
    this.all.set(file, bytes);
    return { file, sha256: sha256(bytes) };
  }

  json(name: string, value: unknown, indent = 0): FileEntry {
    return this.add(`${name}.json`, encoder.encode(`${JSON.stringify(value, undefined, indent)}\n`));
  }
}

/** Lays out the bundle. `build` is the hash that names it. */
export function bundleFiles(emitted: Emitted, objects: readonly TemplateObject[]): { readonly files: BundleFiles; readonly build: string } {
  const files = new Files();
  const content: Omit<Manifest, 'build'> = {
    format: bundleFormat,
    abi: abiVersion,
    requirements: emitted.requirements,
    files: {
      program: files.json('program', emitted.program),
      sources: files.json('sources', emitted.sources),
      metrics: files.json('metrics', emitted.metrics, 2),
      text: files.json('text', emitted.text),
      boundary: files.json('boundary', emitted.boundary),
    },
    images: emitted.images.map(({ table, entries, bytes }) => ({ ...files.add(`images/${table}.bin`, bytes), table, entries })),
    objects: objects.map(({ template, bytes }) => ({ ...files.add(`objects/${objectFile(template)}`, bytes), template })),
  };
  const build = sha256(buildText(content));
  const { format, abi, ...rest } = content;
  const manifest: Manifest = { format, abi, build, ...rest };
  files.json('manifest', manifest, 2);
  return { files: files.all, build };
}
