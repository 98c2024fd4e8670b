// The grammar, pure: which texts have the form of a policy file. It is closed; words are open (`WORD { LINES }`,
// `ACTION OPERANDS`), and 2-resolve says which there are. Two things depend on line ends: where a line of a block ends,
// and that a bare operand belongs to the rule whose line it stands on.
import { CstParser, EOF, type IOrAlt, tokenMatcher } from 'chevrotain';
import { syntaxMessages } from './syntax-messages.ts';
import * as t from './tokens.ts';

/** Of the rules that most of a text consists of; made once, for one made at each visit costs more than the visit. */
type Alternatives = IOrAlt<unknown>[];

export class PolicyParser extends CstParser {
  constructor() {
    super(t.vocabulary, { maxLookahead: 2, nodeLocationTracking: 'onlyOffset', errorMessageProvider: syntaxMessages });
    this.performSelfAnalysis();
  }

  /** Does the next token stand on the line of the one before? */
  private readonly onSameLine = (): boolean => this.LA(1).startLine === this.LA(0).startLine;

  private readonly partFollows = (): boolean => {
    const next = this.LA(1).tokenType;
    return next === t.From || next === t.To || next === t.At || this.LA(2).tokenType === t.LCurly || this.onSameLine();
  };

  /** A value follows a protocol; a type name follows only `icmp` and `icmpv6`. */
  private readonly valueFollows = (): boolean => {
    if (!tokenMatcher(this.LA(1), t.Name)) return true;
    const protocol = this.LA(0).tokenType;
    return (protocol === t.Icmp || protocol === t.Icmpv6) && this.onSameLine() && this.LA(2).tokenType !== t.LCurly;
  };

  readonly file = this.RULE('file', () => {
    this.MANY(() => this.SUBRULE(this.item));
  });

