// `policyc build`: a checked and tested policy becomes a bundle, a folder that policyd loads. No clang: the kernel
// programs are part of the installed package.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../7-build/index.ts';
import type { Emitted } from '../ir/emitted.ts';
import { type CheckedUnit, emitUnit, testUnit } from '../pipeline.ts';
import { objectsDirectory, packageRoot } from './installation.ts';
import type { CommonOptions } from './options.ts';
import { counted, print, printError, printJson, type Result, reportDiagnostics } from './output.ts';
import { failuresOf } from './test.ts';
import { readUnit } from './unit.ts';

export type BuildCommandOptions = CommonOptions & { readonly output: string; readonly tests: boolean };

export function runBuild(paths: readonly string[], { format, maxFileBytes, output, tests }: BuildCommandOptions): Result {
  const step = stepper(format === 'text');
  const { unit, diagnostics } = readUnit(paths, maxFileBytes);
  step('checked');
  const failures = unit && tests ? failuresOf(unit, testUnit(unit)).filter(({ code }) => code !== 'test/none') : [];
  if (tests) step('tested');
  const records = reportDiagnostics([...diagnostics, ...failures], format);
  if (!unit || failures.length > 0) {
    if (format === 'json') printJson({ ok: false, diagnostics: records });
    return { exitCode: 1 };
  }
  const emitted = emitUnit(unit);
  step('compiled');
  const written = uninterrupted(() => build(emitted, { out: output, objectsDirectory: objectsDirectory(packageRoot()) }));
  if (!written.ok) {
    if (format === 'json') printJson({ ok: false, message: written.message, diagnostics: records });
    else printError(`policyc: ${written.message}`);
    return { exitCode: 1 };
  }
  const summary = summaryOf(unit, emitted, { build: written.build, output });
  if (format === 'json') printJson({ ok: true, ...summary, diagnostics: records });
  else print(summaryText(summary));
  return { exitCode: 0 };
}

/** An interrupt while files are written waits until they are whole or gone. */
function uninterrupted<T>(write: () => T): T {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));
  return write();
}

/** Says on a terminal what was done, once a build has taken longer than anybody waits for without a word. */
function stepper(isText: boolean): (done: string) => void {
  const start = performance.now();
  return (done) => {
    const seconds = (performance.now() - start) / 1000;
    if (isText && process.stderr.isTTY && seconds > 1) printError(`${done} after ${seconds.toFixed(1)} s`);
  };
}

type Summary = {
  readonly bundle: string;
  readonly build: string;
  readonly policies: number;
  readonly rules: number;
  readonly classes: Emitted['program']['classes'];
  readonly bytes: number;
  readonly templates: readonly string[];
};

function summaryOf(
  { typed }: CheckedUnit,
  emitted: Emitted,
  { build: hash, output }: { readonly build: string; readonly output: string },
): Summary {
  const { program, templates } = emitted;
  return {
    bundle: output,
    build: hash,
    policies: typed.policies.length,
    rules: typed.rules.length,
    classes: program.classes,
    bytes: bytesOf(output),
    templates,
  };
}

/** Bytes of the bundle's files, as its manifest lists them. */
function bytesOf(output: string): number {
  const manifest = readFileSync(join(output, 'manifest.json'));
  const files = [...manifest.toString('utf8').matchAll(/"file":\s*"([^"]+)"/g)].flatMap(([, file]) => file ?? []);
  return files.reduce((sum, file) => sum + readFileSync(join(output, file)).length, manifest.length);
}

function summaryText({ bundle, build: hash, policies, rules, classes, bytes }: Summary): string {
  const parts = [
    counted(policies, 'policy', 'policies'),
    counted(rules, 'rule'),
    `${classes.ports} port, ${classes.networks} network, ${classes.http} request and ${classes.exec} program classes`,
    `${Math.ceil(bytes / 1024)} KiB`,
  ];
  return `${bundle}: ${parts.join(', ')}\nbuild ${hash}`;
}
