// `service` declarations: single addresses, single ports of TCP and UDP, and one service for each of their pairs.
import type { Span } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Expr } from '../ir/ast.ts';
import type { ResolvedService } from '../ir/resolved.ts';
import type { Service, ServicePort } from '../ir/typed.ts';
import { type Address, formatAddress } from '../space/address.ts';
import { protocolOf } from '../space/transport.ts';
import { describeExpr } from './describe.ts';
import { networks, transports, workloads } from './kinds.ts';
import { type Context, setOf } from './sets.ts';
import { portNumber } from './transports.ts';

/** Addresses of one service; more than anybody gives one, and few enough to be written out. */
const mostAddresses = 64;

/** The service; undefined after a report. */
export function serviceOf(service: ResolvedService, context: Context): Service | undefined {
  const backends = setOf(service.backends, workloads, context);
  const addresses = addressesOf(service, context);
  const ports = service.ports.map((port) => portOf(port, context));
  const known = ports.filter((port) => port !== undefined);
  if (!backends || !addresses || known.length < ports.length) return undefined;
  const { name, span, affinity } = service;
  return { name, span, backends, addresses, affinity, ports: known };
}

function addressesOf({ addresses: value }: ResolvedService, context: Context): readonly Address[] | undefined {
  const set = setOf(value, networks, context);
  if (!set) return undefined;
  const count = set.outside.reduce((sum, { low, high }) => sum + (high - low) + 1n, 0n);
  if (set.any.length > 0 || count > BigInt(mostAddresses)) {
    const found = set.any.length > 0 ? 'a network `including workloads`' : `${count} addresses`;
    const expected = `the addresses of a service, ${mostAddresses} at most`;
    context.report('check/wrong-kind', value.span, { expected, found, hint: undefined });
    return undefined;
  }
  return set.outside.flatMap(({ low, high }) => Array.from({ length: Number(high - low) + 1 }, (_, i) => low + BigInt(i)));
}

function portOf({ transport, target }: ResolvedService['ports'][number], context: Context): ServicePort | undefined {
  const set = setOf(transport, transports, context);
  if (!set) return undefined;
  const [range, ...others] = set.points;
  const single = range && others.length === 0 && set.named.length === 0 && range.low === range.high ? protocolOf(range.low) : undefined;
  if (single?.protocol !== 'tcp' && single?.protocol !== 'udp') {
    const found = single ? `\`${single.protocol} ${single.value}\`` : 'another set of ports';
    context.report('check/wrong-kind', transport.span, {
      expected: 'one port of TCP or UDP',
      found,
      hint: 'write `tcp 80`, each port on its line',
    });
    return undefined;
  }
  const { protocol, value: port } = single;
  const to = target ? targetOf(target, context.report) : port;
  return to === undefined ? undefined : { protocol, port, target: to };
}

function targetOf(target: Expr, report: Report): number | string | undefined {
  if (target.kind === 'number' || target.kind === 'string') return portNumber(target, report);
  if (target.kind !== 'missing')
    report('check/wrong-kind', target.span, {
      expected: 'a port number, or the name of a port',
      found: describeExpr(target),
      hint: undefined,
    });
  return undefined;
}

type Owner = { readonly name: string; readonly span: Span };

/** What two services of the unit cannot both be: of one name, or called by the same address and port. */
export function reportConflicts(services: readonly Service[], report: Report): void {
  const names = new Map<string, Service>();
  const called = new Map<string, Owner>();
  for (const service of services) {
    const { name, span } = service;
    const first = names.get(name);
    if (first) report('resolve/duplicate-name', [span, first.span], { kind: 'service', name });
    else names.set(name, service);
    for (const key of keysOf(service)) {
      const owner = called.get(key);
      if (owner) report('check/service-conflict', [span, owner.span], { address: key, service: owner.name });
      else called.set(key, service);
    }
  }
}

const keysOf = ({ addresses, ports }: Service): readonly string[] =>
  addresses.flatMap((address) => ports.map(({ protocol, port }) => `${formatAddress(address)} ${protocol} ${port}`));
