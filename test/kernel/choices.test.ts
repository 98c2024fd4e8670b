// What a class of peers chooses, in every form that choices stand in: asked of the programs and of their twin in TypeScript.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Loaded, loadObjects } from '../../src/runtime/kernel/load.ts';
import { generations } from '../../src/runtime/kernel/tables.ts';
import { type Choices, ChoiceTable } from '../../src/runtime/policy/choices.ts';
import type { GenerationTables, SectionTable } from '../../src/runtime/policy/generation.ts';
import { compactChoices } from '../../src/runtime/policy/grouped-choices.ts';
import { memoryImage } from '../../src/runtime/policy/memory/image.ts';
import { MemoryReader } from '../../src/runtime/policy/memory/reader.ts';
import { compile, content, expectOk, kernelTest, privatePins, testRun, worldPrefixes } from '../harness/kernel.ts';
import { random, seedOf } from '../harness/random.ts';

/** Asks for a subject and a peer class of the packet. A verdict's word is its number here. */
const asker = `
#include "verdict.h"
SEC("tc") int pol_ask(struct __sk_buff *skb)
{
	struct pol_generation now = pol_generation_read();
	struct pol_question question = {.slot = now.slot};
	const struct pol_memory *memory = pol_memory_of(now.slot);
	const struct pol_section *section;
	const __u32 *word;
	__u64 named;
	__u32 asked[2];

	if (!memory || bpf_skb_load_bytes(skb, 14, asked, sizeof(asked)))
		return -1;
	section = pol_section_of(now.slot, memory, asked[0], POL_SECTION_INGRESS);
	word = section ? pol_verdict_of_classes(&question, memory, section, asked[1], &named) : 0;
	return word ? *word : -1;
}
`;

const peers = 700;
const none: SectionTable = { subjectClass: 0, section: 0, choices: 0, rows: [0], bases: 0, starts: 0 };

/** Each row is that of the one port class of a subject; row 0 chooses nothing. */
function tablesWith(choices: Choices): GenerationTables {
  const sections = choices.rows.flatMap((_, row) => [{ ...none, rows: [row] }, none, none]);
  const rows = choices.rows.map((_, row) => ({ choices: row, verdicts: 0, hasBases: false, isByName: false }));
  const verdicts = { words: Uint32Array.from({ length: 1 << 16 }, (_, number) => number), inspections: new Uint32Array() };
  return { ...content({}).tables, sections, rows, verdicts, choices, networks: peers };
}

function randomRows(count: number): { readonly choices: Choices; readonly rows: readonly Uint16Array[] } {
  const source = random(seedOf('choices in the kernel', 20261125));
  const table = new ChoiceTable();
  const rows = Array.from({ length: count }, (_, row) => {
    const most = row === 0 ? 1 : ([16, 256, 65_536][row % 3] ?? 1);
    const own = new Uint16Array(peers);
    for (let run = 0; row > 0 && run < 40; run++) {
      const from = source.int(peers);
      own.fill(source.int(most), from, from + 1 + source.int(40));
    }
    // Its highest choice says how wide a row is.
    if (row > 0) own[row % peers] = most - 1;
    table.row(
      own,
      most - 1,
      Array.from(own, (_, at) => at),
    );
    return own;
  });
  return { choices: table.done(), rows };
}

function assertFound(loaded: Loaded, choices: Choices, rows: readonly Uint16Array[]): void {
  const tables = tablesWith(choices);
  const made = content({});
  expectOk(generations(loaded.maps).install({ ...made, tables }));
  const reader = new MemoryReader(memoryImage(tables, { prefixes: worldPrefixes, addresses: [] }).bytes);
  const packet = new DataView(new ArrayBuffer(64));
  rows.forEach((own, row) => {
    for (let peerClass = row % 7; peerClass < peers; peerClass += 7) {
      packet.setUint32(14, row + 1, true);
      packet.setUint32(18, peerClass, true);
      const { value } = testRun(loaded, 'pol_ask', new Uint8Array(packet.buffer));
      const told = `row ${row}, ${choices.rows[row]?.form}, class ${peerClass}`;
      assert.is(value, own[peerClass], told);
      assert.is(reader.network({ subjectClass: row + 1, section: 0, peerClass, point: 0 }), own[peerClass], told);
    }
  });
}

const load = (): Loaded => expectOk(loadObjects([{ template: 'test/asker', bytes: compile(asker) }], privatePins()));

kernelTest('a peer class finds its choice: bytes, wide ones, and groups of both widths', () => {
  const loaded = load();
  const { choices, rows } = randomRows(40);
  assertFound(loaded, choices, rows);
  const grouped = compactChoices(choices, 0);
  assert.equal(new Set(grouped.rows.map(({ form }) => form)), new Set(['groupedNibbles', 'groupedBytes', 'wide']));
  assertFound(loaded, grouped, rows);
  loaded.close();
});

kernelTest('and where blocks begin beyond what 16 bits count', () => {
  const loaded = load();
  const { choices, rows } = randomRows(40);
  const grouped = compactChoices(choices, 0);
  // Room before the blocks of groups, as if there were that many; rows of the wide form count from the beginning.
  const room = 1 << 20;
  const blocks = new Uint8Array(room + grouped.blocks.length);
  blocks.set(grouped.blocks);
  blocks.set(grouped.blocks, room);
  const groups = grouped.groups.map((place) => place + room / 8);
  assertFound(loaded, { ...grouped, blocks, groups }, rows);
  loaded.close();
});

test.run();
