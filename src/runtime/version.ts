// The version of this package, from its package.json: beside dist/ when built, two folders up in the sources.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

function packageFile(folder: string): string {
  const file = join(folder, 'package.json');
  return existsSync(file) || dirname(folder) === folder ? file : packageFile(dirname(folder));
}

function read(): string {
  const value: unknown = JSON.parse(readFileSync(packageFile(import.meta.dirname), 'utf8'));
  return typeof value === 'object' && value !== null && 'version' in value ? String(value.version) : 'unknown';
}

export const version = read();
