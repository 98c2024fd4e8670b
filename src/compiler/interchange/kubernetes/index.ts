// Policies of Kubernetes itself.
import type { Importer } from '../importer.ts';
import { adminNetworkPolicy, baselineAdminNetworkPolicy, clusterNetworkPolicy } from './cluster-network-policy.ts';
import { networkPolicy } from './network-policy.ts';
import { removedNetworkPolicy } from './removed.ts';

export const kubernetes: readonly Importer[] = [
  networkPolicy,
  removedNetworkPolicy,
  clusterNetworkPolicy,
  adminNetworkPolicy,
  baselineAdminNetworkPolicy,
];
