// The grammar of items, pure: which texts have the form of a policy file. It is closed; words are open (`WORD { LINES }`,
// `ACTION OPERANDS`), and 2-resolve says which there are. What stands inside items is read by operands.ts and expressions.ts.
import type { ILookaheadStrategy, IToken } from 'chevrotain';
import type { SourceText } from '../base/source.ts';
import type { Operand } from '../domains/domain.ts';
import {
  type AnnotationAst,
  type DeclarationKind,
  declarationKinds,
  type EndAst,
  type Expr,
  type FileAst,
  type Name,
  type RulesAst,
  type SectionAst,
  type ServicePortAst,
  type StatementAst,
  type TestLine,
  type UseAst,
} from '../ir/ast.ts';
import type { Alternatives, Finding } from './operands.ts';
import { type OpenBlock, SectionParser } from './sections.ts';
import * as t from './tokens.ts';

type Growing<T> = { readonly [Key in keyof T]: T[Key] extends readonly (infer Element)[] ? Element[] : T[Key] };
/** The lists of a FileAst while items are added to them. */
export type Items = Growing<Omit<FileAst, 'source' | 'unread' | 'isWhole'>>;
export const noItems = (): Items => ({
  modules: [],
  namespaces: [],
  clusters: [],
  imports: [],
  declarations: [],
  rules: [],
  annotationTypes: [],
  policies: [],
  tests: [],
  invariants: [],
  services: [],
  annotations: [],
});

/** Whose annotations those before an item are. */
type Annotated = 'item' | 'file' | 'nothing';
/** `blocks`: those that were open at the mistake, if there is one; outermost first. */
export type Attempt = { readonly items: Items; readonly findings: readonly Finding[]; readonly blocks: readonly OpenBlock[] };

export class PolicyParser extends SectionParser {
  private items = noItems();
  private annotations: readonly AnnotationAst[] = [];
  private itemsBefore = 0;

  constructor(lookahead?: ILookaheadStrategy) {
    super(lookahead);
    this.performSelfAnalysis();
  }

  /** Reads one or more items; mistakes of form are in `errors` then. `isFirst`: nothing stands before them in the file. */
  attempt(source: SourceText, tokens: IToken[], isFirst: boolean): Attempt {
    this.input = tokens;
    this.source = source;
    this.items = noItems();
    this.findings = [];
    this.blocks = [];
    this.itemsBefore = isFirst ? 0 : 1;
    this.isTest = false;
    this.isInvariant = false;
    this.isProcess = false;
    this.file();
    return { items: this.items, findings: this.findings, blocks: this.blocks };
  }

  readonly file = this.RULE('file', (): void => {
    this.MANY(() => this.SUBRULE(this.item));
  });

  private readonly itemForms: Alternatives<Annotated> = [
    { ALT: () => this.SUBRULE(this.moduleItem) },
    { ALT: () => this.SUBRULE(this.namespaceItem) },
    { ALT: () => this.SUBRULE(this.clusterItem) },
    { ALT: () => this.SUBRULE(this.importItem) },
    { ALT: () => this.SUBRULE(this.declaration) },
    { ALT: () => this.SUBRULE(this.rulesItem) },
    { ALT: () => this.SUBRULE(this.annotationType) },
    { ALT: () => this.SUBRULE(this.policy) },
    { ALT: () => this.SUBRULE(this.test) },
    { ALT: () => this.SUBRULE(this.invariant) },
    { ALT: () => this.SUBRULE(this.serviceItem) },
  ];

  readonly item = this.RULE('item', (): void => {
    const annotations: AnnotationAst[] = [];
    this.MANY(() => void annotations.push(this.SUBRULE(this.annotation)));
    this.annotations = annotations;
    const word = this.LA(1);
    const annotated = this.OR(this.itemForms);
    if (annotated === 'file' && this.itemsBefore === 0) this.items.annotations.push(...annotations);
    else if (annotated !== 'item' && annotations.length > 0) this.expected('a declaration, `rules` or `policy` behind annotations', word);
    this.itemsBefore++;
  });

  readonly moduleItem = this.RULE('moduleItem', (): Annotated => {
    this.CONSUME(t.Module);
    this.items.modules.push(this.nameOf(this.CONSUME(t.Name)));
    return 'file';
  });

  readonly namespaceItem = this.RULE('namespaceItem', (): Annotated => {
    this.CONSUME(t.Namespace);
    this.items.namespaces.push(this.textOf(this.CONSUME(t.Text)));
    return 'file';
  });

  readonly clusterItem = this.RULE('clusterItem', (): Annotated => {
    this.CONSUME(t.Cluster);
    this.items.clusters.push(this.textOf(this.CONSUME(t.Text)));
    return 'file';
  });

