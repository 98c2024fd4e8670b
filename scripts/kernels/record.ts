// What is known about a kernel: which features it has, which of our programs it takes, which tests passed on it. A run
// adds to what earlier ones found; docs/kernels.md is written from it.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../test/suites.ts';
import type { Survey } from './survey.ts';

export type Outcome = { readonly passed: number; readonly failed: number; readonly skipped: number };
/** `tests`: file -> outcome. */
export type Findings = Survey & { readonly tests: Readonly<Record<string, Outcome>> };

const folder = join(root, 'build', 'kernels');
/** `6.12.117+deb12-cloud-amd64` -> the file for 6.12. */
const fileOf = (release: string): string => join(folder, `${/^\d+\.\d+/.exec(release)?.[0] ?? release}.json`);
const read = (file: string): Findings => JSON.parse(readFileSync(file, 'utf8'));

/** What runs have found out so far, the oldest kernel first. */
export function recorded(): readonly Findings[] {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  return files.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).map((name) => read(join(folder, name)));
}

/** Adds what a run found out. Tests of another release of the kernel are forgotten. */
export function record(survey: Survey, tests: Readonly<Record<string, Outcome>>): void {
  const file = fileOf(survey.release);
  const before = existsSync(file) ? read(file) : undefined;
  mkdirSync(folder, { recursive: true });
  const kept = before?.release === survey.release ? before.tests : {};
  const all: Findings = { ...survey, tests: { ...kept, ...tests } };
  writeFileSync(file, JSON.stringify(all, undefined, 2));
}
