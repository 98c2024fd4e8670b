// Tables of a generation from rows that say it plainly: for a subject, a section and a peer class, the number of the verdict
// of port class 0; the other port classes follow. Whoever has no row has no verdict.
import { section } from '../../src/compiler/ir/abi.ts';
import { classesOf } from '../../src/compiler/ir/class-pieces.ts';
import { ChoiceTable } from '../../src/runtime/policy/choices.ts';
import type { GenerationTables, SectionTable } from '../../src/runtime/policy/generation.ts';
import type { Row } from '../../src/runtime/policy/rows.ts';

export type PlainRow = {
  readonly subjectClass: number;
  readonly peerClass: number;
  readonly section: keyof typeof section;
  readonly base: number;
};
type Parts = Pick<GenerationTables, 'endpoints' | 'verdicts' | 'ports'> & { readonly rows: readonly PlainRow[] };

const noVerdict = 0xffff_ffff;
const sections: readonly (keyof typeof section)[] = ['ingress', 'egress', 'process'];

const highest = (numbers: Iterable<number>): number => {
  let most = 0;
  for (const number of numbers) most = Math.max(most, number);
  return most;
};

const all = (choices: Uint16Array): readonly number[] => Array.from(choices, (_, at) => at);

class Sections {
  readonly choices = new ChoiceTable();
  readonly rows: Row[] = [];
  readonly #portClasses: number;

  constructor(ports: Uint8Array) {
    this.#portClasses = 1 + highest(classesOf(ports));
  }

  /** A choice of a peer class is the number of its verdict. */
  of(subjectClass: number, name: keyof typeof section, own: readonly PlainRow[]): SectionTable {
    const head = { subjectClass, section: section[name] };
    const [first] = own;
    if (name === 'process') return { ...head, choices: 0, rows: [], bases: noVerdict, starts: first?.base ?? noVerdict };
    const peers = 1 + highest(own.map(({ peerClass }) => peerClass));
    const rows = Array.from({ length: own.length === 0 ? 1 : this.#portClasses }, (_, port) => {
      const choices = new Uint16Array(peers);
      for (const { peerClass, base } of own) choices[peerClass] = base + port;
      return (
        this.rows.push({
          choices: this.choices.row(choices, highest(choices), all(choices)),
          verdicts: 0,
          hasBases: false,
          isByName: false,
        }) - 1
      );
    });
    const ofPorts = Uint16Array.from(rows, (_, port) => port);
    return { ...head, choices: this.choices.row(ofPorts, rows.length - 1, all(ofPorts)), rows, bases: noVerdict, starts: noVerdict };
  }
}

export function tablesByHand({ endpoints, verdicts, ports, rows }: Parts): GenerationTables {
  const made = new Sections(ports);
  made.choices.row(new Uint16Array(1), 0, []);
  const subjects = highest([...rows, ...endpoints].map(({ subjectClass }) => subjectClass));
  const all = Array.from({ length: subjects }, (_, i) => i + 1).flatMap((subjectClass) =>
    sections.map((name) =>
      made.of(
        subjectClass,
        name,
        rows.filter((row) => row.subjectClass === subjectClass && row.section === name),
      ),
    ),
  );
  return { endpoints, networks: noVerdict, names: 0, verdicts, ports, sections: all, rows: made.rows, choices: made.choices.done() };
}
