// Statements of `invariant` blocks: ends as peers of rules, with exceptions of any kind; subjects as those of policies.
import type { ResolvedInvariant, Value } from '../ir/resolved.ts';
import type { Ends, Invariant, Subject } from '../ir/typed.ts';
import { transports } from './kinds.ts';
import { matchOf } from './lines.ts';
import { peersOf, refuseDomains, unionItems } from './peers.ts';
import { warnEmpty, warnNobody, warnNoPorts } from './rules/matches-nothing.ts';
import { checkRequestTransport } from './rules/request-transport.ts';
import { type Context, setOf } from './sets.ts';
import { subjectOf } from './subjects.ts';
import { anything } from './typed-rules.ts';

type Flow = ResolvedInvariant & { readonly kind: 'flow' };

/** The statement; undefined after a report. */
export function invariantOf(statement: ResolvedInvariant, context: Context): Invariant | undefined {
  const { name, span, text, quantifier } = statement;
  const common = { name, span, text, quantifier };
  if (statement.kind === 'flow') {
    const flow = flowOf(statement, context);
    return flow && { ...common, kind: 'flow', ...flow };
  }
  const subject = actorsOf(statement.subject, context);
  warnEmpty(statement.subject, ['subject', subject && subject.workloads.length + Number(subject.host)], context.report);
  const match = matchOf(statement.domain, { lines: [statement.line], span: statement.line.span }, context);
  return subject && match && { ...common, kind: 'process', subject, match };
}

/** Whose processes: unlike the subject of a policy, `all` is everybody who has some, the host too. */
function actorsOf(value: Value, context: Context): Subject | undefined {
  const subject = subjectOf(value, context);
  return subject && { ...subject, host: subject.host || isHostIn(value) };
}

function isHostIn(value: Value): boolean {
  if (value.kind === 'entity') return value.name === 'all' || value.name === 'host';
  const [first, ...others] = value.kind === 'combine' && value.operator === 'except' ? value.operands : [];
  return first ? isHostIn(first) && !others.some(isHostIn) : (unionItems(value) ?? []).some(isHostIn);
}

function flowOf({ subject, object, transport: at, request }: Flow, context: Context) {
  const source = endsOf(subject, context);
  if (source) for (const part of exceptOperands(subject)) refuseDomains(part, context, context.report);
  const destination = endsOf(object, context);
  const transport = at ? setOf(at, transports, context) : anything;
  if (at) warnNoPorts(at, transport, context.report);
  const match = request && matchOf(request.domain, request, context);
  if (request && (!at || transport)) checkRequestTransport({ ...request, transport: at && transport }, context.report);
  if (!source || !destination || !transport || (request && !match)) return undefined;
  return { source, destination, transport, ...(match && { request: match }) };
}

const exceptOperands = (value: Value): readonly Value[] =>
  value.kind === 'combine' && value.operator === 'except' ? value.operands : [value];

/** Unlike the peers of a rule, those of a statement may be without others of any kind: no target has to hold them. */
function endsOf(value: Value, context: Context): Ends | undefined {
  const [first = value, ...others] = exceptOperands(value);
  const of = peersOf(first, context);
  warnNobody(first, of, context.report);
  if (others.length === 0) return of && { of };
  const except = peersOf({ kind: 'list', items: others, span: value.span }, context);
  return of && except && { of, except };
}
