// Prints the C side of the kernel border, bpf/templates/include/abi.generated.h, from ir/abi.ts.
import * as abi from '../ir/abi.ts';
import type { Layout } from '../ir/layout.ts';

const screaming = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toUpperCase();

function constants(prefix: string, values: Readonly<Record<string, number>>): string {
  return `enum {\n${Object.entries(values)
    .map(([name, value]) => `\t${prefix}_${screaming(name)} = ${value},`)
    .join('\n')}\n};\n`;
}

/** Constants beyond an int. */
const defines = (prefix: string, values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([name, value]) => `#define ${prefix}_${screaming(name)} 0x${value.toString(16)}u\n`)
    .join('');

function struct({ name, comment, size, fields }: Layout): string {
  const members = fields.map(({ name: field, width, count, comment: about }) => {
    const declared = `\t__${width} ${field}${count === 1 ? '' : `[${count}]`};`;
    return about === '' ? declared : `${declared} /* ${about} */`;
  });
  const head = comment === '' ? '' : `/* ${comment} */\n`;
  return `${head}struct ${name} {\n${members.join('\n')}\n};\n_Static_assert(sizeof(struct ${name}) == ${size}, "${name}");\n`;
}

/** The whole header as text. */
export function abiHeader(): string {
  return [
    '/* SPDX-License-Identifier: Apache-2.0 */\n/* Generated from src/compiler/ir/abi.ts by `npm run generate`; do not edit. */\n#pragma once\n#include <linux/types.h>\n',
    `#define POL_ABI_VERSION ${abi.abiVersion}\n`,
    constants('POL_ACTION', abi.verdictAction),
    constants('POL_FLAG', abi.verdictFlag),
    constants('POL_SECTION', abi.section),
    constants('POL_MATCH', abi.matchType),
    constants('POL_VERDICT', abi.hubbleVerdict),
    constants('POL_PROTOCOL', abi.eventProtocol),
    constants('POL_DOMAIN', abi.eventDomain),
    constants('POL_CAUSE', abi.fixedCause),
    constants('POL_REASON', abi.undecidableReason),
    constants('POL_METHOD', abi.requestMethod),
    constants('POL_ENDPOINT', abi.fixedEndpoint),
    constants('POL_NAMES', abi.nameCount),
    constants('POL_LOST', abi.lostReason),
    constants('POL_LIMIT', abi.limits),
    constants('POL_VERDICT_SHIFT', abi.verdictShift),
    constants('POL_CHOICE', abi.choiceForm),
    constants('POL_ROW', abi.rowFlag),
    constants('POL_NODE', abi.addressNode),
    defines('POL', abi.nothing),
    constants('POL_INNER_ENTRIES', abi.innerEntries),
    ...Object.values<Layout>(abi.layouts).map(struct),
  ].join('\n');
}
