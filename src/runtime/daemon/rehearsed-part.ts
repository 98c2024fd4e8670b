// What a rehearsed change is a change to: as much another part as those of most changes are, and it is put in force nowhere.
import { fixedCause } from '../../compiler/ir/abi.ts';
import type { PolicyPart } from '../../compiler/ir/bundle.ts';
import type { Selector } from '../../compiler/space/labels.ts';
import type { CauseNumbers } from '../policy/generation.ts';

/** Of what is put in force nowhere. */
export const someCauses: CauseNumbers = { rule: () => fixedCause.firstDynamic, defaultDeny: () => fixedCause.firstDynamic };

/** Matches nobody: no label has this name. */
const nobody: Selector = [[{ kind: 'one-of', key: '', values: [''] }]];

/** A part that differs as those of most changes do: in its name, in a selector, and in how many rules it has. */
export const changedPart = ({ selectors, policies, rules }: PolicyPart): PolicyPart => ({
  content: '',
  selectors: [...selectors, nobody],
  policies,
  rules: rules.slice(0, -1),
});
