// HTTP methods.
import { both, literal, not, type Pattern } from '../../space/pattern.ts';
import type { FieldType } from '../domain.ts';
import { faulty, read } from '../domain.ts';
import { textType } from '../types/text-operand.ts';
import { tokenText } from '../types/texts.ts';
import { anyOf, readWord, type Vocabulary } from '../types/words.ts';

/** Methods of the IANA registry that stand in HTTP/1.1 requests with a path, and PURGE. */
const methods: readonly string[] = [
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY', 'PURGE'],
  ...['ACL', 'BASELINE-CONTROL', 'BIND', 'CHECKIN', 'CHECKOUT', 'COPY', 'LABEL', 'LINK', 'LOCK', 'MERGE', 'MKACTIVITY', 'MKCALENDAR'],
  ...['MKCOL', 'MKREDIRECTREF', 'MKWORKSPACE', 'MOVE', 'ORDERPATCH', 'PROPFIND', 'PROPPATCH', 'REBIND', 'REPORT', 'SEARCH', 'UNBIND'],
  ...['UNCHECKOUT', 'UNLINK', 'UNLOCK', 'UPDATE', 'UPDATEREDIRECTREF', 'VERSION-CONTROL'],
];
const vocabulary: Vocabulary = { noun: 'HTTP method', expected: 'a method (`GET`)', words: methods };

const familiarMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

const readMethod: FieldType['value'] = (operand) => {
  if (operand.kind !== 'word' || operand.text !== 'CONNECT') return readWord(vocabulary, operand);
  const reason = 'its target is no path, so every such request is undecidable';
  return faulty({ kind: 'text', what: 'method', text: operand.text, reason, span: operand.span });
};

const possible: Pattern = both(tokenText, not(literal('CONNECT')));

/** `regex "P(OST|UT)"`. */
const expression = textType({
  noun: 'HTTP method',
  expected: vocabulary.expected,
  operators: ['regex'],
  declared: [],
  possible,
  familiar: anyOf(familiarMethods),
  pattern: () => ({ reason: 'methods are written without quotation marks' }),
  canonical: (value) => ({ value }),
});

/** Rules name known methods, or give an expression; requests may have any other. */
export const method: FieldType = {
  noun: 'HTTP method',
  expected: vocabulary.expected,
  kind: 'text',
  operators: expression.operators,
  words: methods,
  declared: [],
  values: (operand, operator) => {
    if (operator) return expression.values(operand, operator);
    const word = readMethod(operand);
    return word.ok ? read({ kind: 'text', pattern: literal(word.value) }) : word;
  },
  value: readMethod,
  possible,
  familiar: anyOf(familiarMethods),
};
