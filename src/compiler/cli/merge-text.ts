// What `policyc merge-check` says to people.
import type { DiffReport } from '../analysis/report.ts';
import { groupText } from './diff-text.ts';
import { groupsOf, titles, turning, undecidedTexts } from './diff-words.ts';
import type { Colors } from './output.ts';

/** `together`: from the base to both changes together; the others: from one change to both together. */
export type MergeReview = {
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
  readonly together: DiffReport;
  readonly undoneOurs: DiffReport;
  readonly undoneTheirs: DiffReport;
};

export function mergeText({ ours, theirs, together, undoneOurs, undoneTheirs }: MergeReview, colors: Colors): string {
  const parts = [
    ...partText(`together, and by neither change alone`, together, colors),
    ...partText(`what ${ours} does is undone by ${theirs}`, undoneOurs, colors),
    ...partText(`what ${theirs} does is undone by ${ours}`, undoneTheirs, colors),
  ];
  const open = [...new Set([together, undoneOurs, undoneTheirs].flatMap(undecidedTexts))];
  if (open.length > 0) parts.push(colors.yellow('undecided'), ...open.map((text) => colors.yellow(`  ? ${text}`)), notAll);
  return parts.length > 0
    ? parts.join('\n').trimEnd()
    : 'each change does together with the other what it does alone: proved for all events';
}

const notAll = 'of the events that these rules speak of nothing is claimed beside what is told above';

function partText(title: string, { changes }: DiffReport, colors: Colors): readonly string[] {
  if (changes.length === 0) return [];
  const groups = turning.flatMap((effect) => {
    const own = changes.filter((change) => change.effect === effect);
    return own.length === 0 ? [] : [` ${titles[effect]}`, ...groupsOf(own).map((group) => groupText(group, colors))];
  });
  return [colors.bold(title), ...groups, ''];
}
