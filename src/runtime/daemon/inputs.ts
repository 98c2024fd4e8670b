// The two files that say what is wanted, read whole or refused with everything that is wrong.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Inventory } from '../inventory/inventory.ts';
import { readInventory } from '../inventory/read.ts';
import { type Bundle, type ReadOptions, readBundle } from '../policy/bundle.ts';
import { readTrustedKey, type TrustedKey } from '../policy/trust.ts';
import { errorText, Refusal, refusal, refusalOfBundle } from './refusal.ts';

type Objects = Bundle['objects'];
/** `observers`: programs that are loaded with those of the bundle, if it has none of that name. */
export type LoadOptions = ReadOptions & { readonly observers?: Objects | undefined };

/** Throws a Refusal for a bundle that is damaged, of another version, or none; with `trusted`, for one that no such key signed. */
export function loadBundle(directory: string, { observers = [], ...options }: LoadOptions = {}): Bundle {
  const read = readBundle(directory, options);
  if (!read.ok) throw refusalOfBundle(directory, read.error);
  const { objects } = read.bundle;
  const missing = observers.filter((one) => !objects.some(({ template }) => template === one.template));
  return missing.length === 0 ? read.bundle : { ...read.bundle, objects: [...objects, ...missing] };
}

/** The programs that tell requests which no rule asks for, as they came with this policyd. Throws a Refusal where they are not there. */
export function httpObservers(): Objects {
  return [observer('l7/receive'), observer('l7/send')];
}

function observer(template: 'l7/receive' | 'l7/send'): Objects[number] {
  const file = join(import.meta.dirname, 'objects', `${template.slice('l7/'.length)}.o`);
  try {
    return { template, bytes: readFileSync(file) };
  } catch (error) {
    throw refusal(`cannot read ${file}, which \`--observe-http\` needs: ${errorText(error)}`);
  }
}

/** Throws a Refusal with every problem of the file. */
export function loadInventory(file: string): Inventory {
  const read = readInventory(textOf(file), file);
  if (!read.ok) throw new Refusal(read.problems.map((message) => ({ message })));
  return read.inventory;
}

/** Throws a Refusal for what is no public key. */
export function loadTrustedKey(file: string): TrustedKey {
  const key = readTrustedKey(keyText(file));
  if (!key) throw refusal(`${file} is no public key of Ed25519 in PEM`, '`policyc keygen NAME` writes one to NAME.pub');
  return key;
}

function keyText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw refusal(`cannot read key ${file}: ${errorText(error)}`);
  }
}

function textOf(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof TypeError) throw refusal(`inventory ${file} is not UTF-8 text`);
    throw refusal(`cannot read inventory ${file}: ${errorText(error)}`);
  }
}
