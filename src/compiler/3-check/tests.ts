// Lines of `test` blocks -> events: ends that are one endpoint each (a workload's selector stands for all that it
// matches, a domain for every name in it), one point of transport, one content.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Operand, WrittenContent } from '../domains/domain.ts';
import { domainName } from '../domains/types/names.ts';
import type { ReservedName } from '../ir/event.ts';
import type { ResolvedEnd, ResolvedTest, Value } from '../ir/resolved.ts';
import type { TestEndpoint, TestEvent } from '../ir/test-case.ts';
import type { TestCase, Transport } from '../ir/typed.ts';
import { type AddressSet, isIpv4 } from '../space/address.ts';
import { protocolOf, transportRange } from '../space/transport.ts';
import { singleAddress } from './addresses.ts';
import { describeOperand, describeValue } from './describe.ts';
import { valueRead } from './faults.ts';
import { transports, workloads } from './kinds.ts';
import { substituted } from './lines.ts';
import { kindOf, peersOf, unionItems } from './peers.ts';
import { warnEmpty } from './rules/matches-nothing.ts';
import { checkRequestTransport } from './rules/request-transport.ts';
import { type Context, setOf } from './sets.ts';
import { textKinds } from './text-kinds.ts';

const reserved: readonly ReservedName[] = ['health', 'host', 'ingress', 'init', 'kube-apiserver', 'remote-node', 'unmanaged'];

/** The case of one line; undefined after a report. */
export function testCaseOf(test: ResolvedTest, context: Context): TestCase | undefined {
  const event = test.flow ? flowEvent(test, test.flow, context) : processEvent(test, context);
  return event && { test: test.test, span: test.span, event, expected: test.expected };
}

function flowEvent(test: ResolvedTest, flow: NonNullable<ResolvedTest['flow']>, context: Context): TestEvent | undefined {
  const source = sourceOf(test.subject, context);
  const destination = endpointOf(flow.destination, context);
  const transport = setOf(flow.transport, transports, context);
  const points = transport && pointsOf(flow.transport, transport, context.report);
  const { content: written } = test;
  const content = contentOf(test, context);
  if (written && transport) checkRequestTransport({ domain: written.domain, span: written.line.span, transport }, context.report);
  if (!source || !destination || points === undefined || (written && !content)) return undefined;
  if (!isPossible([source, destination], points, { place: flow.transport, report: context.report })) return undefined;
  const request = written && content ? { request: { domain: written.domain.name, content } } : {};
  return { kind: 'flow', source, destination, ...points, ...request };
}

function contentOf({ content }: ResolvedTest, context: Context): WrittenContent | undefined {
  const line = content && substituted(content.line, context);
  return line && valueRead(content.domain.content(line.line), line.report);
}

function processEvent(test: ResolvedTest, context: Context): TestEvent | undefined {
  const { what } = test.subject;
  const subject = endpointOf(test.subject, context);
  const content = contentOf(test, context);
  if (!subject || !content || !test.content) return undefined;
  if (subject.kind === 'workload' || (subject.kind === 'reserved' && subject.name === 'host'))
    return { kind: 'process', domain: test.content.domain.name, subject, content };
  const found = subject.kind === 'reserved' ? `\`${subject.name}\`` : `${subject.kind === 'domain' ? 'a domain' : 'an address'}`;
  context.report('check/test-endpoint', what.span, { found, hint: 'processes are those of workloads and of `host`' });
  return undefined;
}

function sourceOf(end: ResolvedEnd, context: Context): TestEndpoint | undefined {
  const source = endpointOf(end, context);
  if (source?.kind !== 'domain') return source;
  context.report('check/domain-as-source', end.what.span, {});
  return undefined;
}

function endpointOf({ what, names }: ResolvedEnd, context: Context): TestEndpoint | undefined {
  const { report } = context;
  const known = names ? namesOf(names, report) : [];
  const end = endpointOfValue(what, context);
  if (!names || !end || !known) return known && end;
  if (end.kind === 'address') return { ...end, names: known };
  report('check/test-endpoint', names.span, { found: '`named` behind what is no address', hint: 'only addresses are known by names' });
  return undefined;
}

/** The names of an address, in canonical form; undefined after a report. */
function namesOf(operand: Operand, report: Report): readonly string[] | undefined {
  const items = operand.kind === 'list' ? operand.items : [operand];
  if (items.length === 0) report('check/empty-list', operand.span, {});
  const names = items.map((item) => {
    if (item.kind === 'string') return valueRead(domainName.value(item), report);
    report('check/wrong-kind', item.span, { expected: domainName.expected, found: describeOperand(item), hint: undefined });
    return undefined;
  });
  const read = names.filter((name) => name !== undefined);
  return read.length === names.length && read.length > 0 ? read : undefined;
}

function endpointOfValue(value: Value, context: Context): TestEndpoint | undefined {
  const { report } = context;
  switch (value.kind) {
    case 'missing':
      return undefined;
    case 'text':
    case 'address': {
      const address = singleAddress(value, report);
      return address === undefined ? undefined : { kind: 'address', address, names: [] };
    }
    case 'entity': {
      const name = reserved.find((one) => one === value.name);
      if (name) return { kind: 'reserved', name, except: [] };
      report('check/test-endpoint', value.span, {
        found: `\`${value.name}\``,
        hint: 'it is a set of endpoints: name one workload or address of it',
      });
      return undefined;
    }
    default:
      if (isEntityWithout(value)) return reservedEndpoint(value, context);
      return isDomain(value, context) ? domainEndpoint(value, context) : workloadEndpoint(value, context);
  }
}

