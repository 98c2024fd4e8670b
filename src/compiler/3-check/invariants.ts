// Statements of `invariant` blocks: ends as peers of rules, subjects as those of policies.
import type { ResolvedInvariant } from '../ir/resolved.ts';
import type { Invariant } from '../ir/typed.ts';
import { transports } from './kinds.ts';
import { matchOf } from './lines.ts';
import { peersOf, refuseDomains } from './peers.ts';
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
  const subject = subjectOf(statement.subject, context);
  const match = matchOf(statement.domain, { lines: [statement.line], span: statement.line.span }, context);
  return subject && match && { ...common, kind: 'process', subject, match };
}

function flowOf({ subject, object, transport: at, request }: Flow, context: Context) {
  const source = peersOf(subject, context);
  if (source) refuseDomains(subject, context, context.report);
  const destination = peersOf(object, context);
  const transport = at ? setOf(at, transports, context) : anything;
  const match = request && matchOf(request.domain, request, context);
  if (request && (!at || transport)) checkRequestTransport({ ...request, transport: at && transport }, context.report);
  if (!source || !destination || !transport || (request && !match)) return undefined;
  return { source, destination, transport, ...(match && { request: match }) };
}
