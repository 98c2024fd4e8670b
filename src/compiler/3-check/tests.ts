// Lines of `test` blocks -> events: ends that are one endpoint each (a workload's selector stands for all that it
// matches), one point of transport, one content.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { ReservedName } from '../ir/event.ts';
import type { ResolvedTest, Value } from '../ir/resolved.ts';
import type { TestEndpoint, TestEvent } from '../ir/test-case.ts';
import type { TestCase, Transport } from '../ir/typed.ts';
import { protocolOf, type TransportPoint } from '../space/transport.ts';
import { singleAddress } from './addresses.ts';
import { describeValue } from './describe.ts';
import { transports, workloads } from './kinds.ts';
import { valueRead } from './lines.ts';
import { checkRequestTransport } from './rules/request-transport.ts';
import { type Context, setOf } from './sets.ts';

const reserved: readonly ReservedName[] = ['health', 'host', 'ingress', 'init', 'kube-apiserver', 'remote-node', 'unmanaged'];

/** The case of one line; undefined after a report. */
export function testCaseOf(test: ResolvedTest, context: Context): TestCase | undefined {
  const event = test.flow ? flowEvent(test, test.flow, context) : execEvent(test, context);
  return event && { test: test.test, span: test.span, event, expected: test.expected };
}

function flowEvent({ subject, content }: ResolvedTest, flow: NonNullable<ResolvedTest['flow']>, context: Context): TestEvent | undefined {
  const source = endpointOf(subject, context);
  const destination = endpointOf(flow.destination, context);
  const transport = setOf(flow.transport, transports, context);
  const point = transport && pointOf(flow.transport, transport, context.report);
  const read = content && valueRead(content.domain.content(content.line), context.report);
  if (content && transport) checkRequestTransport({ domain: content.domain, span: content.line.span, transport }, context.report);
  if (!source || !destination || point === undefined || (content && !read)) return undefined;
  const request = content && read ? { request: { domain: content.domain.name, content: read } } : {};
  return { kind: 'flow', source, destination, point, ...request };
}

function execEvent({ subject: value, content }: ResolvedTest, context: Context): TestEvent | undefined {
  const subject = endpointOf(value, context);
  const read = content && valueRead(content.domain.content(content.line), context.report);
  if (!subject || !read) return undefined;
  if (subject.kind !== 'address') return { kind: 'exec', subject, content: read };
  context.report('check/test-endpoint', value.span, { found: 'an address', hint: 'programs start in workloads' });
  return undefined;
}

function endpointOf(value: Value, context: Context): TestEndpoint | undefined {
  const { report } = context;
  switch (value.kind) {
    case 'missing':
      return undefined;
    case 'address': {
      const address = singleAddress(value, report);
      return address === undefined ? undefined : { kind: 'address', address };
    }
    case 'entity': {
      const name = reserved.find((one) => one === value.name);
      if (name) return { kind: 'reserved', entities: [name] };
      report('check/test-endpoint', value.span, {
        found: `\`${value.name}\``,
        hint: 'it is a set of endpoints: name one workload or address of it',
      });
      return undefined;
    }
    default:
      return workloadEndpoint(value, context);
  }
}

function workloadEndpoint(value: Value, context: Context): TestEndpoint | undefined {
  const declaration = value.kind === 'declared' ? context.declarations[value.declaration] : undefined;
  if (value.kind !== 'selector' && declaration?.kind !== 'workload') {
    const hint = declaration?.kind === 'network' ? 'name one address of it' : 'write a workload, an entity or an address';
    context.report('check/test-endpoint', value.span, { found: describeValue(value, declaration?.kind), hint });
    return undefined;
  }
  const selector = setOf(value, workloads, context);
  const name = declaration?.name ?? value.span.source.text.slice(value.span.start, value.span.end);
  return selector && { kind: 'workload', name, selector };
}

/** The one point; an ICMP type without a code is the type with code 0. */
function pointOf(value: Value, { points, named }: Transport, report: Report): TransportPoint | undefined {
  const [only, more] = points;
  const isType =
    only !== undefined &&
    only.high - only.low === 255 &&
    only.low % 256 === 0 &&
    ['icmp', 'icmpv6'].includes(protocolOf(only.low).protocol);
  if (only && !more && named.length === 0 && (only.low === only.high || isType)) return only.low;
  const found = named.length > 0 ? 'a port by name' : only && !more && only.high - only.low === 65535 ? 'a whole protocol' : 'several';
  report('check/test-point', value.span, { found, hint: 'write one: `tcp 80`, `icmp echo-request`' });
  return undefined;
}
