// Generated from grammar.ts by `npm run generate`; do not edit.
import type { CstNode, ICstVisitor, IToken } from "chevrotain";

export interface FileCstNode extends CstNode {
  name: "file";
  children: FileCstChildren;
}

export type FileCstChildren = {
  item?: ItemCstNode[];
};

export interface ItemCstNode extends CstNode {
  name: "item";
  children: ItemCstChildren;
}

export type ItemCstChildren = {
  moduleItem?: ModuleItemCstNode[];
  namespaceItem?: NamespaceItemCstNode[];
  importItem?: ImportItemCstNode[];
  declaration?: DeclarationCstNode[];
  policy?: PolicyCstNode[];
  test?: TestCstNode[];
  foreignItem?: ForeignItemCstNode[];
  annotation?: AnnotationCstNode[];
};

export interface ModuleItemCstNode extends CstNode {
  name: "moduleItem";
  children: ModuleItemCstChildren;
}

export type ModuleItemCstChildren = {
  ModuleWord: IToken[];
  Name: IToken[];
};

export interface NamespaceItemCstNode extends CstNode {
  name: "namespaceItem";
  children: NamespaceItemCstChildren;
}

export type NamespaceItemCstChildren = {
  NamespaceWord: IToken[];
  Text: IToken[];
};

export interface ImportItemCstNode extends CstNode {
  name: "importItem";
  children: ImportItemCstChildren;
}

export type ImportItemCstChildren = {
  ImportWord: IToken[];
  Name: IToken[];
  Comma?: IToken[];
  FromWord: IToken[];
  Text: IToken[];
};

export interface DeclarationCstNode extends CstNode {
  name: "declaration";
  children: DeclarationCstChildren;
}

export type DeclarationCstChildren = {
  PrivateWord?: IToken[];
  WorkloadWord?: IToken[];
  NetworkWord?: IToken[];
  PortWord?: IToken[];
  Word: IToken[];
  Equals: IToken[];
  expression: ExpressionCstNode[];
};

export interface ForeignItemCstNode extends CstNode {
  name: "foreignItem";
  children: ForeignItemCstChildren;
}

export type ForeignItemCstChildren = {
  PrivateWord?: IToken[];
  Name: IToken[];
  loose?: LooseCstNode[];
};

export interface AnnotationCstNode extends CstNode {
  name: "annotation";
  children: AnnotationCstChildren;
}

export type AnnotationCstChildren = {
  Annotation: IToken[];
  Word: IToken[];
  LParen?: IToken[];
  loose?: LooseCstNode[];
  RParen?: IToken[];
};

export interface LooseCstNode extends CstNode {
  name: "loose";
  children: LooseCstChildren;
}

export type LooseCstChildren = {
  LCurly?: IToken[];
  loose?: (LooseCstNode)[];
  RCurly?: IToken[];
  LSquare?: IToken[];
  RSquare?: IToken[];
  LParen?: IToken[];
  RParen?: IToken[];
  Loose?: IToken[];
};

export interface PolicyCstNode extends CstNode {
  name: "policy";
  children: PolicyCstChildren;
}

export type PolicyCstChildren = {
  PolicyWord: IToken[];
  Word: IToken[];
  ForWord: IToken[];
  expression: ExpressionCstNode[];
  operand?: OperandCstNode[];
  annotation?: (AnnotationCstNode)[];
  LCurly: IToken[];
  section?: SectionCstNode[];
  RCurly: IToken[];
};

export interface SectionCstNode extends CstNode {
  name: "section";
  children: SectionCstChildren;
}

export type SectionCstChildren = {
  Name: IToken[];
  LCurly: IToken[];
  entry?: EntryCstNode[];
  RCurly: IToken[];
};

export interface EntryCstNode extends CstNode {
  name: "entry";
  children: EntryCstChildren;
}

export type EntryCstChildren = {
  defaultEntry?: DefaultEntryCstNode[];
  annotation?: AnnotationCstNode[];
  rule?: RuleCstNode[];
};

export interface DefaultEntryCstNode extends CstNode {
  name: "defaultEntry";
  children: DefaultEntryCstChildren;
}

export type DefaultEntryCstChildren = {
  DefaultWord: IToken[];
  operand?: OperandCstNode[];
};

export interface RuleCstNode extends CstNode {
  name: "rule";
  children: RuleCstChildren;
}

export type RuleCstChildren = {
  Name: IToken[];
  rulePart?: RulePartCstNode[];
};

export interface RulePartCstNode extends CstNode {
  name: "rulePart";
  children: RulePartCstChildren;
}

export type RulePartCstChildren = {
  peerPart?: PeerPartCstNode[];
  atPart?: AtPartCstNode[];
  block?: BlockCstNode[];
  operand?: OperandCstNode[];
  annotation?: AnnotationCstNode[];
};

export interface PeerPartCstNode extends CstNode {
  name: "peerPart";
  children: PeerPartCstChildren;
}

