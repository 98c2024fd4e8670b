// Which authentication an allowed flow needs: that of one of the rules that allow it. Which of several the engine takes depends on
// how narrow their ports are, and on what it finds first; that it takes one of them is what is held.
import type { NetworkRule } from '../../src/compiler/ir/typed.ts';

type ExpectedMode = { readonly mode: string; readonly explicit: boolean };

const modesOf = ({ require }: NetworkRule): readonly string[] =>
  require.flatMap(({ name, text }) => (name === 'authentication' ? [text ?? ''] : []));

/** @param rules that allow the connection, of every tier */
export function authenticationMistake(rules: readonly NetworkRule[], expected: ExpectedMode | undefined): string | undefined {
  const modes = rules.map((rule) => modesOf(rule));
  const found = modes.flat().join(' or ');
  if (expected !== undefined)
    return modes.flat().includes(expected.mode) ? undefined : `expected authentication ${expected.mode}, found ${found}`;
  const isFree = rules.length === 0 || modes.some((one) => one.every((mode) => mode === 'disabled'));
  return isFree ? undefined : `expected no authentication, found ${found}`;
}
