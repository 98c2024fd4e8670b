// What a policy costs a kernel, as far as a build can say: its tables and its programs. What the runtime makes of them depends on
// how many workloads there are.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Emitted, KernelNeeds, TableSize } from '../ir/emitted.ts';
import { executableBytes } from './elf.ts';
import { objectFile } from './files.ts';
import { type ProgramSize, programSizes } from './program-size.ts';

/** `bytes`, `entries`: of the static tables. `instructions`: of the programs that the policy needs; absent where they are not built. */
export type Cost = {
  readonly bytes: number;
  readonly entries: number;
  readonly instructions?: number;
  readonly tables: readonly TableSize[];
};

/** Of one BPF instruction. */
const instructionBytes = 8;

const filesOf = (templates: readonly string[], objectsDirectory: string): readonly string[] =>
  templates.map((template) => join(objectsDirectory, objectFile(template)));

export const needsOf = ({ images, templates }: Emitted): KernelNeeds => ({
  tables: images.map(({ table, entries, bytes }) => ({ table, entries, bytes: bytes.length })),
  templates,
});

/** `objectsDirectory`: where the compiled templates are. */
export function costOf({ tables, templates }: KernelNeeds, objectsDirectory: string): Cost {
  const files = filesOf(templates, objectsDirectory);
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  return {
    bytes: sum(tables.map(({ bytes }) => bytes)),
    entries: sum(tables.map(({ entries }) => entries)),
    ...(files.every((file) => existsSync(file)) && {
      instructions: sum(files.map((file) => executableBytes(readFileSync(file)) / instructionBytes)),
    }),
    tables,
  };
}

/** Each program that the policy needs; [] where they are not built. */
export function programsOf({ templates }: Pick<Emitted, 'templates'>, objectsDirectory: string): readonly ProgramSize[] {
  const files = filesOf(templates, objectsDirectory);
  return files.every((file) => existsSync(file)) ? files.flatMap((file) => programSizes(readFileSync(file))) : [];
}
