// Emitted -> the files of a bundle, in memory. The same emitted policy and objects give the same bytes, wherever and
// whenever they are made: nothing here knows a path, a date or a machine.
import { createHash } from 'node:crypto';
import { abiVersion } from '../ir/abi.ts';
import { bundleFormat, type FileEntry, type Manifest, type PartContent, type ProgramFrame, partFile } from '../ir/bundle.ts';
import { buildText } from '../ir/bundle-schema.ts';
import type { Emitted, TemplateName } from '../ir/emitted.ts';
import { type LinedPart, partsOf } from './parts.ts';

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

  /** Called by its content: equal ones are one file. Gives its hash. */
  part(content: PartContent): string {
    const bytes = encoder.encode(`${JSON.stringify(content)}\n`);
    const hash = sha256(bytes);
    this.all.set(partFile(hash), bytes);
    return hash;
  }

  json(name: string, value: unknown, indent = 0): FileEntry {
    return this.add(`${name}.json`, encoder.encode(`${JSON.stringify(value, undefined, indent)}\n`));
  }
}

function frameOf({ program: { selectors, services, classes, ipv6Networks } }: Emitted): ProgramFrame {
  const used = [...new Set(services.map(({ backends }) => backends))];
  const own = services.map((service) => ({ ...service, backends: used.indexOf(service.backends) }));
  return { selectors: used.map((number) => selectors[number] ?? []), services: own, classes, ipv6Networks };
}

/** Ascending numbers -> first and last of each range. */
function ranges(numbers: readonly number[]): readonly number[] {
  const found: number[] = [];
  for (const number of numbers) {
    if (found.length > 0 && found[found.length - 1] === number - 1) found[found.length - 1] = number;
    else found.push(number, number);
  }
  return found;
}

const linesOfAll = (parts: readonly LinedPart[]): Uint8Array =>
  new Uint8Array(Uint32Array.from(parts.flatMap(({ lines }) => lines)).buffer);

/** Lays out the bundle. `build` is the hash that names it. */
export function bundleFiles(emitted: Emitted, objects: readonly TemplateObject[]): { readonly files: BundleFiles; readonly build: string } {
  const files = new Files();
  const parts = partsOf(emitted);
  const content: Omit<Manifest, 'build'> = {
    format: bundleFormat,
    abi: abiVersion,
    ...(emitted.host !== undefined && { host: sha256(emitted.host) }),
    requirements: emitted.requirements.map(({ feature, rules }) => ({ feature, rules: ranges(rules) })),
    files: {
      program: files.json('program', frameOf(emitted)),
      metrics: files.json('metrics', emitted.metrics, 2),
      text: files.json('text', emitted.text),
      boundary: files.json('boundary', emitted.boundary),
      lines: files.add('lines.bin', linesOfAll(parts)),
    },
    parts: parts.map(({ content: part }) => files.part(part)),
    images: emitted.images.map(({ table, entries, bytes }) => ({ ...files.add(`images/${table}.bin`, bytes), table, entries })),
    objects: objects.map(({ template, bytes }) => ({ ...files.add(`objects/${objectFile(template)}`, bytes), template })),
  };
  const build = sha256(buildText(content));
  const { format, abi, ...rest } = content;
  const manifest: Manifest = { format, abi, build, ...rest };
  files.json('manifest', manifest, 2);
  return { files: files.all, build };
}
