// What is wrong with a document beyond the form of its values.

import { describe, pathText } from '../documents/json.ts';
import type { Field } from '../fields.ts';
import type { Document, ImportContext, ImportOptions, Path } from '../importer.ts';

/** Reports at the places of a document, and knows whether it did. */
export class Problems {
  readonly options: ImportOptions;
  readonly #document: Document;
  readonly #report: ImportContext['report'];
  #found = false;

  constructor(document: Document, { options, report }: ImportContext) {
    this.options = options;
    this.#document = document;
    this.#report = report;
  }

  get found(): boolean {
    return this.#found;
  }

  wrong({ path, value }: Field, expected: string): void {
    this.#found = true;
    this.#report('import/invalid-value', this.#document.at(path), { field: pathText(path), expected, found: describe(value) });
  }

  unsupported(path: Path, reason: string, hint?: string): void {
    this.#found = true;
    this.#report('import/unsupported', this.#document.at(path), { what: `\`${pathText(path)}\``, reason, hint });
  }

  warnOpen(path: Path): void {
    this.#report('import/matches-no-pods', this.#document.at(path), {});
  }
}
