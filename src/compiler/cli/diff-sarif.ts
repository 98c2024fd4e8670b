// A review as SARIF 2.1.0 (OASIS), for code scanning: one result for each changed class, where the rule stands that decides now.
import { createHash } from 'node:crypto';
import type { Severity } from '../analysis/concern.ts';
import type { Effect } from '../analysis/diff.ts';
import type { DeciderRecord, SourcePlace } from '../analysis/event-words.ts';
import type { ChangeRecord, DiffReport } from '../analysis/report.ts';
import { sarifLog, uriOf } from '../diagnostics/sarif.ts';
import { decided, placeText, type Review, subjectText, titles, turning, undecidedTexts } from './diff-words.ts';

const levels: Readonly<Record<Severity, 'none' | 'note' | 'warning' | 'error'>> = {
  none: 'none',
  low: 'note',
  medium: 'warning',
  high: 'error',
};

/** The whole document; what changes no verdict is not in it. */
export function diffSarif({ report, old }: Review, version: string) {
  const rules: readonly Effect[] = turning;
  const changes = report.changes.filter(({ effect }) => rules.includes(effect));
  return sarifLog(
    version,
    [
      ...rules.map((effect) => ruleOf(`diff/${effect}`, `Events that are ${titles[effect]}.`)),
      ruleOf('diff/undecided', 'Events of which a change is past the limit of an exact answer.'),
    ],
    [...changes.map((change) => resultOf(change, rules.indexOf(change.effect), old)), ...undecidedResults(report, rules.length)],
  );
}

const ruleOf = (id: string, text: string) => ({
  id,
  name: id.replace(/(?:^|[/-])([a-z])/g, (_, letter: string) => letter.toUpperCase()).replace('/', ''),
  shortDescription: { text },
  defaultConfiguration: { level: 'warning' },
});

const undecidedResults = (report: DiffReport, ruleIndex: number) =>
  undecidedTexts(report).map((text, i) => ({
    ruleId: 'diff/undecided',
    ruleIndex,
    level: 'error',
    message: { text: `not decided: ${text}` },
    locations: (report.undecided ?? []).slice(i, i + 1).map(locationOf),
    partialFingerprints: { 'policycChange/v1': digest(text) },
  }));

function resultOf(change: ChangeRecord, ruleIndex: number, old: string) {
  const { effect, before, after, example, severity, reasons, size } = change;
  const [place, ...others] = [...placesOf(after), ...placesOf(before)];
  const text = [
    `${titles[effect]}: ${subjectText(change)}, ${placeText(change)}${reasons.length > 0 ? ` (${reasons.join(', ')})` : ''}`,
    ...(size.words === '' ? [] : [size.words]),
    `for example ${example.event}`,
    `before (${old}): ${decided(before)}`,
    `after: ${decided(after)}`,
  ].join('\n');
  return {
    ruleId: `diff/${effect}`,
    ruleIndex,
    level: levels[severity],
    message: { text },
    ...(place && { locations: [locationOf(place)] }),
    ...(others.length > 0 && {
      relatedLocations: others.map((other, id) => ({ id, ...locationOf(other), message: { text: 'decided here before' } })),
    }),
    partialFingerprints: { 'policycChange/v1': fingerprint(change) },
  };
}

/** The rule, or the policies that brought the default deny. */
const placesOf = ({ rule, policies }: DeciderRecord): readonly SourcePlace[] => (rule ? [rule] : policies);
const locationOf = ({ file, line }: SourcePlace) => ({
  physicalLocation: { artifactLocation: { uri: uriOf(file) }, region: { startLine: line } },
});

/** The same for the same change, wherever its rules stand. */
const fingerprint = ({ effect, section, domain, subject, peer, at, content }: ChangeRecord): string =>
  digest(JSON.stringify([effect, section, domain, subject, peer, at, content]));
const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);
