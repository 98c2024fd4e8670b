// `@allow("CODE", "reason")`: findings of this code inside its scope are not shown, whichever phase reports them. What is
// wrong with an allowance, and one that silences nothing, is a finding itself.
import { closest } from '../base/closest.ts';
import type { Span } from '../base/source.ts';
import { type Code, catalog } from './catalog.ts';
import { type Diagnostic, diagnostic, inOrder } from './diagnostic.ts';

/** An operand of the annotation, as written. */
type Written = { readonly kind: string; readonly text?: string; readonly span: Span };
export type Allowance = {
  readonly code: Written | undefined;
  readonly reason: Written | undefined;
  readonly scope: Span;
  readonly span: Span;
};

/** The phases whose findings an allowance may be about; the last ones only when they ran. */
export type Ran = ReadonlySet<string>;
const everyPhase: Ran = new Set(['parse', 'resolve', 'check', 'plan']);

/** Findings that are only looked for when somebody asks: an allowance of them may silence nothing. */
const onRequest: ReadonlySet<Code> = new Set(['check/expired', 'check/unknown-label']);

const isCode = (text: string): text is Code => Object.hasOwn(catalog, text);

/**
 * What remains to be shown of `found`. `ran`: the phases that looked for findings; an allowance of another one's is not called
 * unused, nor is any when the policy is wrong.
 */
export function applyAllowances(
  allowances: readonly Allowance[],
  found: readonly Diagnostic[],
  ran: Ran = everyPhase,
): readonly Diagnostic[] {
  if (allowances.length === 0) return found;
  const mistakes: Diagnostic[] = [];
  const isWrong = found.some(({ severity }) => severity === 'error');
  const silenced = new Set<Diagnostic>();
  for (const allowance of allowances) {
    const code = codeOf(allowance, mistakes);
    if (!code) continue;
    const here = found.filter((one) => one.code === code && isInside(one.span, allowance.scope));
    for (const one of here) silenced.add(one);
    const isAsked = ran.has(code.slice(0, code.indexOf('/'))) && !onRequest.has(code);
    if (here.length === 0 && isAsked && !isWrong) mistakes.push(diagnostic('check/unused-allow', allowance.span, { code }));
  }
  return inOrder([...found.filter((one) => !silenced.has(one)), ...mistakes]);
}

const isInside = (span: Span, scope: Span): boolean =>
  span.source.path === scope.source.path && scope.start <= span.start && span.end <= scope.end;

/** The code of a warning that is allowed for a reason; mistakes are noted. */
function codeOf({ code, reason, span }: Allowance, mistakes: Diagnostic[]): Code | undefined {
  const text = code?.kind === 'string' ? code.text : undefined;
  if (code === undefined || text === undefined) {
    const found = code ? (code.text === undefined ? 'another operand' : `\`${code.text}\``) : 'nothing';
    mistakes.push(diagnostic('check/wrong-kind', code?.span ?? span, { expected: 'a code ("check/...")', found, hint: undefined }));
    return undefined;
  }
  if (!isCode(text)) {
    mistakes.push(diagnostic('check/unknown-operand', code.span, { kind: 'code', text, suggestion: closest(text, Object.keys(catalog)) }));
    return undefined;
  }
  if (catalog[text].severity === 'error') {
    mistakes.push(diagnostic('check/allow-of-error', code.span, { code: text }));
    return undefined;
  }
  if (reason?.kind !== 'string' || reason.text?.trim() === '')
    mistakes.push(diagnostic('check/allow-without-reason', reason?.span ?? span, { code: text }));
  return text;
}
