// Policies of Kubernetes itself.
import type { Importer } from '../importer.ts';

export const kubernetes: readonly Importer[] = [];
