// Documents -> YAML: the same bytes for the same documents.
import { dump } from 'js-yaml';
import type { JsonObject } from '../importer.ts';

/** Every document behind `---`. */
export const documentsText = (documents: readonly JsonObject[]): string =>
  documents.map((document) => `---\n${dump(document, { lineWidth: -1, noRefs: true, quotingType: '"' })}`).join('');
