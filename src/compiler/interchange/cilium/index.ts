// Policies of Cilium.
import type { Importer } from '../importer.ts';
import { addressGroup } from './group.ts';
import { clusterwideNetworkPolicy, networkPolicy } from './policy.ts';

export const cilium: readonly Importer[] = [networkPolicy, clusterwideNetworkPolicy, addressGroup];