type Declared = Value & { readonly kind: 'declared' };
const isDomain = (value: Value, { declarations }: Context): value is Declared =>
  value.kind === 'declared' && declarations[value.declaration]?.kind === 'domain';

function domainEndpoint(value: Declared, context: Context): TestEndpoint | undefined {
  const names = setOf(value, textKinds.domain, context);
  return names && { kind: 'domain', name: value.name, names };
}

/** `host except kube-apiserver`. */
const isEntityWithout = (value: Value): boolean =>
  value.kind === 'combine' && value.operator === 'except' && value.operands[0]?.kind === 'entity';

function reservedEndpoint(value: Value, context: Context): TestEndpoint | undefined {
  const peers = peersOf(value, context);
  const [only] = peers?.reserved ?? [];
  if (only?.name !== undefined) return { kind: 'reserved', name: only.name, except: only.except };
  if (peers)
    context.report('check/test-endpoint', value.span, {
      found: 'this set',
      hint: 'write one endpoint: `(host except kube-apiserver)`',
    });
  return undefined;
}

function workloadEndpoint(value: Value, context: Context): TestEndpoint | undefined {
  const declaration = value.kind === 'declared' ? context.declarations[value.declaration] : undefined;
  if (value.kind === 'list' || kindOf(value, context) !== 'workload') {
    const hint = declaration?.kind === 'network' ? 'name one address of it' : 'write a workload, an entity, an address or a domain';
    context.report('check/test-endpoint', value.span, { found: describeValue(value, declaration?.kind), hint });
    return undefined;
  }
  const { set, addresses } = withoutAddresses(value, context);
  const selector = setOf(set, workloads, context);
  warnEmpty(value, ['end of a test line', selector?.length], context.report);
  const name = declaration?.name ?? value.span.source.text.slice(value.span.start, value.span.end);
  return selector && { kind: 'workload', name, selector, ...(addresses && { except: addresses }) };
}

/** `(web except pods)`: workloads that have no address of a network; the set without what is no matter of labels. */
function withoutAddresses(value: Value, context: Context): { readonly set: Value; readonly addresses?: AddressSet } {
  const [first, ...others] = value.kind === 'combine' && value.operator === 'except' ? value.operands : [];
  const items = others.flatMap((item) => unionItems(item) ?? [item]);
  const networks = items.filter((item) => kindOf(item, context) === 'network');
  if (!first || networks.length === 0) return { set: value };
  const addresses = peersOf({ kind: 'list', items: networks, span: value.span }, context)?.anyNetworks ?? [];
  const rest = items.filter((item) => !networks.includes(item));
  return {
    set: rest.length === 0 ? first : { kind: 'combine', operator: 'except', operands: [first, ...rest], span: value.span },
    addresses,
  };
}

type Points = Pick<TestEvent & { readonly kind: 'flow' }, 'points' | 'portName'>;

/** The one point, every code of an ICMP type without one, or every number of a port by name. */
function pointsOf(value: Value, { points, named }: Transport, report: Report): Points | undefined {
  const [only, more] = points;
  const [name, another] = named;
  if (name && !another && !only) return { points: transportRange(name.protocol, 1, 65535), portName: name };
  if (only && !more && !name && (only.low === only.high || isIcmpType(only))) return { points };
  const found = only && !more && !name && only.high - only.low === 65535 ? 'a whole protocol' : 'several';
  report('check/test-point', value.span, { found, hint: 'write one: `tcp 80`, `tcp "metrics"`, `icmp echo-request`' });
  return undefined;
}

const isIcmpType = ({ low, high }: Transport['points'][number]): boolean =>
  high - low === 255 && low % 256 === 0 && ['icmp', 'icmpv6'].includes(protocolOf(low).protocol);

type Said = { readonly place: Value; readonly report: Report };

/** Is there such a flow? Only workloads have ports by name, and each ICMP is of one family of addresses. */
function isPossible(ends: readonly [TestEndpoint, TestEndpoint], { points, portName }: Points, { place, report }: Said): boolean {
  if (portName && ends[1].kind !== 'workload') {
    report('check/test-point', place.span, {
      found: 'a port by name of what is no workload',
      hint: 'only workloads declare ports by name',
    });
    return false;
  }
  const { protocol } = protocolOf(points[0]?.low ?? 0);
  const isOther = (end: TestEndpoint): boolean =>
    end.kind === 'address' && (protocol === 'icmp' ? !isIpv4(end.address) : protocol === 'icmpv6' && isIpv4(end.address));
  if (!ends.some(isOther)) return true;
  const found = `\`${protocol}\` of an IPv${protocol === 'icmp' ? 6 : 4} address`;
  report('check/test-point', place.span, { found, hint: '`icmp` is of IPv4, `icmpv6` of IPv6' });
  return false;
}
