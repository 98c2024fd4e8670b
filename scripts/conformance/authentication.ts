// Which authentication an allowed flow needs.
import type { NetworkRule } from '../../src/compiler/ir/typed.ts';

type ExpectedMode = { readonly mode: string; readonly explicit: boolean };

/** @param rules that concern the connection, in deciding order */
export function authenticationMistake(_rules: readonly NetworkRule[], _expected: ExpectedMode | undefined): string | undefined {
  return undefined;
}
