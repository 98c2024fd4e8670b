// THE list of what is read: one line for each importer.
import { cilium } from './cilium/index.ts';
import type { Importer } from './importer.ts';
import { kubearmor } from './kubearmor/index.ts';
import { kubernetes } from './kubernetes/index.ts';
import { tetragon } from './tetragon/index.ts';

export const importers: readonly Importer[] = [...kubernetes, ...cilium, ...kubearmor, ...tetragon];
