// The configuration file of a project, `policyc.yaml` in the folder where policyc runs, or the one that `--config` names:
//
//   budgets: { bytes: 4m, entries: 100k, instructions: 60k, program-instructions: 8k, program-stack: 512 }
import { existsSync, readFileSync } from 'node:fs';
import { FAILSAFE_SCHEMA, load, YAMLException } from 'js-yaml';
import { type Budget, budgetForm, budgetOf } from './budget.ts';
import { UsageError } from './usage-error.ts';

export type Configuration = { readonly budgets: readonly Budget[] };

/** Where it is looked for. */
export const configurationFile = 'policyc.yaml';

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read \`${file}\`: ${error instanceof Error && 'code' in error ? String(error.code) : String(error)}`);
  }
}

function yamlIn(file: string): unknown {
  try {
    return load(textOf(file), { schema: FAILSAFE_SCHEMA, filename: file });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new UsageError(`\`${file}\`: not YAML: ${error.reason}`);
  }
}

function budgetsOf(value: unknown, file: string): readonly Budget[] {
  if (!isMapping(value)) throw new UsageError(`\`${file}\`: budgets: expected a mapping of ${budgetForm}`);
  return Object.entries(value).map(([what, limit]) => {
    const budget = typeof limit === 'string' ? budgetOf(what, limit) : undefined;
    if (!budget) throw new UsageError(`\`${file}\`: budgets: expected ${budgetForm}, found \`${what}: ${String(limit)}\``);
    return budget;
  });
}

/** Throws a UsageError with everything that it is: no file that was named, no YAML, an unknown key. */
export function readConfiguration(named?: string): Configuration {
  const file = named ?? configurationFile;
  if (named === undefined && !existsSync(file)) return { budgets: [] };
  const value = yamlIn(file) ?? {};
  if (!isMapping(value)) throw new UsageError(`\`${file}\`: expected a mapping with the key \`budgets\``);
  const unknown = Object.keys(value).find((key) => key !== 'budgets');
  if (unknown !== undefined) throw new UsageError(`\`${file}\`: unknown key \`${unknown}\`; known keys: budgets`);
  return { budgets: value['budgets'] === undefined ? [] : budgetsOf(value['budgets'], file) };
}

/** What the command line says of a thing takes the place of what the file says. */
export const budgetsIn = ({ budgets }: Configuration, own: readonly Budget[]): readonly Budget[] => [
  ...budgets.filter(({ what }) => !own.some((one) => one.what === what)),
  ...own,
];
