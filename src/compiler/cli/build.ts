// `policyc build`: a checked and tested policy becomes a bundle, a folder that policyd loads. No clang: the kernel
// programs are part of the installed package.
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../7-build/index.ts';
import { readSigningKey, signaturesOf } from '../7-build/sign.ts';
import { type Diagnostic, isError } from '../diagnostics/diagnostic.ts';
import type { Emitted } from '../ir/emitted.ts';
import { type CheckedUnit, emitUnit } from '../pipeline.ts';
import type { Budget } from './budget.ts';
import { budgetsIn, readConfiguration } from './configuration.ts';
import { failuresOf, heldOf } from './held.ts';
import { objectsDirectory, packageRoot } from './installation.ts';
import { type KernelCost, kernelCost, kernelCostText, overBudget } from './kernel-cost.ts';
import type { CommonOptions, UnitOptions } from './options.ts';
import { counted, print, printError, printJson, type Result, reportDiagnostics } from './output.ts';
import { Progress } from './progress.ts';
import { type RequestCost, requestCost, requestCostText } from './request-cost.ts';
import { readUnit } from './unit.ts';
import { UsageError } from './usage-error.ts';

/** `sign`: file of a private key. */
export type BuildCommandOptions = CommonOptions &
  UnitOptions & {
    readonly output: string;
    readonly tests: boolean;
    readonly sign?: string;
    readonly explain?: boolean;
    readonly budget?: readonly Budget[];
    readonly config?: string;
  };

export function runBuild(paths: readonly string[], options: BuildCommandOptions): Result {
  const { format, output, tests, sign } = options;
  const signingKey = sign === undefined ? undefined : signingKeyIn(sign);
  const budgets = budgetsIn(readConfiguration(options.config), options.budget ?? []);
  const { unit, diagnostics } = readUnit(paths, options);
  const emitted = unit && emitUnit(unit);
  const failures = unit && tests ? testFailures(unit) : [];
  const records = reportDiagnostics([...diagnostics, ...(emitted?.diagnostics ?? []), ...failures], format);
  if (!unit || !emitted?.ok || failures.length > 0) {
    if (format === 'json') printJson({ ok: false, diagnostics: records });
    return { exitCode: 1 };
  }
  const objects = objectsDirectory(packageRoot());
  const excess = overBudget(emitted.value, budgets, objects);
  if (excess.length > 0) {
    if (format === 'json') printJson({ ok: false, message: excess.join('\n'), diagnostics: records });
    else for (const message of excess) printError(`policyc: ${message}`);
    return { exitCode: 1 };
  }
  const written = uninterrupted(() =>
    build(emitted.value, {
      out: output,
      objectsDirectory: objects,
      ...(signingKey && { signatures: (build: string) => signaturesOf(build, signingKey) }),
    }),
  );
  if (!written.ok) {
    if (format === 'json') printJson({ ok: false, message: written.message, diagnostics: records });
    else printError(`policyc: ${written.message}`);
    return { exitCode: 1 };
  }
  const summary = summaryOf(unit, emitted.value, { build: written.build, output });
  const cost: KernelCost | undefined = options.explain ? kernelCost(emitted.value, objects) : undefined;
  if (format === 'json') printJson({ ok: true, ...summary, ...(cost && { kernel: cost }), diagnostics: records });
  else print(cost ? `${summaryText(summary)}\n${kernelCostText(emitted.value, cost)}` : summaryText(summary));
  return { exitCode: 0 };
}

function signingKeyIn(path: string): KeyObject {
  const read = readSigningKey(textOf(path));
  if (!read.ok) throw new UsageError(`\`${path}\` does not sign: ${read.message}`);
  return read.key;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read \`${path}\`: ${error instanceof Error && 'code' in error ? String(error.code) : String(error)}`);
  }
}

/** An interrupt while files are written waits until they are whole or gone. */
function uninterrupted<T>(write: () => T): T {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));
  return write();
}

/** What a build is refused for; files without a test are no reason. */
function testFailures(unit: CheckedUnit): readonly Diagnostic[] {
  const progress = new Progress();
  progress.step('testing');
  const failures = failuresOf(unit, heldOf(unit)).filter(isError);
  progress.end();
  return failures;
}

type Summary = {
  readonly bundle: string;
  readonly build: string;
  readonly policies: number;
  readonly rules: number;
  readonly classes: Emitted['program']['classes'];
  readonly bytes: number;
  readonly templates: readonly string[];
  /** What deciding one request costs, one DNS query, one hello of TLS; absent where no rule reads them. */
  readonly request?: RequestCost;
  readonly query?: RequestCost;
  readonly hello?: RequestCost;
};

function summaryOf(
  { typed }: CheckedUnit,
  emitted: Emitted,
  { build: hash, output }: { readonly build: string; readonly output: string },
): Summary {
  const { program, templates } = emitted;
  const [request, query, hello] = [requestCost(emitted, 'http'), requestCost(emitted, 'dns'), requestCost(emitted, 'tls')];
  return {
    ...(request && { request }),
    ...(query && { query }),
    ...(hello && { hello }),
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

function summaryText({ bundle, build: hash, policies, rules, classes, bytes, request, query, hello }: Summary): string {
  const parts = [
    counted(policies, 'policy', 'policies'),
    counted(rules, 'rule'),
    `${classes.ports} port, ${classes.networks} network, ${classes.http} request and ${classes.exec} program classes`,
    `${Math.ceil(bytes / 1024)} KiB`,
  ];
  const costs = [request, query, hello].flatMap((cost) => (cost ? [requestCostText(cost)] : []));
  return [`${bundle}: ${parts.join(', ')}`, `build ${hash}`, ...costs].join('\n');
}
