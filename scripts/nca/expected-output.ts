import type { Query } from './scheme.ts';
import type { Named } from './world.ts';
export const compareOutput = (_query: Query, _named: readonly Named[], _text: string): string | undefined => undefined;
