// CiliumCIDRGroup: a list of address blocks, for rules to refer to; by itself it says nothing.
import { checker } from '../documents/schema.ts';
import type { Importer } from '../importer.ts';
import { groupSchema } from './schema.ts';

const check = checker(groupSchema);

export const addressGroup: Importer = {
  group: 'cilium.io',
  kind: 'CiliumCIDRGroup',
  versions: ['v2', 'v2alpha1'],
  write: (document, context) => void check(document, context),
};
