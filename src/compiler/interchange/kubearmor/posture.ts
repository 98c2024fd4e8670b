// What happens to what an allow-list leaves out: refused (`block`) or reported (`audit`, the agent's default). Namespaces say it
// by annotations; process rules are under the posture of files.
import { isObject } from '../documents/json.ts';
import type { Facts, Json } from '../importer.ts';
import type { SectionName } from './entries.ts';

export type Posture = 'block' | 'audit';

const annotations: Readonly<Record<SectionName, string>> = {
  process: 'kubearmor-file-posture',
  file: 'kubearmor-file-posture',
  network: 'kubearmor-network-posture',
  capabilities: 'kubearmor-capabilities-posture',
};

const annotationIn = (value: Json | undefined, name: string): Json | undefined => {
  const metadata = isObject(value) ? value['metadata'] : undefined;
  const found = isObject(metadata) ? metadata['annotations'] : undefined;
  return isObject(found) ? found[name] : undefined;
};

/** The namespaces that refuse what a section's allow-list leaves out. */
export const blockingNamespaces = ({ documents }: Facts, section: SectionName): readonly string[] =>
  (documents.get('/Namespace') ?? []).filter(({ value }) => annotationIn(value, annotations[section]) === 'block').map(({ name }) => name);

/** Classes that become an allow-list by an Allow entry of the section. */
export const classesOf: Readonly<Record<SectionName, readonly string[]>> = {
  process: ['exec'],
  file: ['read', 'write', 'create', 'delete', 'rename'],
  network: ['socket'],
  capabilities: ['capability'],
};
