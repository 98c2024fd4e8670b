// Attributes of rules and policies: `priority 5`, `log "..." rate 10/s`, `require encryption`, `errno EPERM`.
import { closest } from '../base/closest.ts';
import { errnoNames, signalNames } from '../base/kernel-names.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Operand } from '../domains/domain.ts';
import type { Attribute } from '../ir/resolved.ts';
import { type NamedRequirement, type Rule, requirements } from '../ir/typed.ts';
import { describeOperand } from './describe.ts';
import { literalOf } from './literals.ts';

/** What the attributes of one rule or policy say. */
export type Said = {
  readonly priority: number;
  readonly mode?: 'audit' | 'enforce';
  readonly log?: NonNullable<Rule['log']>;
  readonly require: readonly NamedRequirement[];
  readonly errno?: string;
  readonly signal?: string;
};

const nothingSaid: Said = { priority: 0, require: [] };
const mostPriority = 1_000_000;

/** Reads attributes; what is wrong is reported and left out. */
export function attributesOf(attributes: readonly Attribute[], report: Report): Said {
  let said = nothingSaid;
  for (const attribute of attributes) said = { ...said, ...saidBy(attribute, said, report) };
  return said;
}

function saidBy({ name, operands: [operand] }: Attribute, said: Said, report: Report): Partial<Said> {
  switch (name) {
    case 'tier':
      return {};
    case 'priority':
      return { priority: priorityOf(operand, report) };
    case 'mode':
      return { mode: operand.kind === 'word' && operand.text === 'audit' ? 'audit' : 'enforce' };
    case 'log': {
      const text = literalOf(operand, 'text', report)?.text;
      return text === undefined ? {} : { log: { ...said.log, text } };
    }
    case 'rate': {
      const rate = literalOf(operand, 'rate', report)?.text;
      return rate === undefined ? {} : { log: { text: '', ...said.log, rate: Number(rate) } };
    }
    case 'require':
      return { require: requirementsOf(operand, report) };
    case 'errno': {
      const errno = wordOf(operand, ['errno', errnoNames], report);
      return errno === undefined ? {} : { errno };
    }
    case 'signal': {
      const signal = wordOf(operand, ['signal', signalNames], report);
      return signal === undefined ? {} : { signal };
    }
  }
}

function priorityOf(operand: Operand, report: Report): number {
  if (operand.kind !== 'number') {
    report('check/wrong-kind', operand.span, { expected: 'a number', found: describeOperand(operand), hint: undefined });
    return 0;
  }
  const value = Number(operand.text);
  if (Math.abs(value) <= mostPriority) return value;
  report('check/number-range', operand.span, {
    what: 'priority',
    value: operand.text.slice(0, 20),
    low: -mostPriority,
    high: mostPriority,
  });
  return 0;
}

function wordOf<T extends string>(operand: Operand, [kind, known]: readonly [string, readonly T[]], report: Report): T | undefined {
  if (operand.kind !== 'word') {
    report('check/wrong-kind', operand.span, { expected: `a name (\`${known[0]}\`)`, found: describeOperand(operand), hint: undefined });
    return undefined;
  }
  const found = known.find((one) => one === operand.text);
  if (found === undefined)
    report('check/unknown-operand', operand.span, { kind, text: operand.text, suggestion: closest(operand.text, known) });
  return found;
}

/** Each name once; of one that is said with several texts, each text. */
function requirementsOf(operand: Operand, report: Report): readonly NamedRequirement[] {
  if (operand.kind === 'list' && operand.items.length === 0) report('check/empty-list', operand.span, {});
  const items = operand.kind === 'list' ? operand.items : [operand];
  const said = items.flatMap((item) => requirementOf(item, report) ?? []);
  const different = new Map(said.map((one) => [`${one.name} ${one.text ?? ''}`, one]));
  return [...different.values()].sort((a, b) => requirements.indexOf(a.name) - requirements.indexOf(b.name));
}

/** `authentication`, `authentication "required"`. */
function requirementOf(item: Operand, report: Report): NamedRequirement | undefined {
  const [word, operand] = item.kind === 'matched' ? [item.operator, item.operand] : [item];
  const name = wordOf(word, ['requirement', requirements], report);
  const text = operand && literalOf(operand, 'text', report)?.text;
  return name && { name, ...(text !== undefined && { text }) };
}
