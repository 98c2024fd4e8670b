// The source with one of the faults (faults.ts, local-truth-faults.ts): TypeScript bundled anew, or a copy of all templates.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { bundling } from '../../scripts/bundle-policyc.ts';
import type { TablesOf } from './compared-tables.ts';
import type { Fault } from './faults.ts';
import { objectFolder, projectRoot, templateRoot } from './kernel.ts';

/** The text of the file with the fault in it. @throws where the place is not there, or not once */
function faulty({ name, file, from, to }: Fault): string {
  const text = readFileSync(join(projectRoot, file), 'utf8');
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`the place of the fault "${name}" stands ${parts.length - 1} times in ${file}`);
  return parts.join(to);
}

const nameOf = ({ name }: Fault): string => `fault-${name.replace(/[^a-z0-9]+/g, '-')}`;

/** A copy of the templates with the fault; always in the same place, so that what was compiled once is known. */
export function faultyTemplates(fault: Fault): string {
  const copy = join(objectFolder, nameOf(fault));
  cpSync(templateRoot, copy, { recursive: true });
  writeFileSync(join(copy, fault.file.slice('bpf/templates/'.length)), faulty(fault));
  return copy;
}

/** Bundles with the fault in it; `met` counts how often its file is asked for. */
export function faultPlugin(fault: Fault, met: () => void = () => {}): Plugin {
  const contents = faulty(fault);
  return {
    name: 'fault',
    setup: (bundler) =>
      bundler.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (path !== join(projectRoot, fault.file)) return undefined;
        met();
        return { contents, loader: 'ts' };
      }),
  };
}

const entry = "export { tablesOf } from './test/harness/tables.ts';";

/** `tablesOf` of the compiler with the fault. */
export async function faultyTablesOf(fault: Fault): Promise<TablesOf> {
  const outfile = join(objectFolder, `${nameOf(fault)}-${process.pid}.mjs`);
  let changed = 0;
  await build({
    ...bundling(projectRoot),
    stdin: { contents: entry, resolveDir: projectRoot },
    outfile,
    sourcemap: false,
    plugins: [
      faultPlugin(fault, () => {
        changed++;
      }),
    ],
  });
  if (changed !== 1) throw new Error(`${fault.file} is not part of the compiler`);
  const module: { readonly tablesOf: TablesOf } = await import(pathToFileURL(outfile).href);
  return module.tablesOf;
}
