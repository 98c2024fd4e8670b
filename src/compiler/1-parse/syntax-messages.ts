// What was expected, in words, for each kind of Chevrotain error; what was found is added by recover.ts. Words that
// could stand at the place are in backticks: "did you mean" is chosen among them.
import type { IParserErrorMessageProvider, TokenType } from 'chevrotain';

const labelOf = (type: TokenType): string => type.LABEL ?? type.name;

/** Where a rule is a list of things, its closing bracket alone would be a poor answer. */
const closing: Readonly<Record<string, string>> = {
  policy: 'a section (`ingress`, `egress`, `process`), `use` or `}`',
  rulesItem: 'a section (`ingress`, `egress`, `process`) or `}`',
  section: 'a rule (`allow`, `deny` ...), `default` or `}`',
  block: 'a line or `}`',
  test: 'a test line or `}`',
  invariant: 'a statement (`no`, `every`, `only`) or `}`',
  serviceItem: 'a port (`tcp 80`) or `}`',
  labels: '`,` or `}`',
  list: '`,` or `]`',
  operandList: '`,` or `]`',
  parentheses: '`and`, `or`, `except` or `)`',
  annotation: '`,` or `)`',
  use: '`,` or `)`',
};

/** Said for every word that no item begins with; what it was meant to be is one of `itemWords`. */
export const anItem = 'a declaration, `policy`, `test`, `invariant`, `service`, `rules` or `import`';
const aSet = 'a name, a selector `{...}`, a list `[...]` or an address';
const alternatives: Readonly<Record<string, string>> = {
  file: anItem,
  item: anItem,
  policy: 'a section (`ingress`, `egress`, `process`), `use NAME(...)` or `}`',
  declaration: 'a declaration (`workload`, `network`, `domain`, `port`, `path`, `binary`, `list`)',
  primary: aSet,
  value: 'a port, a range, a name or a list',
  entry: 'a rule (`allow`, `deny` ...), `default` or `}`',
  rulePart: '`from`, `to`, `at` or a block',
  peerPart: 'a peer behind `from` or `to`',
  atPart: 'ports behind `at`',
  lineOperand: 'a word, a text or a list',
  operand: 'a word, a text, a number or a list',
  eventOperand: 'a word, a text, a number or a list',
  labelTest: 'a label key',
  labelOperand: 'a text or a list',
  endpoint: 'a workload, an entity or an address',
  annotationType: 'a type (`text`, `number`, `date`, `duration`, `size`, `rate`, `one of [...]`)',
};

const mismatch = (expected: TokenType, rule: string): string => {
  if (['RCurly', 'RSquare', 'RParen'].includes(expected.name)) return closing[rule] ?? labelOf(expected);
  if (rule === 'policy' && expected.name === 'LCurly') return '`{` and sections';
  if (rule === 'testLine' && expected.name === 'IsWord') return '`is`, or what happens';
  if (rule === 'statement' && expected.name === 'Name') return '`no`, `every` or `only`';
  if (rule === 'statement' && expected.name === 'Word') return '`reach`, or a class of events (`exec`)';
  if (rule === 'reference') return 'a port (`tcp 80`)';
  return labelOf(expected);
};

export const syntaxMessages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, ruleName }) => mismatch(expected, ruleName),
  buildNotAllInputParsedMessage: () => alternatives['item'] ?? '',
  buildNoViableAltMessage: ({ ruleName }) => alternatives[ruleName] ?? 'something else',
  buildEarlyExitMessage: ({ ruleName }) => alternatives[ruleName] ?? 'a name',
};
