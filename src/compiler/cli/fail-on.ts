// `--fail-on`: which changes end a comparison with exit code 1.
import { InvalidArgumentError } from 'commander';
import { atLeast, type Scope, type Severity, scopes } from '../analysis/concern.ts';
import type { Effect } from '../analysis/diff.ts';
import type { ChangeRecord } from '../analysis/report.ts';
import { closest } from '../base/closest.ts';

/** `text` is as it was given: `newly-allowed:world`, `high`, `any`. */
export type Gate = { readonly text: string; readonly is: (change: Pick<ChangeRecord, 'effect' | 'scopes' | 'severity'>) => boolean };

const effects = ['newly-allowed', 'newly-denied', 'newly-audited', 'no-longer-audited'] as const satisfies readonly Effect[];
const levels = ['low', 'medium', 'high'] as const satisfies readonly Severity[];

/** Every word that is one. */
export const gateWords: readonly string[] = [
  'any',
  ...effects.flatMap((effect) => [effect, ...scopes.map((scope) => `${effect}:${scope}`)]),
  ...levels,
];

/** Words with commas between; the option may be given several times. */
export function readGates(text: string, before: readonly Gate[]): readonly Gate[] {
  return [...before, ...text.split(',').map((word) => gateOf(word.trim()))];
}

function gateOf(text: string): Gate {
  if (!gateWords.includes(text)) {
    const suggestion = closest(text, gateWords);
    const hint =
      suggestion === undefined
        ? `expected ${effects.join(', ')} (each also with :${scopes.join(', :')}), ${levels.join(', ')} or any`
        : `did you mean \`${suggestion}\`?`;
    throw new InvalidArgumentError(`no change is called \`${text}\`: ${hint}`);
  }
  const level = levels.find((one) => one === text);
  if (level) return { text, is: ({ severity }) => atLeast(severity, level) };
  const [effect, scope] = text.split(':');
  const isScoped = (own: readonly Scope[]): boolean => scope === undefined || own.some((one) => one === scope);
  return { text, is: (change) => change.severity !== 'none' && (effect === 'any' || effect === change.effect) && isScoped(change.scopes) };
}

/** The gates that some change is of, and how many are. */
export const metGates = (
  gates: readonly Gate[],
  changes: readonly ChangeRecord[],
): readonly { readonly gate: string; readonly changes: number }[] =>
  gates.flatMap(({ text, is }) => {
    const count = changes.filter(is).length;
    return count > 0 ? [{ gate: text, changes: count }] : [];
  });
