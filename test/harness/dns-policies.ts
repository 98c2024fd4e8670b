// Random policies of DNS rules, and queries near them.
import { typeText } from '../../src/compiler/base/record-types.ts';
import type { Content } from '../../src/compiler/domains/domain.ts';
import { mixedCase, type Query, typeNumber } from './dns-messages.ts';
import type { Random } from './random.ts';

const patterns = [
  ...[
    '"a.test"',
    '"*.a.test"',
    '"**.a.test"',
    '"b*.test"',
    '"**"',
    '"*"',
    'not "a.test"',
    'regex "[a-c]+\\.test"',
    '"_srv._tcp.a.test"',
    '["a.test", "b.test"]',
    'name exists',
    'name absent',
  ],
];
const types = ['A', '[A, AAAA]', 'TXT', 'not A', '28', '[250-300, HTTPS]', 'TYPE4711', '32700-40000'];
const names = [
  ...[
    'a.test',
    'x.a.test',
    'x.y.a.test',
    'b.test',
    'bx.test',
    'abc.test',
    'test',
    '',
    '_srv._tcp.a.test',
    'a.test.other',
    'a-test',
    'c9.test',
  ],
  `${'l'.repeat(63)}.${'m'.repeat(63)}.${'n'.repeat(63)}.${'o'.repeat(61)}`,
];
const asked = ['A', 'AAAA', 'TXT', 'HTTPS', 'ANY', 'TYPE4711', 'TYPE65535', 'TYPE260', 'CAA', 'TA', 'TYPE0', 'TYPE32767'];

function randomLine(source: Random): string {
  const parts = [...(source.chance(0.8) ? [source.pick(patterns)] : []), ...(source.chance(0.5) ? [`type ${source.pick(types)}`] : [])];
  return parts.length === 0 ? source.pick(patterns) : parts.join(' ');
}
function randomRule(source: Random, protocol: 'udp' | 'tcp'): string {
  const lines = Array.from({ length: 1 + source.int(3) }, () => randomLine(source)).join('; ');
  const block = source.chance(0.85) ? ` dns { ${lines} }` : '';
  return `${source.pick(['allow', 'allow', 'deny'])} to ${source.pick(['host', 'all'])} at ${protocol}${block} priority ${source.int(3)}`;
}
export const randomDnsQuery = (source: Random): Query => ({
  name: mixedCase(source, source.pick(names)),
  type: source.pick(asked),
  id: source.int(65536),
  ...(source.chance(0.5) && { options: source.int(40) }),
});

/** Of one workload, about what it asks the host. */
export const randomDnsPolicy = (source: Random, protocol: 'udp' | 'tcp' = 'udp'): string =>
  `policy p for { app: "web" } { egress {\n${source.chance(0.3) ? 'default allow\n' : ''}${Array.from({ length: 1 + source.int(5) }, () => randomRule(source, protocol)).join('\n')}\n} }`;

/** What a query says, to who has read it rightly. */
export const contentOfQuery = ({ name, type }: Query): Content => ({
  kind: 'fields',
  fields: { ...(name !== '' && { name: [name.toLowerCase()] }), type: [typeText(typeNumber(type))] },
});
