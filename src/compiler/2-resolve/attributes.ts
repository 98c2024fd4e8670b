// `priority 5`, `mode audit`, `log "..."`: attributes among the words of rules and policies, and where each may stand.
import type { Span } from '../base/source.ts';
import type { Operand } from '../domains/domain.ts';
import { type Attribute, type AttributeName, attributeNames } from '../ir/resolved.ts';
import { asName } from './lines.ts';
import { refuseWord, type Unit } from './unit.ts';
import { modes, oneOf, tiers } from './vocabulary.ts';

/** What an attribute would be of. `audit`: its action is written so. */
export type Holder =
  | { readonly kind: 'policy' }
  | { readonly kind: 'rule'; readonly section: 'network' | 'process'; readonly action: string; readonly audit: boolean };

const attributeNamed: ReadonlyMap<string, AttributeName> = new Map(attributeNames.map((name) => [name, name]));
export const isAttribute = (operand: Operand): boolean => operand.kind === 'word' && attributeNamed.has(operand.text);

/** The attributes that the operands say; the first operand is an attribute's name. What is wrong is reported and left out. */
export function attributesOf(unit: Unit, operands: readonly Operand[], holder: Holder): readonly Attribute[] {
  const found: Attribute[] = [];
  for (let at = 0; at < operands.length; at++) {
    const word = operands[at];
    if (!word) break;
    const name = word.kind === 'word' ? attributeNamed.get(word.text) : undefined;
    const value = operands[at + 1];
    if (!name) {
      // Of several words that nobody knows the first is told.
      if (at === 0 || found.at(-1)?.operands[0] === operands[at - 1]) refuseOperand(unit, word, holder);
    } else if (!value || isAttribute(value)) refuseMissing(unit, name, word.span);
    else {
      at++;
      const said = name === 'require' ? withText(value, operands[at + 1]) : value;
      if (said !== value) at++;
      const attribute: Attribute = { name, operands: [said], span: { ...word.span, end: said.span.end } };
      if (mayStand(unit, attribute, [holder, found])) found.push(attribute);
    }
  }
  return found;
}

/** `require listener "proxy"`: the text belongs to the word before it. */
const withText = (word: Operand, behind: Operand | undefined): Operand =>
  word.kind === 'word' && behind?.kind === 'string'
    ? { kind: 'matched', operator: word, operand: behind, span: { ...word.span, end: behind.span.end } }
    : word;

const of = {
  policy: ['tier', 'priority', 'mode'],
  network: ['priority', 'mode', 'log', 'require'],
  process: ['priority', 'mode', 'log', 'errno', 'signal'],
} as const satisfies Readonly<Record<string, readonly AttributeName[]>>;

function refuseOperand(unit: Unit, operand: Operand, holder: Holder): void {
  const known = of[holder.kind === 'policy' ? 'policy' : holder.section];
  const others = { policy: '`{`', network: '`from`, `to`, `at`, a block', process: 'the end of the rule' };
  const expected = `${others[holder.kind === 'policy' ? 'policy' : holder.section]} or an attribute (${oneOf(known)})`;
  refuseWord(unit, asName(operand), { expected, known: holder.kind === 'policy' ? known : [...known, 'from', 'to', 'at', 'including'] });
}

const examples: Readonly<Record<AttributeName, string>> = {
  tier: 'tier admin',
  priority: 'priority 10',
  mode: 'mode audit',
  log: 'log "TEXT"',
  rate: 'rate 10/s',
  require: 'require encryption',
  errno: 'errno EPERM',
  signal: 'signal SIGKILL',
};

const refuseMissing = ({ report }: Unit, name: AttributeName, span: Span): void =>
  report('resolve/missing', span, { what: `the value of \`${name}\``, hint: `write \`${examples[name]}\`` });

type Beside = readonly [holder: Holder, before: readonly Attribute[]];

function mayStand(unit: Unit, attribute: Attribute, [holder, before]: Beside): boolean {
  const first = before.find(({ name }) => name === attribute.name);
  if (first) unit.report('resolve/twice', [attribute.span, first.span], { what: `\`${attribute.name}\`` });
  const misplaced = misplacedAt(attribute, holder, before);
  if (misplaced && !first) unit.report('resolve/misplaced', attribute.span, { what: `\`${attribute.name}\``, ...misplaced });
  return !first && !misplaced && hasKnownWord(unit, attribute);
}

type Misplaced = { readonly where: string; readonly hint: string | undefined };

function misplacedAt({ name, operands: [value] }: Attribute, holder: Holder, before: readonly Attribute[]): Misplaced | undefined {
  if (holder.kind === 'policy') {
    return of.policy.some((one) => one === name) ? undefined : { where: 'on a policy', hint: 'it is an attribute of rules' };
  }
  const { section, action, audit } = holder;
  const where = `on ${/^[aeiou]/.test(action) ? 'an' : 'a'} \`${action}\` rule`;
  switch (name) {
    case 'tier':
      return { where: 'on a rule', hint: 'tiers are of policies' };
    case 'rate':
      return before.at(-1)?.name === 'log' ? undefined : { where: 'here', hint: 'write it behind a log: `log "TEXT" rate 10/s`' };
    case 'require':
      if (section === 'network' && action === 'allow') return undefined;
      return { where: section === 'process' ? 'in a `process` section' : where, hint: 'it is an attribute of network rules that allow' };
    case 'errno':
      return section === 'process' && action === 'deny'
        ? undefined
        : { where, hint: 'the caller sees an errno where a `process` rule says `deny`' };
    case 'signal':
      return action === 'kill' ? undefined : { where, hint: 'it is an attribute of `kill`' };
    case 'mode':
      return audit && asName(value).text === 'enforce' ? { where, hint: 'write `deny` for a rule that is enforced' } : undefined;
    default:
      return undefined;
  }
}

const wordsOfAttribute: Readonly<Partial<Record<AttributeName, readonly string[]>>> = { tier: tiers, mode: modes };

function hasKnownWord(unit: Unit, { name, operands: [value] }: Attribute): boolean {
  const known = wordsOfAttribute[name];
  if (!known || (value.kind === 'word' && known.includes(value.text))) return true;
  refuseWord(unit, asName(value), { expected: oneOf(known), known });
  return false;
}