  readonly item = this.RULE('item', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.moduleItem) },
      { ALT: () => this.SUBRULE(this.namespaceItem) },
      { ALT: () => this.SUBRULE(this.importItem) },
      { ALT: () => this.SUBRULE(this.declaration) },
      { ALT: () => this.SUBRULE(this.policy) },
      { ALT: () => this.SUBRULE(this.test) },
      { ALT: () => this.SUBRULE(this.foreignItem) },
      { ALT: () => this.SUBRULE(this.annotation) },
    ]);
  });

  readonly moduleItem = this.RULE('moduleItem', () => {
    this.CONSUME(t.Module);
    this.CONSUME(t.Name);
  });

  readonly namespaceItem = this.RULE('namespaceItem', () => {
    this.CONSUME(t.Namespace);
    this.CONSUME(t.Text);
  });

  readonly importItem = this.RULE('importItem', () => {
    this.CONSUME(t.Import);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.CONSUME(t.Name) });
    this.CONSUME(t.From);
    this.CONSUME(t.Text);
  });

  readonly declaration = this.RULE('declaration', () => {
    this.OPTION(() => this.CONSUME(t.Private));
    this.OR([{ ALT: () => this.CONSUME(t.Workload) }, { ALT: () => this.CONSUME(t.Network) }, { ALT: () => this.CONSUME(t.Port) }]);
    this.CONSUME(t.Word);
    this.CONSUME(t.Equals);
    this.SUBRULE(this.expression);
  });

  /** A top-level item of an unknown form: its line, with every bracket that opens on it. */
  readonly foreignItem = this.RULE('foreignItem', () => {
    this.OPTION(() => this.CONSUME(t.Private));
    this.CONSUME(t.Name);
    this.MANY({ GATE: this.onSameLine, DEF: () => this.SUBRULE(this.loose) });
  });

  readonly annotation = this.RULE('annotation', () => {
    this.CONSUME(t.Annotation);
    this.CONSUME(t.Word);
    this.OPTION(() => {
      this.CONSUME(t.LParen);
      this.MANY(() => this.SUBRULE(this.loose));
      this.CONSUME(t.RParen);
    });
  });

  readonly loose = this.RULE('loose', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.LCurly);
          this.MANY1(() => this.SUBRULE1(this.loose));
          this.CONSUME(t.RCurly);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.LSquare);
          this.MANY2(() => this.SUBRULE2(this.loose));
          this.CONSUME(t.RSquare);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.LParen);
          this.MANY3(() => this.SUBRULE3(this.loose));
          this.CONSUME(t.RParen);
        },
      },
      { ALT: () => this.CONSUME(t.Loose) },
    ]);
  });

  readonly policy = this.RULE('policy', () => {
    this.CONSUME(t.Policy);
    this.CONSUME(t.Word);
    this.CONSUME(t.For);
    this.SUBRULE(this.expression);
    this.MANY1(() => this.OR1([{ ALT: () => this.SUBRULE(this.operand) }, { ALT: () => this.SUBRULE1(this.annotation) }]));
    this.CONSUME(t.LCurly);
    this.MANY2(() => this.OR2([{ ALT: () => this.SUBRULE(this.section) }, { ALT: () => this.SUBRULE2(this.annotation) }]));
    this.CONSUME(t.RCurly);
  });

  readonly section = this.RULE('section', () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.LCurly);
    this.MANY(() => this.SUBRULE(this.entry));
    this.CONSUME(t.RCurly);
  });

  private readonly entries: Alternatives = [
    { ALT: () => this.SUBRULE(this.defaultEntry) },
    { ALT: () => this.SUBRULE(this.annotation) },
    { ALT: () => this.SUBRULE(this.rule) },
  ];

  readonly entry = this.RULE('entry', () => {
    this.OR(this.entries);
  });

  readonly defaultEntry = this.RULE('defaultEntry', () => {
    this.CONSUME(t.Default);
    this.MANY({ GATE: this.onSameLine, DEF: () => this.SUBRULE(this.operand) });
  });

  readonly rule = this.RULE('rule', () => {
    this.CONSUME(t.Name);
    this.MANY({ GATE: this.partFollows, DEF: () => this.SUBRULE(this.rulePart) });
  });

  private readonly ruleParts: Alternatives = [
    { ALT: () => this.SUBRULE(this.peerPart) },
    { ALT: () => this.SUBRULE(this.atPart) },
    { ALT: () => this.SUBRULE(this.block) },
    { ALT: () => this.SUBRULE(this.operand) },
    { ALT: () => this.SUBRULE(this.annotation) },
  ];

  readonly rulePart = this.RULE('rulePart', () => {
    this.OR(this.ruleParts);
  });

  private readonly peerWords: Alternatives = [{ ALT: () => this.CONSUME(t.From) }, { ALT: () => this.CONSUME(t.To) }];

  private readonly peers: Alternatives = [{ GATE: this.onSameLine, ALT: () => this.SUBRULE(this.expression) }];

  readonly peerPart = this.RULE('peerPart', () => {
    this.OR1(this.peerWords);
    this.OR2(this.peers);
  });

  private readonly transports: Alternatives = [{ GATE: this.onSameLine, ALT: () => this.SUBRULE(this.expression) }];

  readonly atPart = this.RULE('atPart', () => {
    this.CONSUME(t.At);
    this.OR(this.transports);
  });

  readonly block = this.RULE('block', () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.LCurly);
    this.MANY(() =>
      this.OR([{ ALT: () => this.CONSUME(t.Semicolon) }, { ALT: () => this.CONSUME(t.Comma) }, { ALT: () => this.SUBRULE(this.line) }]),
    );
    this.CONSUME(t.RCurly);
  });

  readonly line = this.RULE('line', () => {
    this.SUBRULE1(this.lineOperand);
    this.MANY({ GATE: this.onSameLine, DEF: () => this.SUBRULE2(this.lineOperand) });
  });

  private readonly lineOperands: Alternatives = [
    { ALT: () => this.CONSUME(t.Word) },
    { ALT: () => this.CONSUME(t.Text) },
    { ALT: () => this.CONSUME(t.NumberLiteral) },
    { ALT: () => this.CONSUME(t.Address) },
    { ALT: () => this.CONSUME(t.Equals) },
    { ALT: () => this.SUBRULE(this.operandList) },
  ];

  /** As `operand`, and reserved words and `=` too. */
  readonly lineOperand = this.RULE('lineOperand', () => {
    this.OR(this.lineOperands);
  });

  private readonly operands: Alternatives = [
    { ALT: () => this.CONSUME(t.Name) },
    { ALT: () => this.CONSUME(t.Text) },
    { ALT: () => this.CONSUME(t.NumberLiteral) },
    { ALT: () => this.CONSUME(t.Address) },
    { ALT: () => this.SUBRULE(this.operandList) },
  ];

  readonly operand = this.RULE('operand', () => {
    this.OR(this.operands);
  });

  readonly operandList = this.RULE('operandList', () => {
    this.CONSUME(t.LSquare);
    this.OPTION(() => {
      this.SUBRULE1(this.operand);
      this.MANY({ GATE: () => this.LA(2).tokenType !== t.RSquare, DEF: () => [this.CONSUME1(t.Comma), this.SUBRULE2(this.operand)] });
      this.OPTION2(() => this.CONSUME2(t.Comma));
    });
    this.CONSUME(t.RSquare);
  });

  readonly expression = this.RULE('expression', () => {
    this.SUBRULE1(this.unary);
    this.MANY(() => {
      this.OR([{ ALT: () => this.CONSUME(t.And) }, { ALT: () => this.CONSUME(t.Or) }, { ALT: () => this.CONSUME(t.Except) }]);
      this.SUBRULE2(this.unary);
    });
  });

  readonly unary = this.RULE('unary', () => {
    this.MANY(() => this.CONSUME(t.Not));
    this.SUBRULE(this.primary);
  });

  private readonly primaries: Alternatives = [
    {
      ALT: () => {
        this.CONSUME(t.LParen);
        this.SUBRULE(this.expression);
        this.CONSUME(t.RParen);
      },
    },
    { ALT: () => this.SUBRULE(this.selector) },
    { ALT: () => this.SUBRULE(this.list) },
    { ALT: () => this.SUBRULE(this.range) },
    { ALT: () => this.CONSUME(t.Address) },
    { ALT: () => this.CONSUME(t.Text) },
    { ALT: () => this.SUBRULE(this.term) },
  ];

  readonly primary = this.RULE('primary', () => {
    this.OR(this.primaries);
  });

  readonly range = this.RULE('range', () => {
    this.CONSUME1(t.NumberLiteral);
    this.OPTION(() => {
      this.CONSUME(t.Minus);
      this.CONSUME2(t.NumberLiteral);
    });
  });

  readonly list = this.RULE('list', () => {
    this.CONSUME(t.LSquare);
    this.OPTION(() => {
      this.SUBRULE1(this.expression);
      this.MANY({ GATE: () => this.LA(2).tokenType !== t.RSquare, DEF: () => [this.CONSUME1(t.Comma), this.SUBRULE2(this.expression)] });
      this.OPTION2(() => this.CONSUME2(t.Comma));
    });
    this.CONSUME(t.RSquare);
  });

  /** A name; of a protocol, with what follows a protocol. */
  readonly term = this.RULE('term', () => {
    this.CONSUME(t.Name);
    this.MANY(() => {
      this.CONSUME(t.Dot);
      this.CONSUME(t.Word);
    });
    this.OPTION({
      GATE: this.valueFollows,
      DEF: () => {
        this.SUBRULE(this.value);
        this.OPTION2(() => {
          this.CONSUME(t.Code);
          this.CONSUME(t.NumberLiteral);
        });
      },
    });
  });

  private readonly values: Alternatives = [
    { ALT: () => this.SUBRULE(this.range) },
    { ALT: () => this.CONSUME(t.Text) },
    { ALT: () => this.SUBRULE(this.list) },
    { ALT: () => this.CONSUME(t.Name) },
  ];

  readonly value = this.RULE('value', () => {
    this.OR(this.values);
  });

  readonly selector = this.RULE('selector', () => {
    this.CONSUME(t.LCurly);
    this.OPTION1(() => {
      this.SUBRULE1(this.labelTest);
      this.MANY({ GATE: () => this.LA(2).tokenType !== t.RCurly, DEF: () => [this.CONSUME1(t.Comma), this.SUBRULE2(this.labelTest)] });
      this.OPTION2(() => this.CONSUME2(t.Comma));
    });
    this.CONSUME(t.RCurly);
    this.OPTION3(() => {
      this.CONSUME(t.In);
      this.CONSUME(t.Word);
      this.SUBRULE(this.labelValue);
    });
  });

  readonly labelTest = this.RULE('labelTest', () => {
    this.OR([{ ALT: () => this.CONSUME(t.Word) }, { ALT: () => this.CONSUME(t.Text) }]);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.labelValue);
  });

  readonly labelValue = this.RULE('labelValue', () => {
    this.MANY({
      GATE: this.onSameLine,
      DEF: () => this.OR1([{ ALT: () => this.CONSUME(t.Name) }, { ALT: () => this.CONSUME(t.Not) }, { ALT: () => this.CONSUME(t.In) }]),
    });
    this.OPTION(() =>
      this.OR2([
        { ALT: () => this.CONSUME(t.Text) },
        { ALT: () => this.CONSUME(t.Address) },
        { ALT: () => this.SUBRULE(this.range) },
        { ALT: () => this.SUBRULE(this.list) },
      ]),
    );
  });

  readonly test = this.RULE('test', () => {
    this.CONSUME(t.Test);
    this.CONSUME(t.Text);
    this.CONSUME(t.LCurly);
    this.MANY(() => this.SUBRULE(this.testLine));
    this.CONSUME(t.RCurly);
  });

  readonly testLine = this.RULE('testLine', () => {
    this.SUBRULE1(this.endpoint);
    this.OPTION1(() => {
      this.CONSUME(t.Arrow);
      this.SUBRULE2(this.endpoint);
      this.SUBRULE(this.term);
    });
    this.MANY({ GATE: this.onSameLine, DEF: () => this.SUBRULE(this.operand) });
    this.CONSUME(t.Is);
    this.CONSUME1(t.Name);
    this.OPTION2(() => {
      this.CONSUME(t.By);
      this.CONSUME(t.Word);
    });
  });

  readonly endpoint = this.RULE('endpoint', () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Name) },
      { ALT: () => this.CONSUME(t.Text) },
      { ALT: () => this.CONSUME(t.Address) },
      { ALT: () => this.SUBRULE(this.selector) },
    ]);
  });
}

/** Is this the end of the tokens, and no token? */
export const isEnd = (token: { readonly tokenType: unknown }): boolean => token.tokenType === EOF;
