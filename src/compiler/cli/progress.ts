// What a long command is doing, on standard error: on a terminal alone, and once it has taken longer than anybody waits
// for without a word. The line is gone when the command goes on.

/** Milliseconds from the start of the program, that long it is silent. */
const patience = 1000;

export class Progress {
  #isShown = false;

  /** Says what is done next. */
  readonly step = (doing: string): void => {
    const elapsed = performance.now();
    if (!process.stderr.isTTY || elapsed < patience) return;
    process.stderr.write(`\r\u001b[K${doing} (${(elapsed / 1000).toFixed(1)} s)`);
    this.#isShown = true;
  };

  end(): void {
    if (this.#isShown) process.stderr.write('\r\u001b[K');
    this.#isShown = false;
  }
}
