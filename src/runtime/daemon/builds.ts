// Which build a revision was of. An event is read some milliseconds after it happened, perhaps under a later revision.

/** Far more than there can be between an event and its reading: what is forgotten is told without its build, never with another. */
const mostKnown = 1024;

export class Builds {
  readonly #known = new Map<number, string>();

  /** Forgets the revision that was learned first where there are too many. */
  learn(revision: number, build: string): void {
    this.#known.set(revision, build);
    const [first] = this.#known.keys();
    if (this.#known.size > mostKnown && first !== undefined) this.#known.delete(first);
  }

  of(revision: number): string | undefined {
    return this.#known.get(revision);
  }
}
