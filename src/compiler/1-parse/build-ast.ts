// Syntax tree -> Ast for items: declarations, policies, tests. The one place that tells the type checker what the
// parser returned.
import type { CstNode, IToken } from 'chevrotain';
import type { Line } from '../domains/domain.ts';
import type {
  DeclarationAst,
  DeclarationKind,
  Entry,
  FileAst,
  ImportAst,
  Name,
  PolicyAst,
  RulePart,
  SectionAst,
  TestAst,
  TestLine,
} from '../ir/ast.ts';
import { type Context, endpoint, expression, name, nodeSpan, only, operand, term, text } from './build-expression.ts';
import type {
  AnnotationCstNode,
  BlockCstNode,
  DeclarationCstNode,
  EntryCstNode,
  FileCstNode,
  ForeignItemCstNode,
  ImportItemCstNode,
  ItemCstNode,
  LineCstNode,
  PolicyCstNode,
  RulePartCstNode,
  SectionCstNode,
  TestCstNode,
  TestLineCstNode,
} from './cst.generated.ts';
import { spanOf } from './items.ts';

type Growing<T> = { readonly [Key in keyof T]: T[Key] extends readonly (infer Element)[] ? Element[] : T[Key] };
/** The lists of a FileAst while items are added to them. */
export type GrowingFile = Growing<Omit<FileAst, 'unread' | 'isWhole'>> & { readonly unread: Set<string> };

/** Adds the items of a tree that the parser returned for the rule `file`. */
export function addItems(context: Context, tree: CstNode, file: GrowingFile): void {
  const { children } = tree as FileCstNode;
  for (const item of children.item ?? []) addItem(context, item, file);
}

function addItem(context: Context, { children }: ItemCstNode, file: GrowingFile): void {
  for (const node of children.moduleItem ?? []) file.modules.push(name(context, only(node.children.Name)));
  for (const node of children.namespaceItem ?? []) file.namespaces.push(text(context, only(node.children.Text)));
  for (const node of children.importItem ?? []) file.imports.push(importItem(context, node));
  for (const node of children.declaration ?? []) file.declarations.push(declaration(context, node));
  for (const node of children.policy ?? []) file.policies.push(policy(context, node, file));
  for (const node of children.test ?? []) file.tests.push(test(context, node));
  for (const node of children.foreignItem ?? []) addForeign(context, node, file);
  for (const node of children.annotation ?? []) file.foreign.push({ word: annotation(context, node), annotation: true });
}

const importItem = (context: Context, node: ImportItemCstNode): ImportAst => ({
  names: node.children.Name.map((token) => name(context, token)),
  from: text(context, only(node.children.Text)),
  span: nodeSpan(context, node),
});

/** An item of an unknown form declares, as far as anyone can tell, its second word. */
function addForeign(context: Context, { children }: ForeignItemCstNode, file: GrowingFile): void {
  file.foreign.push({ word: name(context, only(children.Name)), annotation: false });
  const declared = children.loose?.[0]?.children.Loose?.[0];
  if (declared) file.unread.add(declared.image);
}

/** The word of an annotation, with its `@`. */
const annotation = ({ source }: Context, { children }: AnnotationCstNode): Name => {
  const word = only(children.Word);
  return { text: word.image, span: spanOf(source, only(children.Annotation), word) };
};

const kindOf = ({ children }: DeclarationCstNode): DeclarationKind =>
  children.WorkloadWord ? 'workload' : children.NetworkWord ? 'network' : 'port';

const declaration = (context: Context, node: DeclarationCstNode): DeclarationAst => ({
  kind: kindOf(node),
  name: name(context, only(node.children.Word)),
  isPrivate: node.children.PrivateWord !== undefined,
  value: expression(context, only(node.children.expression)),
  span: nodeSpan(context, node),
});

function policy(context: Context, node: PolicyCstNode, file: GrowingFile): PolicyAst {
  const { children } = node;
  for (const one of children.annotation ?? []) file.foreign.push({ word: annotation(context, one), annotation: true });
  return {
    name: name(context, only(children.Word)),
    subject: expression(context, only(children.expression)),
    attributes: (children.operand ?? []).map((one) => operand(context, one)),
    sections: (children.section ?? []).map((one) => section(context, one)),
    span: nodeSpan(context, node),
  };
}

const section = (context: Context, node: SectionCstNode): SectionAst => ({
  name: name(context, only(node.children.Name)),
  entries: (node.children.entry ?? []).map((one) => entry(context, one)),
  span: nodeSpan(context, node),
});

function entry(context: Context, node: EntryCstNode): Entry {
  const { children } = node;
  const span = nodeSpan(context, node);
  if (children.annotation) return { kind: 'annotation', name: annotation(context, only(children.annotation)), span };
  if (children.defaultEntry) {
    const operands = (only(children.defaultEntry).children.operand ?? []).map((one) => operand(context, one));
    return { kind: 'default', operands, span };
  }
  const rule = only(children.rule).children;
  return { kind: 'rule', action: name(context, only(rule.Name)), parts: (rule.rulePart ?? []).map((one) => rulePart(context, one)), span };
}

function rulePart(context: Context, node: RulePartCstNode): RulePart {
  const { peerPart, atPart, block: blocks, operand: operands, annotation: annotations } = node.children;
  const span = nodeSpan(context, node);
  if (peerPart) {
    const { FromWord, expression: peers } = only(peerPart).children;
    return { kind: 'peer', direction: FromWord ? 'from' : 'to', peers: expression(context, only(peers)), span };
  }
  if (atPart) return { kind: 'at', transport: expression(context, only(only(atPart).children.expression)), span };
  if (blocks) return { ...block(context, only(blocks)), span };
  if (annotations) return { kind: 'annotation', name: annotation(context, only(annotations)), span };
  return { kind: 'operand', operand: operand(context, only(operands)), span };
}

const block = (context: Context, node: BlockCstNode): { kind: 'block'; name: Name; lines: readonly Line[] } => ({
  kind: 'block',
  name: name(context, only(node.children.Name)),
  lines: (node.children.line ?? []).map((one) => line(context, one)),
});

const line = (context: Context, node: LineCstNode): Line => ({
  operands: node.children.lineOperand.map((one) => operand(context, one)),
  span: nodeSpan(context, node),
});

const test = (context: Context, node: TestCstNode): TestAst => ({
  name: text(context, only(node.children.Text)),
  lines: (node.children.testLine ?? []).map((one) => testLine(context, one)),
  span: nodeSpan(context, node),
});

/** The word after `by`, if there is one. */
const optionalName = (context: Context, tokens: readonly IToken[] | undefined): { by?: Name } =>
  tokens ? { by: name(context, only(tokens)) } : {};

function testLine(context: Context, node: TestLineCstNode): TestLine {
  const { endpoint: ends, term: terms, operand: operands = [], Name: verdicts, Word: by } = node.children;
  const destination = ends[1];
  return {
    subject: endpoint(context, only(ends)),
    ...(destination ? { flow: { destination: endpoint(context, destination), transport: term(context, only(terms)) } } : {}),
    operands: operands.map((one) => operand(context, one)),
    verdict: name(context, only(verdicts)),
    ...optionalName(context, by),
    span: nodeSpan(context, node),
  };
}
