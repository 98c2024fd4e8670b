// What the API had once.
import type { Importer } from '../importer.ts';

export const removedNetworkPolicy: Importer = {
  group: 'extensions',
  kind: 'NetworkPolicy',
  versions: ['v1beta1'],
  write: ({ at }, { report }) => {
    report('import/removed', at(['apiVersion']), {
      what: '`extensions/v1beta1`',
      since: 'Kubernetes 1.16',
      hint: 'write `networking.k8s.io/v1`',
    });
  },
};
