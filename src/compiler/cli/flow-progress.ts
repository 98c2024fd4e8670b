// How far the reading of recorded traffic is, as a bar: on a terminal, after a second, some times a second.
import { grouped } from './output.ts';
import { Progress } from './progress.ts';

const width = 24;
/** Milliseconds between two looks. */
const pause = 100;

export class FlowProgress {
  readonly #progress = new Progress();
  #last = 0;

  /** `done`: 0 to 1; undefined where the whole is not known. */
  show(done: number | undefined, lines: number): void {
    const now = performance.now();
    if (now - this.#last < pause) return;
    this.#last = now;
    this.#progress.step(`${barText(done)}${grouped(lines)} lines`);
  }

  step(doing: string): void {
    this.#progress.step(doing);
  }

  end(): void {
    this.#progress.end();
  }
}

function barText(done: number | undefined): string {
  if (done === undefined) return '';
  const full = Math.min(width, Math.round(done * width));
  return `[${'='.repeat(full)}${' '.repeat(width - full)}] ${Math.floor(done * 100)} %  `;
}
