// Prints what the parser reads of lookahead (src/compiler/1-parse/lookahead.ts), as Chevrotain finds it out from the grammar.
import { getLookaheadPaths, type ILookaheadStrategy, LLkLookaheadStrategy } from 'chevrotain';
import { choiceName, maxLookahead } from '../src/compiler/1-parse/lookahead.ts';

/** Decides as Chevrotain does, and notes what by. */
export class NotedLookahead implements ILookaheadStrategy {
  readonly #strategy = new LLkLookaheadStrategy({ maxLookahead });
  readonly #lines: string[] = [];

  validate(options: Parameters<ILookaheadStrategy['validate']>[0]): ReturnType<ILookaheadStrategy['validate']> {
    return this.#strategy.validate(options);
  }

  buildLookaheadForAlternation(
    options: Parameters<ILookaheadStrategy['buildLookaheadForAlternation']>[0],
  ): ReturnType<ILookaheadStrategy['buildLookaheadForAlternation']> {
    this.#note({ ...options, prodType: 'Alternation' });
    return this.#strategy.buildLookaheadForAlternation(options);
  }

  buildLookaheadForOptional(
    options: Parameters<ILookaheadStrategy['buildLookaheadForOptional']>[0],
  ): ReturnType<ILookaheadStrategy['buildLookaheadForOptional']> {
    this.#note(options);
    return this.#strategy.buildLookaheadForOptional(options);
  }

  #note(choice: Parameters<typeof choiceName>[0]): void {
    const { rule, prodType, prodOccurrence: occurrence } = choice;
    const alternatives = getLookaheadPaths({ rule, prodType, occurrence, maxLookahead });
    // Of something optional the second is what follows it.
    const asked = prodType === 'Alternation' ? alternatives : alternatives.slice(0, 1);
    const printed = asked.map((paths) => `'${paths.map((path) => path.map(({ name }) => name).join(' ')).join(' | ')}'`);
    this.#lines.push(`  '${choiceName(choice)}': [${printed.join(', ')}],`);
  }

  /** A module. */
  table(): string {
    return [
      '// Generated from src/compiler/1-parse by `npm run generate`; do not edit. A place of the grammar -> the tokens that each of its alternatives',
      '// can begin with.',
      'export const lookaheadTable: Readonly<Record<string, readonly string[]>> = {',
      ...[...this.#lines].sort(),
      '};',
      '',
    ].join('\n');
  }
}
