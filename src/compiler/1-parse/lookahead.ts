// What the next tokens say about where the grammar goes on. Chevrotain finds that out from the whole grammar whenever a parser is made, which takes
// longer than to read a small policy: here it is read from a table that was printed when the grammar was written (scripts/generate-grammar.ts).
import { type ILookaheadStrategy, type IOrAlt, type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import { invariant } from '../base/assert.ts';
import { lookaheadTable } from './lookahead-table.generated.ts';
import { vocabulary } from './tokens.ts';

/** Most tokens that a choice looks at. */
export const maxLookahead = 2;

type OfAlternation = Parameters<ILookaheadStrategy['buildLookaheadForAlternation']>[0];
type OfOptional = Parameters<ILookaheadStrategy['buildLookaheadForOptional']>[0];
type Chosen = Pick<OfOptional, 'rule' | 'prodOccurrence'> & { readonly prodType: OfOptional['prodType'] | 'Alternation' };

/** `term Option 1`: a place of the grammar. */
export const choiceName = ({ rule, prodType, prodOccurrence }: Chosen): string => `${rule.name} ${prodType} ${prodOccurrence}`;

/** The parser, as far as lookahead asks it. */
type Reader = { LA(count: number): IToken };
/** Token types one after the other. */
type Path = readonly TokenType[];

/** Reads the table; only for the grammar that it was printed from. */
export class TabledLookahead implements ILookaheadStrategy {
  readonly #types = new Map(vocabulary.map((type) => [type.name, type]));

  /** That is done when the table is printed. */
  validate(): [] {
    return [];
  }

  buildLookaheadForAlternation({ hasPredicates, ...choice }: OfAlternation): (alternatives?: IOrAlt<unknown>[]) => number | undefined {
    const alternatives = this.#paths({ ...choice, prodType: 'Alternation' });
    if (!hasPredicates && alternatives.every(isOneToken)) {
      const numbers = byToken(alternatives);
      return function (this: Reader) {
        return numbers[this.LA(1).tokenTypeIdx];
      };
    }
    return function (this: Reader, given = []) {
      const at = alternatives.findIndex((paths, i) => given[i]?.GATE?.call(this) !== false && paths.some((path) => follows(this, path)));
      return at < 0 ? undefined : at;
    };
  }

  buildLookaheadForOptional(choice: OfOptional): () => boolean {
    const [paths = []] = this.#paths(choice);
    if (isOneToken(paths)) {
      const numbers = byToken([paths]);
      return function (this: Reader) {
        return numbers[this.LA(1).tokenTypeIdx] === 0;
      };
    }
    return function (this: Reader) {
      return paths.some((path) => follows(this, path));
    };
  }

  #paths(choice: Chosen): readonly (readonly Path[])[] {
    const name = choiceName(choice);
    const found = lookaheadTable[name];
    invariant(found, `nothing is known of ${name} in the grammar: \`npm run generate\``);
    return found.map((paths) => paths.split(' | ').map((path) => path.split(' ').flatMap((word) => (word === '' ? [] : this.#type(word)))));
  }

  #type(name: string): TokenType {
    const type = this.#types.get(name);
    invariant(type, `there is no token ${name}: \`npm run generate\``);
    return type;
  }
}

const isOneToken = (paths: readonly Path[]): boolean => paths.every(({ length }) => length === 1);
const follows = (reader: Reader, path: Path): boolean => path.every((type, i) => tokenMatcher(reader.LA(i + 1), type));

/** Type of a token -> the first alternative that begins with it, or with a category that it is of. */
function byToken(alternatives: readonly (readonly Path[])[]): readonly (number | undefined)[] {
  const numbers: (number | undefined)[] = [];
  alternatives.forEach((paths, number) => {
    for (const { tokenTypeIdx, categoryMatches = [] } of paths.flat())
      for (const index of [tokenTypeIdx ?? 0, ...categoryMatches]) numbers[index] ??= number;
  });
  return numbers;
}
