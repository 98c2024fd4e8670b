// THE list of what is read: one line for each importer.
import type { Importer } from './importer.ts';
import { kubearmor } from './kubearmor/index.ts';
import { kubernetes } from './kubernetes/index.ts';

export const importers: readonly Importer[] = [...kubernetes, ...kubearmor];
