// What readers of a document share: where it stands, and what is to be said about it.
import type { Span } from '../../base/source.ts';
import { pathText } from '../documents/json.ts';
import type { Field } from '../fields.ts';
import type { Document, ImportContext, Path } from '../importer.ts';

export class Reading {
  readonly document: Document;
  readonly context: ImportContext;
  /** Of a namespaced policy. */
  readonly namespace: string | undefined;
  #failed = false;

  constructor(document: Document, context: ImportContext, namespace: string | undefined) {
    this.document = document;
    this.context = context;
    this.namespace = namespace;
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** The agent does not take it. */
  refuse(at: Field | Path, reason: string, hint?: string): void {
    this.#failed = true;
    this.context.report('import/refused', this.document.at('path' in at ? at.path : at), { what: 'Cilium', reason, hint });
  }

  /** No endpoint can have both. */
  conflict(places: readonly [Span, Span], what: string): void {
    this.#failed = true;
    this.context.report('import/conflict', places, { what });
  }

  warnEveryType({ path }: Field): void {
    this.context.report('import/every-icmp-type', this.document.at(path), {});
  }

  /** The agent takes it, and the language has no word for it. */
  unsupported({ path }: Field, reason: string): void {
    this.#failed = true;
    this.context.report('import/unsupported', this.document.at(path), { what: `\`${pathText(path)}\``, reason, hint: undefined });
  }

  warn({ path }: Field, reason: string): void {
    this.context.report('import/without-effect', this.document.at(path), { what: `\`${pathText(path)}\``, reason });
  }
}
