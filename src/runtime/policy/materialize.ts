// (bundle, inventory) -> one generation of kernel tables. Pure: the same input gives the same tables. Every question that
// a packet, request or exec can ask of these endpoints is answered here once, for each combination of classes.
//
//  1. Points that named ports stand for get port classes of their own (named-ports.ts).
//  2. Endpoints get classes: sets of selectors that match them (endpoint-classes.ts).
//  3. For a subject class and a section, the rules are walked once in deciding order, and each is added to the lists of
//     the port classes that it is about (port-lists.ts).
//  4. Each distinct list becomes a row over peer classes (rows.ts), which is made of blocks that rows share (choices.ts, grouped-choices.ts).
//
// memory/image.ts lays all of it out as the bytes that the programs read.
import { section as sectionNumber } from '../../compiler/ir/abi.ts';
import type { Direction } from '../../compiler/ir/typed.ts';
import { Candidates } from './candidates.ts';
import { ChoiceTable } from './choices.ts';
import { classifyEndpoints, type SubjectClass } from './endpoint-classes.ts';
import type { GenerationInput, GenerationTables, SectionTable } from './generation.ts';
import { compactChoices } from './grouped-choices.ts';
import type { Groups } from './groups.ts';
import { portTable } from './named-ports.ts';
import { PortLists } from './port-lists.ts';
import { Rows } from './rows.ts';
import { VerdictTable } from './verdict-table.ts';

const directions: readonly Direction[] = ['ingress', 'egress'];

/** Rows of the port classes of `groups`, and which of them each chooses: 0 is the row of the most. */
class PortRows {
  readonly #choices: ChoiceTable;
  readonly #buffer: Uint16Array;

  constructor(choices: ChoiceTable, portClasses: number) {
    this.#choices = choices;
    this.#buffer = new Uint16Array(portClasses);
  }

  of(groups: Groups, rowOf: (list: number) => number): Pick<SectionTable, 'choices' | 'rows'> {
    const largest = largestOf(groups);
    const rows = [rowOf(groups.lists[largest] ?? 0)];
    const known = new Map([[rows[0], 0]]);
    const rowOfGroup = groups.lists.map((list, group) => (groups.sizeOf(group) === 0 ? rows[0] : rowOf(list)));
    // Numbered as port classes meet them: sections with the same pattern of ports then share their blocks.
    const choiceOf = (row: number | undefined): number => {
      const choice = known.get(row) ?? rows.push(row ?? 0) - 1;
      known.set(row, choice);
      return choice;
    };
    const ports = largest === 0 ? groups.moved : groups.of.map((_, port) => port);
    const buffer = this.#buffer;
    for (let i = 0; i < ports.length; i++) buffer[ports[i] ?? 0] = choiceOf(rowOfGroup[groups.of[ports[i] ?? 0] ?? 0]);
    const choices = this.#choices.row(buffer, rows.length - 1, ports);
    for (let i = 0; i < ports.length; i++) buffer[ports[i] ?? 0] = 0;
    return { choices, rows };
  }
}

/** The group with the most members, the first of several. */
function largestOf(groups: Groups): number {
  let largest = 0;
  for (let group = 1; group < groups.lists.length; group++) if (groups.sizeOf(group) > groups.sizeOf(largest)) largest = group;
  return largest;
}

/** Makes the tables of one generation. @throws GenerationLimit when they would not fit, UnfitBundle */
export function materialize({ policies, ports, endpoints, causes }: GenerationInput): GenerationTables {
  const portClasses = portTable(policies, ports, endpoints);
  const classified = classifyEndpoints(policies, endpoints, portClasses);
  const candidates = new Candidates(policies, portClasses, causes);
  const verdicts = new VerdictTable();
  const lists = new PortLists(policies, classified.peers, candidates, portClasses.classes);
  const choices = new ChoiceTable();
  const portRows = new PortRows(choices, portClasses.classes);
  const rows = new Rows({ candidates, lists, verdicts, choices }, policies.classes);

  const networkTable = (subject: SubjectClass, section: Direction): SectionTable => {
    const last = candidates.defaultsFor(subject, section);
    const ofPorts = portRows.of(lists.listsOf(subject, section), (list) => rows.network(list, last));
    return { subjectClass: subject.number, section: sectionNumber[section], ...ofPorts, bases: rows.bases(last), starts: 0 };
  };
  const execTable = (subject: SubjectClass): SectionTable => {
    const list = candidates.rulesFor(subject, 'process').map((rule) => candidates.of(rule, subject.named));
    const starts = rows.exec(list, candidates.defaultsFor(subject, 'process'));
    return { subjectClass: subject.number, section: sectionNumber.process, choices: 0, rows: [], bases: 0, starts };
  };

  const sections = classified.subjects.flatMap((subject) => [
    ...directions.map((section) => networkTable(subject, section)),
    execTable(subject),
  ]);
  return {
    endpoints: classified.endpoints,
    networks: policies.classes.networks,
    names: policies.classes.names,
    sections,
    rows: rows.all,
    choices: compactChoices(choices.done()),
    verdicts: verdicts.done(),
    ports: portClasses.image,
  };
}
