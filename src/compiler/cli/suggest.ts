// `policyc suggest`: the policies that allow what was recorded, and as little beyond it as was asked for.
import { invariant } from '../base/assert.ts';
import { eventOf } from '../flows/event.ts';
import { judge } from '../flows/judge.ts';
import type { Generalization } from '../flows/suggest/generalization.ts';
import { exactTraffic, type Suggestion, suggest } from '../flows/suggest/index.ts';
import type { Traffic } from '../flows/traffic.ts';
import { format } from '../format/index.ts';
import type { TypedPolicy } from '../ir/typed.ts';
import { checkUnit } from '../pipeline.ts';
import { FlowProgress } from './flow-progress.ts';
import { readTraffic } from './flow-traffic.ts';
import { print, printError, printJson, type Result } from './output.ts';
import { unreadableText } from './replay-text.ts';

export type SuggestOptions = { readonly format: 'text' | 'json'; readonly generalize: readonly Generalization[] };

export async function runSuggest(flows: string, options: SuggestOptions): Promise<Result> {
  const traffic = exactTraffic();
  const progress = new FlowProgress();
  await readTraffic(flows, traffic, progress);
  progress.end();
  const tally = traffic.tally();
  if (options.format === 'text') printError(unreadableText({ unreadable: tally.bad }));
  const text = suggestedText(traffic, new Set(options.generalize));
  if (text === undefined) {
    printError('policyc: nothing was recorded as allowed of a workload: there is no policy to suggest');
    return { exitCode: 1 };
  }
  if (options.format === 'json') printJson({ ok: true, generalize: options.generalize, policy: text, read: tally });
  else print(text);
  return { exitCode: 0 };
}

/** The canonical text, checked, and held against every recorded flow; undefined where no workload was seen to be allowed anything. */
export function suggestedText(traffic: Traffic, generalize: ReadonlySet<Generalization>): string | undefined {
  const first = checkedText(suggest(traffic, generalize));
  if (!first) return undefined;
  // What was recorded may be worth a warning, and is meant all the same.
  const { text, typed, suggestion } = first.codes.length === 0 ? first : (checkedText(suggest(traffic, generalize, first.codes)) ?? first);
  for (const { cell } of suggestion.cells) {
    const judged = judge(typed, eventOf(cell, []));
    invariant(
      judged.kind === 'decided' && judged.verdict.action === 'allowed',
      `a suggested policy denies what was recorded at ${cell.place.file}:${cell.place.line}`,
    );
  }
  return text;
}

type Checked = { readonly text: string; readonly typed: TypedPolicy; readonly codes: readonly string[]; readonly suggestion: Suggestion };

function checkedText(suggestion: Suggestion): Checked | undefined {
  const path = 'suggested.policy';
  const formatted = format({ path, text: suggestion.text });
  invariant(formatted.ok, `a suggested policy cannot be read: ${formatted.ok ? '' : formatted.diagnostics[0]?.message}`);
  const { text } = formatted;
  if (!/^policy /m.test(text)) return undefined;
  const checked = checkUnit([{ path, text }]);
  invariant(checked.ok, `a suggested policy is wrong: ${checked.diagnostics[0]?.message}`);
  return { text, typed: checked.value.typed, codes: [...new Set(checked.diagnostics.map(({ code }) => code))].sort(), suggestion };
}
