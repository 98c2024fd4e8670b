// Syntax tree -> Ast for what stands inside declarations and rules: expressions, selectors, literals, operands. The
// tree is always whole here (recover.ts), so every mandatory child is there.
import type { CstNode, IToken } from 'chevrotain';
import { invariant } from '../base/assert.ts';
import type { SourceText, Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Operand } from '../domains/domain.ts';
import type { Expr, LabelTest, Name, SelectorExpr, SetOperator, TextLiteral } from '../ir/ast.ts';
import type {
  EndpointCstNode,
  ExpressionCstNode,
  LabelTestCstNode,
  LabelValueCstNode,
  LineOperandCstNode,
  ListCstNode,
  OperandCstNode,
  OperandListCstNode,
  PrimaryCstNode,
  RangeCstNode,
  SelectorCstNode,
  TermCstNode,
  UnaryCstNode,
  ValueCstNode,
} from './cst.generated.ts';
import { spanOf } from './items.ts';
import { Unterminated } from './tokens.ts';

export type Context = { readonly source: SourceText; readonly report: Report };

/** The one child that the grammar promises. */
export function only<T>(list: readonly T[] | undefined): T {
  const first = list?.[0];
  invariant(first !== undefined, 'the syntax tree lacks a child that the grammar demands');
  return first;
}

export const nodeSpan = ({ source }: Context, { location }: CstNode): Span => ({
  source,
  start: location?.startOffset ?? 0,
  end: (location?.endOffset ?? -1) + 1,
});

export const name = ({ source }: Context, token: IToken): Name => ({ text: token.image, span: spanOf(source, token) });

const escapes: ReadonlySet<string> = new Set(['"', '\\', '*', '{', '}', '?', '[', ']']);

/** A text with its escapes resolved; a backslash before a sign of patterns stands for that sign. */
export function text({ source, report }: Context, token: IToken): TextLiteral {
  const span = spanOf(source, token);
  const whole = token.tokenType !== Unterminated;
  const raw = token.image.slice(1, whole ? -1 : undefined);
  if (!raw.includes('\\')) return { kind: 'string', text: raw, raw, span };
  const resolved = raw.replace(/\\([\s\S])/g, (pair: string, sign: string, offset: number) => {
    const start = span.start + 1 + offset;
    if (!escapes.has(sign)) report('parse/bad-escape', { source, start, end: start + pair.length }, { escape: pair });
    return sign;
  });
  return { kind: 'string', text: resolved, raw, span };
}

const wordOperand = (context: Context, token: IToken): Operand => ({
  kind: 'word',
  text: token.image,
  span: spanOf(context.source, token),
});
const otherOperand = (context: Context, token: IToken): Operand => ({
  kind: 'other',
  text: token.image,
  span: spanOf(context.source, token),
});

export function operand(context: Context, { children }: OperandCstNode | LineOperandCstNode): Operand {
  if (children.Text) return text(context, only(children.Text));
  if (children.operandList) return operandList(context, only(children.operandList));
  if ('Name' in children && children.Name) return wordOperand(context, only(children.Name));
  if ('Word' in children && children.Word) return wordOperand(context, only(children.Word));
  if ('Equals' in children && children.Equals) return otherOperand(context, only(children.Equals));
  return otherOperand(context, only(children.NumberLiteral ?? children.Address));
}

const operandList = (context: Context, node: OperandListCstNode): Operand => ({
  kind: 'list',
  items: (node.children.operand ?? []).map((item) => operand(context, item)),
  span: nodeSpan(context, node),
});

const byOffset = (a: IToken, b: IToken): number => a.startOffset - b.startOffset;

/** `a and b and c`; two different operators side by side are a mistake, so that none has to bind tighter. */
export function expression(context: Context, node: ExpressionCstNode): Expr {
  const { unary: operands, AndWord = [], OrWord = [], ExceptWord = [] } = node.children;
  const parts = operands.map((operand) => unary(context, operand));
  const operators = [...AndWord, ...OrWord, ...ExceptWord].sort(byOffset);
  const [first] = operators;
  if (!first) return only(parts);
  const other = operators.find(({ tokenType }) => tokenType !== first.tokenType);
  if (other) {
    const places = [spanOf(context.source, other), spanOf(context.source, first)] as const;
    context.report('parse/mixed-operators', places, { first: first.image, second: other.image });
    return { kind: 'missing', span: nodeSpan(context, node) };
  }
  return { kind: 'combine', operator: operatorOf(first), operands: parts, span: nodeSpan(context, node) };
}

