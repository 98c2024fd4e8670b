// A domain's readers, made of its data.
import type { DomainData, DomainSpec } from './domain.ts';
import { readContent } from './read-content.ts';
import { readMatch } from './read-match.ts';

export const defineDomain = (data: DomainData): DomainSpec => ({
  ...data,
  match: (line) => readMatch(data, line),
  content: (line) => readContent(data, line),
});