  readonly importItem = this.RULE('importItem', (): Annotated => {
    const first = this.CONSUME(t.Import);
    const names: Name[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => void names.push(this.nameOf(this.CONSUME(t.Name))),
    });
    this.CONSUME(t.From);
    const from = this.textOf(this.CONSUME(t.Text));
    this.items.imports.push({ names, from, span: this.spanFrom(first) });
    return 'file';
  });

  private readonly kindWords: Alternatives<IToken> = [
    { ALT: () => this.CONSUME(t.Workload) },
    { ALT: () => this.CONSUME(t.Network) },
    { ALT: () => this.CONSUME(t.Port) },
    { ALT: () => this.CONSUME(t.Domain) },
    { ALT: () => this.CONSUME(t.Path) },
    { ALT: () => this.CONSUME(t.Binary) },
    { ALT: () => this.CONSUME(t.List) },
  ];

  readonly declaration = this.RULE('declaration', (): Annotated => {
    const { annotations } = this;
    const first = this.LA(1);
    const isPrivate = this.OPTION(() => this.CONSUME(t.Private)) !== undefined;
    const kind = kindOf(this.OR(this.kindWords));
    const name = this.nameOf(this.CONSUME(t.Word));
    this.CONSUME(t.Equals);
    const value = this.SUBRULE(this.expression);
    this.items.declarations.push({ kind, name, isPrivate, value, annotations, span: this.spanFrom(first) });
    return 'item';
  });

  readonly rulesItem = this.RULE('rulesItem', (): Annotated => {
    const { annotations } = this;
    const first = this.LA(1);
    const isPrivate = this.OPTION(() => this.CONSUME(t.Private)) !== undefined;
    this.CONSUME(t.Rules);
    const name = this.nameOf(this.CONSUME(t.Word));
    this.CONSUME(t.LParen);
    const parameters: RulesAst['parameters'][number][] = [];
    this.MANY_SEP({
      SEP: t.Comma,
      DEF: () => void parameters.push(this.SUBRULE(this.parameter)),
    });
    this.CONSUME(t.RParen);
    this.open();
    const sections: SectionAst[] = [];
    this.MANY(() => void sections.push(this.SUBRULE(this.section)));
    this.close();
    this.items.rules.push({ name, isPrivate, parameters, sections, annotations, span: this.spanFrom(first) });
    return 'item';
  });

  readonly parameter = this.RULE('parameter', (): RulesAst['parameters'][number] => {
    const name = this.nameOf(this.CONSUME1(t.Name));
    this.CONSUME(t.Colon);
    return { name, type: this.nameOf(this.CONSUME2(t.Word)) };
  });

  readonly annotationType = this.RULE('annotationType', (): Annotated => {
    const first = this.CONSUME(t.AnnotationWord);
    const name = this.nameOf(this.CONSUME(t.Word));
    this.CONSUME(t.Equals);
    const words: Name[] = [];
    this.AT_LEAST_ONE(() => void words.push(this.nameOf(this.CONSUME(t.Name))));
    const operand = this.OPTION(() => this.SUBRULE(this.list));
    this.items.annotationTypes.push({ name, words, ...(operand ? { operand } : {}), span: this.spanFrom(first) });
    return 'nothing';
  });

  readonly policy = this.RULE('policy', (): Annotated => {
    const annotations = [...this.annotations];
    const first = this.CONSUME(t.Policy);
    const name = this.nameOf(this.CONSUME(t.Word));
    this.CONSUME(t.For);
    const subject = this.SUBRULE(this.expression);
    const attributes: Operand[] = [];
    const uses: UseAst[] = [];
    const sections: SectionAst[] = [];
    this.MANY1(() =>
      this.OR1<unknown>([
        { ALT: () => attributes.push(this.SUBRULE(this.operand)) },
        { ALT: () => annotations.push(this.SUBRULE1(this.annotation)) },
      ]),
    );
    this.open();
    this.MANY2(() =>
      this.OR2<unknown>([
        { ALT: () => uses.push(this.SUBRULE(this.use)) },
        { ALT: () => sections.push(this.SUBRULE(this.section)) },
        { ALT: () => annotations.push(this.SUBRULE2(this.annotation)) },
      ]),
    );
    this.close();
    this.items.policies.push({ name, subject, attributes, uses, sections, annotations, span: this.spanFrom(first) });
    return 'item';
  });

  readonly use = this.RULE('use', (): UseAst => {
    const first = this.CONSUME(t.Use);
    const name = this.nameOf(this.CONSUME(t.Name));
    const values: Expr[] = [];
    this.CONSUME(t.LParen);
    this.MANY_SEP({
      SEP: t.Comma,
      DEF: () => void values.push(this.SUBRULE(this.expression)),
    });
    this.CONSUME(t.RParen);
    return { name, arguments: values, span: this.spanFrom(first) };
  });

  readonly test = this.RULE('test', (): Annotated => {
    const first = this.CONSUME(t.Test);
    const name = this.textOf(this.CONSUME(t.Text));
    this.isTest = true;
    this.open(true);
    const lines: TestLine[] = [];
    this.MANY(() => void lines.push(this.SUBRULE(this.testLine)));
    this.close();
    this.isTest = false;
    this.items.tests.push({ name, lines, span: this.spanFrom(first) });
    return 'nothing';
  });

  readonly testLine = this.RULE('testLine', (): TestLine => {
    const first = this.LA(1);
    const subject = this.SUBRULE1(this.end);
    const flow = this.OPTION1(() => {
      this.CONSUME(t.Arrow);
      return { destination: this.SUBRULE2(this.end), transport: this.SUBRULE(this.term) };
    });
    const operands: Operand[] = [];
    this.MANY({ GATE: this.onSameLine, DEF: () => void operands.push(this.SUBRULE(this.eventOperand)) });
    this.CONSUME(t.Is);
    const verdict = this.nameOf(this.CONSUME1(t.Name));
    const by = this.OPTION2(() => {
      this.CONSUME(t.By);
      return this.nameOf(this.CONSUME(t.Word));
    });
    const rule = this.OPTION3({ GATE: () => by !== undefined && this.onSameLine(), DEF: () => this.textOf(this.CONSUME(t.Text)) });
    const decided = { ...(by ? { by } : {}), ...(rule ? { rule } : {}) };
    return { subject, ...(flow ? { flow } : {}), operands, verdict, ...decided, span: this.spanFrom(first) };
  });

  /** One end of an event, and the names that are known for its address. */
  readonly end = this.RULE('end', (): EndAst => {
    const what = this.SUBRULE(this.endpoint);
    const names = this.OPTION(() => {
      this.CONSUME(t.Named);
      return this.SUBRULE(this.operand);
    });
    return names ? { what, names } : { what };
  });

  private readonly endpoints: Alternatives<Expr> = [
    { ALT: () => this.SUBRULE(this.reference) },
    { ALT: () => this.textOf(this.CONSUME(t.Text)) },
    { ALT: () => this.literalOf(this.CONSUME(t.Literal)) },
    { ALT: () => this.SUBRULE(this.selector) },
    { ALT: () => this.SUBRULE(this.parentheses) },
  ];

  readonly endpoint = this.RULE('endpoint', (): Expr => this.OR(this.endpoints));

  readonly invariant = this.RULE('invariant', (): Annotated => {
    const first = this.CONSUME(t.Invariant);
    const name = this.textOf(this.CONSUME(t.Text));
    this.isInvariant = true;
    this.open();
    const statements: StatementAst[] = [];
    this.MANY(() => void statements.push(this.SUBRULE(this.statement)));
    this.close();
    this.isInvariant = false;
    this.items.invariants.push({ name, statements, span: this.spanFrom(first) });
    return 'nothing';
  });

  readonly serviceItem = this.RULE('serviceItem', (): Annotated => {
    const { annotations } = this;
    const first = this.CONSUME(t.Service);
    const name = this.nameOf(this.CONSUME(t.Word));
    this.CONSUME(t.For);
    const backends = this.SUBRULE1(this.expression);
    this.CONSUME(t.At);
    const addresses = this.SUBRULE2(this.expression);
    const attributes: Operand[] = [];
    this.MANY1(() => void attributes.push(this.SUBRULE(this.operand)));
    this.open();
    const ports: ServicePortAst[] = [];
    this.MANY2(() => void ports.push(this.SUBRULE(this.servicePort)));
    this.close();
    this.items.services.push({ name, backends, addresses, attributes, ports, annotations, span: this.spanFrom(first) });
    return 'item';
  });

  readonly servicePort = this.RULE('servicePort', (): ServicePortAst => {
    const first = this.LA(1);
    const transport = this.SUBRULE(this.term);
    const target = this.OPTION(() => {
      this.CONSUME(t.To);
      return this.SUBRULE(this.value);
    });
    return { transport, ...(target ? { target } : {}), span: this.spanFrom(first) };
  });

  readonly statement = this.RULE('statement', (): StatementAst => {
    const quantifier = this.CONSUME(t.Name);
    const subject = this.SUBRULE1(this.expression);
    this.CONSUME(t.Can);
    const verb = this.nameOf(this.CONSUME(t.Word));
    const object = this.OPTION1({ GATE: () => verb.text === 'reach', DEF: () => this.SUBRULE2(this.expression) });
    const transport = this.OPTION2(() => this.SUBRULE(this.atPart).transport);
    const block = this.OPTION3({ GATE: this.onSameLine, DEF: () => this.SUBRULE(this.block) });
    const operands: Operand[] = [];
    this.MANY({ GATE: this.onSameLine, DEF: () => void operands.push(this.SUBRULE(this.eventOperand)) });
    const reached = { ...(object ? { object } : {}), ...(transport ? { transport } : {}), ...(block ? { block } : {}) };
    return { quantifier: this.nameOf(quantifier), subject, verb, ...reached, operands, span: this.spanFrom(quantifier) };
  });
}

const kindOf = ({ image }: IToken): DeclarationKind => declarationKinds.find((kind) => kind === image) ?? 'list';
