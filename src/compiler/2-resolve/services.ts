// `service NAME for WORKLOADS at ADDRESSES affinity client { PORTS }`.
import type { Operand } from '../domains/domain.ts';
import type { ServiceAst } from '../ir/ast.ts';
import type { ResolvedService } from '../ir/resolved.ts';
import { keepAnnotations } from './annotations.ts';
import { asName } from './lines.ts';
import { type Place, refuseWord, type Unit } from './unit.ts';
import { boundValue } from './values.ts';

export function serviceOf(place: Place, service: ServiceAst): ResolvedService {
  const { name, span, ports, attributes, annotations } = service;
  const { unit, scope } = place;
  keepAnnotations(place, annotations, { target: 'declaration', scope: span });
  if (ports.length === 0 && scope.file.isWhole)
    unit.report('resolve/missing', name.span, {
      what: 'a port of the service',
      hint: 'write `tcp 80` or `tcp 80 to 8080` between `{` and `}`',
    });
  return {
    name: name.text,
    span: name.span,
    backends: boundValue(place, service.backends),
    addresses: boundValue(place, service.addresses),
    affinity: affinityOf(unit, attributes),
    ports: ports.map(({ transport, ...rest }) => ({ transport: boundValue(place, transport), ...rest })),
  };
}

/** `affinity client` is all that can stand behind the addresses. */
function affinityOf(unit: Unit, [word, value, extra]: readonly Operand[]): boolean {
  if (!word) return false;
  const isAffinity = word.kind === 'word' && word.text === 'affinity';
  const isClient = value?.kind === 'word' && value.text === 'client';
  if (isAffinity && !value) unit.report('resolve/missing', word.span, { what: 'the value of `affinity`', hint: 'write `affinity client`' });
  else if (!isAffinity) refuseWord(unit, asName(word), { expected: '`affinity client` or `{`', known: ['affinity'] });
  else if (!isClient && value) refuseWord(unit, asName(value), { expected: '`client`', known: ['client'] });
  else if (extra) refuseWord(unit, asName(extra), { expected: '`{`', known: [] });
  return isAffinity && isClient;
}
