// Every selector of a file, as it is written.
import type { ResolvedFile, Value } from '../../ir/resolved.ts';
import type { LabelUse, SelectorValue } from './finding.ts';

function collect(value: Value | undefined, found: SelectorValue[]): void {
  switch (value?.kind) {
    case 'selector':
      found.push(value);
      return;
    case 'list':
      for (const item of value.items) collect(item, found);
      return;
    case 'combine':
      for (const operand of value.operands) collect(operand, found);
      return;
    case 'not':
    case 'including':
      collect(value.operand, found);
      return;
    default:
  }
}

/** The selectors of declarations, policies and rules. */
export function selectorsOf({ declarations, policies }: ResolvedFile): readonly SelectorValue[] {
  const found: SelectorValue[] = [];
  for (const { value } of declarations) collect(value, found);
  for (const { subject, rules } of policies) {
    collect(subject, found);
    for (const rule of rules) if (rule.section !== 'process') collect(rule.peers, found);
  }
  return found;
}

/** The selectors of tests and invariants, which may be about workloads that there are not. */
export function assumedSelectors({ tests, invariants }: ResolvedFile): readonly SelectorValue[] {
  const found: SelectorValue[] = [];
  for (const { subject, flow } of tests) {
    collect(subject.what, found);
    collect(flow?.destination.what, found);
  }
  for (const one of invariants) {
    collect(one.subject, found);
    if (one.kind === 'flow') collect(one.object, found);
  }
  return found;
}

/** The label values that a selector writes, each once. */
export function labelUses({ labels }: SelectorValue): readonly LabelUse[] {
  return labels.flatMap(({ key, operand }) => {
    const items = operand?.kind === 'list' ? operand.items : operand ? [operand] : [];
    return items.flatMap((item) =>
      item.kind === 'string' ? [{ key: key.text, value: item.text, form: item.text.replace(/\d+/g, '#'), span: item.span }] : [],
    );
  });
}
