// Statements of `invariant` blocks.
import type { InvariantAst, StatementAst } from '../ir/ast.ts';
import type { ResolvedInvariant } from '../ir/resolved.ts';
import { lineOf, matchOf, processClass } from './lines.ts';
import { ruleText } from './rule-text.ts';
import { type Place, refuseWord } from './unit.ts';
import { boundValue } from './values.ts';
import { oneOf, quantifiers } from './vocabulary.ts';

export const invariantsOf = (place: Place, invariants: readonly InvariantAst[]): readonly ResolvedInvariant[] =>
  invariants.flatMap(({ name, statements }) => statements.flatMap((one) => statementOf(place, name.text, one) ?? []));

function statementOf(place: Place, name: string, statement: StatementAst): ResolvedInvariant | undefined {
  const { quantifier: word, span, verb } = statement;
  const quantifier = quantifiers.find((one) => one === word.text);
  if (!quantifier) refuseWord(place.unit, word, { expected: oneOf(quantifiers), known: quantifiers });
  const subject = boundValue(place, statement.subject);
  const rest = verb.text === 'reach' ? reachOf(place, statement) : processOf(place, statement);
  return quantifier && rest && { name, span, text: ruleText(span), quantifier, subject, ...rest };
}

type Rest<Kind extends ResolvedInvariant['kind']> = Omit<
  ResolvedInvariant & { readonly kind: Kind },
  'name' | 'span' | 'text' | 'quantifier' | 'subject'
>;

function reachOf(place: Place, { verb, object, transport, block, operands }: StatementAst): Rest<'flow'> | undefined {
  const { report } = place.unit;
  const [extra] = operands;
  if (extra) report('resolve/misplaced', extra.span, { what: 'more words', where: 'behind `can reach`', hint: undefined });
  const request = block && matchOf(place, block);
  const at = transport && boundValue(place, transport);
  if (!object) report('resolve/missing', verb.span, { what: 'what is reached', hint: 'write `can reach cart at tcp 80`' });
  if (!object || (block && !request)) return undefined;
  return { kind: 'flow', object: boundValue(place, object), ...(at ? { transport: at } : {}), ...(request ? { request } : {}) };
}

function processOf(place: Place, { verb, object, transport, block, operands }: StatementAst): Rest<'process'> | undefined {
  const { unit } = place;
  const domain = classOf(place, verb);
  const foreign = object ?? transport ?? block;
  if (foreign && domain) {
    const hint = 'these are of flows: `can reach`';
    unit.report('resolve/misplaced', foreign.span, { what: 'a peer, `at` or a block', where: `behind \`can ${verb.text}\``, hint });
  }
  const line = domain && lineOf(place, domain, [operands, verb.span]);
  return domain && line && { kind: 'process', domain, line };
}

/** A class; `reach` may have been meant, too. */
function classOf({ unit }: Place, verb: StatementAst['verb']): ReturnType<typeof processClass> {
  const near = unit.domains.some(({ form, name }) => form === 'process' && name === verb.text)
    ? undefined
    : unit.suggest(verb.text, ['reach']);
  if (near === undefined) return processClass(unit, verb);
  refuseWord(unit, verb, { expected: '`reach` or a process class', known: [near] });
  return undefined;
}
