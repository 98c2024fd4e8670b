// Words that say how an expression goes on: what stands behind them is read by their meaning.
import { type IToken, tokenMatcher } from 'chevrotain';
import type { SetOperator } from '../ir/ast.ts';
import { requirements } from '../ir/typed.ts';
import * as t from './tokens.ts';

/** Protocols behind which a value may stand by its name. */
export const protocols: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp', 'any', 'protocol', 'icmp', 'icmpv6']);
/** Of them those whose values have names of their own. */
export const typed: ReadonlySet<string> = new Set(['icmp', 'icmpv6']);
/** Behind ports these begin an attribute of the rule. */
export const attributes: ReadonlySet<string> = new Set(['priority', 'mode', 'log', 'require']);
/** Behind these a text says which one. */
export const requirementWords: ReadonlySet<string> = new Set(requirements);
export const matchers: ReadonlySet<string> = new Set(['under', 'glob', 'regex']);

export const operatorOf = ({ image }: IToken): SetOperator => (image === 'and' || image === 'or' ? image : 'except');

export const beginsOperand = (token: IToken): boolean =>
  [t.Name, t.Text, t.NumberLiteral, t.Minus, t.LSquare].some((type) => tokenMatcher(token, type));