export type PeerPartCstChildren = {
  FromWord?: IToken[];
  ToWord?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface AtPartCstNode extends CstNode {
  name: "atPart";
  children: AtPartCstChildren;
}

export type AtPartCstChildren = {
  AtWord: IToken[];
  expression?: ExpressionCstNode[];
};

export interface BlockCstNode extends CstNode {
  name: "block";
  children: BlockCstChildren;
}

export type BlockCstChildren = {
  Name: IToken[];
  LCurly: IToken[];
  Semicolon?: IToken[];
  Comma?: IToken[];
  line?: LineCstNode[];
  RCurly: IToken[];
};

export interface LineCstNode extends CstNode {
  name: "line";
  children: LineCstChildren;
}

export type LineCstChildren = {
  lineOperand: (LineOperandCstNode)[];
};

export interface LineOperandCstNode extends CstNode {
  name: "lineOperand";
  children: LineOperandCstChildren;
}

export type LineOperandCstChildren = {
  Word?: IToken[];
  Text?: IToken[];
  NumberLiteral?: IToken[];
  Address?: IToken[];
  Equals?: IToken[];
  operandList?: OperandListCstNode[];
};

export interface OperandCstNode extends CstNode {
  name: "operand";
  children: OperandCstChildren;
}

export type OperandCstChildren = {
  Name?: IToken[];
  Text?: IToken[];
  NumberLiteral?: IToken[];
  Address?: IToken[];
  operandList?: OperandListCstNode[];
};

export interface OperandListCstNode extends CstNode {
  name: "operandList";
  children: OperandListCstChildren;
}

export type OperandListCstChildren = {
  LSquare: IToken[];
  operand?: (OperandCstNode)[];
  Comma?: (IToken)[];
  RSquare: IToken[];
};

export interface ExpressionCstNode extends CstNode {
  name: "expression";
  children: ExpressionCstChildren;
}

export type ExpressionCstChildren = {
  unary: (UnaryCstNode)[];
  AndWord?: IToken[];
  OrWord?: IToken[];
  ExceptWord?: IToken[];
};

export interface UnaryCstNode extends CstNode {
  name: "unary";
  children: UnaryCstChildren;
}

export type UnaryCstChildren = {
  NotWord?: IToken[];
  primary: PrimaryCstNode[];
};

export interface PrimaryCstNode extends CstNode {
  name: "primary";
  children: PrimaryCstChildren;
}

export type PrimaryCstChildren = {
  LParen?: IToken[];
  expression?: ExpressionCstNode[];
  RParen?: IToken[];
  selector?: SelectorCstNode[];
  list?: ListCstNode[];
  range?: RangeCstNode[];
  Address?: IToken[];
  Text?: IToken[];
  term?: TermCstNode[];
};

export interface RangeCstNode extends CstNode {
  name: "range";
  children: RangeCstChildren;
}

export type RangeCstChildren = {
  NumberLiteral: (IToken)[];
  Minus?: IToken[];
};

export interface ListCstNode extends CstNode {
  name: "list";
  children: ListCstChildren;
}

export type ListCstChildren = {
  LSquare: IToken[];
  expression?: (ExpressionCstNode)[];
  Comma?: (IToken)[];
  RSquare: IToken[];
};

export interface TermCstNode extends CstNode {
  name: "term";
  children: TermCstChildren;
}

export type TermCstChildren = {
  Name: IToken[];
  Dot?: IToken[];
  Word?: IToken[];
  value?: ValueCstNode[];
  CodeWord?: IToken[];
  NumberLiteral?: IToken[];
};

export interface ValueCstNode extends CstNode {
  name: "value";
  children: ValueCstChildren;
}

export type ValueCstChildren = {
  range?: RangeCstNode[];
  Text?: IToken[];
  list?: ListCstNode[];
  Name?: IToken[];
};

export interface SelectorCstNode extends CstNode {
  name: "selector";
  children: SelectorCstChildren;
}

export type SelectorCstChildren = {
  LCurly: IToken[];
  labelTest?: (LabelTestCstNode)[];
  Comma?: (IToken)[];
  RCurly: IToken[];
  InWord?: IToken[];
  Word?: IToken[];
  labelValue?: LabelValueCstNode[];
};

export interface LabelTestCstNode extends CstNode {
  name: "labelTest";
  children: LabelTestCstChildren;
}

export type LabelTestCstChildren = {
  Word?: IToken[];
  Text?: IToken[];
  Colon: IToken[];
  labelValue: LabelValueCstNode[];
};

export interface LabelValueCstNode extends CstNode {
  name: "labelValue";
  children: LabelValueCstChildren;
}

export type LabelValueCstChildren = {
  Name?: IToken[];
  NotWord?: IToken[];
  InWord?: IToken[];
  Text?: IToken[];
  Address?: IToken[];
  range?: RangeCstNode[];
  list?: ListCstNode[];
};

export interface TestCstNode extends CstNode {
  name: "test";
  children: TestCstChildren;
}

export type TestCstChildren = {
  TestWord: IToken[];
  Text: IToken[];
  LCurly: IToken[];
  testLine?: TestLineCstNode[];
  RCurly: IToken[];
};

export interface TestLineCstNode extends CstNode {
  name: "testLine";
  children: TestLineCstChildren;
}

export type TestLineCstChildren = {
  endpoint: (EndpointCstNode)[];
  Arrow?: IToken[];
  term?: TermCstNode[];
  operand?: OperandCstNode[];
  IsWord: IToken[];
  Name: IToken[];
  ByWord?: IToken[];
  Word?: IToken[];
};

export interface EndpointCstNode extends CstNode {
  name: "endpoint";
  children: EndpointCstChildren;
}

export type EndpointCstChildren = {
  Name?: IToken[];
  Text?: IToken[];
  Address?: IToken[];
  selector?: SelectorCstNode[];
};