const operatorOf = ({ image }: IToken): SetOperator => (image === 'and' || image === 'or' ? image : 'except');

/** An even number of `not` is none. */
function unary(context: Context, node: UnaryCstNode): Expr {
  const operand = primary(context, only(node.children.primary));
  const nots = node.children.NotWord?.length ?? 0;
  return nots % 2 === 0 ? operand : { kind: 'not', operand, span: nodeSpan(context, node) };
}

function primary(context: Context, { children }: PrimaryCstNode): Expr {
  if (children.term) return term(context, only(children.term));
  if (children.selector) return selector(context, only(children.selector));
  if (children.list) return list(context, only(children.list));
  if (children.expression) return expression(context, only(children.expression));
  if (children.Text) return text(context, only(children.Text));
  if (children.Address) return address(context, only(children.Address));
  return range(context, only(children.range));
}

export const address = ({ source }: Context, token: IToken): Expr => ({ kind: 'address', text: token.image, span: spanOf(source, token) });

function range(context: Context, node: RangeCstNode): Expr {
  const [low, high] = node.children.NumberLiteral;
  const span = nodeSpan(context, node);
  const text = low?.image ?? '';
  return high ? { kind: 'range', low: text, high: high.image, span } : { kind: 'number', text, span };
}

const list = (context: Context, node: ListCstNode): Expr => ({
  kind: 'list',
  items: (node.children.expression ?? []).map((item) => expression(context, item)),
  span: nodeSpan(context, node),
});

/** A name alone is a name; one with a value, a protocol. */
export function term(context: Context, node: TermCstNode): Expr {
  const { Name: names, Word: dotted = [], value: values, NumberLiteral: codes } = node.children;
  const span = nodeSpan(context, node);
  const first = only(names);
  if (!values) return { kind: 'name', text: [first, ...dotted].map(({ image }) => image).join('.'), span };
  return {
    kind: 'term',
    protocol: name(context, first),
    value: value(context, only(values)),
    ...(codes ? { code: name(context, only(codes)) } : {}),
    span,
  };
}

function value(context: Context, { children }: ValueCstNode): Expr {
  if (children.range) return range(context, only(children.range));
  if (children.Text) return text(context, only(children.Text));
  if (children.list) return list(context, only(children.list));
  const token = only(children.Name);
  return { kind: 'name', text: token.image, span: spanOf(context.source, token) };
}

export function selector(context: Context, node: SelectorCstNode): SelectorExpr {
  const { labelTest: tests = [], Word: places, labelValue: placeValues } = node.children;
  const labels = tests.map((test) => labelTest(context, test));
  const span = nodeSpan(context, node);
  if (!places || !placeValues) return { kind: 'selector', labels, span };
  const key = name(context, only(places));
  const { words, operand } = labelValue(context, only(placeValues));
  const place = { key, words, ...(operand ? { operand } : {}), span: { ...key.span, end: span.end } };
  return { kind: 'selector', labels, place, span };
}

function labelTest(context: Context, node: LabelTestCstNode): LabelTest {
  const { Word: words, Text: texts, labelValue: values } = node.children;
  const literal = texts ? text(context, only(texts)) : undefined;
  const key = literal ? { text: literal.text, span: literal.span } : name(context, only(words));
  return { key, ...labelValue(context, only(values)), span: nodeSpan(context, node) };
}

function labelValue(context: Context, { children }: LabelValueCstNode): Pick<LabelTest, 'words' | 'operand'> {
  const tokens = [...(children.Name ?? []), ...(children.NotWord ?? []), ...(children.InWord ?? [])].sort(byOffset);
  const words = tokens.map((token) => name(context, token));
  const operand = labelOperand(context, children);
  return operand ? { words, operand } : { words };
}

function labelOperand(context: Context, children: LabelValueCstNode['children']): Expr | undefined {
  if (children.Text) return text(context, only(children.Text));
  if (children.list) return list(context, only(children.list));
  if (children.Address) return address(context, only(children.Address));
  return children.range ? range(context, only(children.range)) : undefined;
}

export function endpoint(context: Context, { children }: EndpointCstNode): Expr {
  if (children.selector) return selector(context, only(children.selector));
  if (children.Text) return text(context, only(children.Text));
  if (children.Address) return address(context, only(children.Address));
  const token = only(children.Name);
  return { kind: 'name', text: token.image, span: spanOf(context.source, token) };
}
