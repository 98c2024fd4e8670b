// Whether an argument of a `use` can stand for a parameter of a kind, as far as its form and its names tell.
import type { Span } from '../base/source.ts';
import type { Value } from '../ir/resolved.ts';
import { foundIn } from './names.ts';
import type { ParameterKind } from './scopes.ts';
import type { Place } from './unit.ts';

const expected: Readonly<Record<ParameterKind, string>> = {
  workload: 'a workload',
  network: 'a network',
  domain: 'a domain',
  port: 'a port',
  path: 'a path',
  binary: 'a binary',
  list: 'a list of literals',
  peer: 'a peer',
};
export const expectedOf = (kind: ParameterKind): string => expected[kind];

/** Which kinds a form of value can be of. */
const kindsOf: Readonly<Record<Exclude<Value['kind'], 'missing' | 'declared' | 'list' | 'not' | 'combine'>, readonly ParameterKind[]>> = {
  entity: ['peer'],
  'every-workload': [],
  selector: ['workload', 'peer'],
  address: ['network', 'peer'],
  text: ['network', 'domain', 'path', 'binary', 'list', 'peer'],
  matched: ['domain', 'path', 'binary'],
  including: ['network', 'peer'],
  transport: ['port'],
  literal: ['list'],
};

/** Beside itself, what a declaration of a kind can stand for. */
const alsoOf: Readonly<Record<Exclude<ParameterKind, 'peer'>, readonly ParameterKind[]>> = {
  workload: ['peer'],
  network: ['peer'],
  domain: ['peer'],
  port: [],
  path: [],
  binary: [],
  list: ['domain', 'path', 'binary'],
};

/** The first part of a value that is of another kind. */
export function misfit(place: Place, value: Value, kind: ParameterKind): { readonly span: Span; readonly found: string } | undefined {
  switch (value.kind) {
    case 'missing':
      return undefined;
    case 'list':
      return firstMisfit(place, value.items, kind);
    case 'combine':
      return firstMisfit(place, value.operands, kind);
    case 'not':
      return misfit(place, value.operand, kind);
    case 'declared': {
      const found = foundIn(place, value.name);
      if (found?.kind !== 'set' || found.type === kind || alsoOf[found.type].includes(kind)) return undefined;
      return { span: value.span, found: `${found.what} \`${found.name}\`` };
    }
    default: {
      const isAll = value.kind === 'entity' && value.name === 'all' && kind === 'workload';
      return isAll || kindsOf[value.kind].includes(kind) ? undefined : { span: value.span, found: describe(value) };
    }
  }
}

function firstMisfit(place: Place, values: readonly Value[], kind: ParameterKind): ReturnType<typeof misfit> {
  for (const one of values) {
    const wrong = misfit(place, one, kind);
    if (wrong) return wrong;
  }
  return undefined;
}

function describe(value: Value): string {
  switch (value.kind) {
    case 'entity':
      return `the entity \`${value.name}\``;
    case 'selector':
      return 'a selector';
    case 'address':
      return `the address ${value.text}`;
    case 'text':
      return `the text "${value.raw}"`;
    case 'matched':
      return `a pattern (\`${value.operator}\`)`;
    case 'transport':
      return `the protocol \`${value.protocol.name}\``;
    case 'literal':
      return value.found;
    default:
      return 'another set';
  }
}
