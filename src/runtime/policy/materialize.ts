// (bundle, inventory) -> one generation of kernel tables. Pure: the same input gives the same tables. Every question that
// a packet, request or exec can ask of these endpoints is answered here once, for each combination of classes.
//
//  1. Points that named ports stand for get port classes of their own (named-ports.ts).
//  2. Endpoints get classes: sets of selectors that match them (endpoint-classes.ts).
//  3. For a subject class and a section, the rules are walked once in deciding order, and each is added to the lists of
//     the peer classes that it is about (peer-lists.ts).
//  4. Each distinct list becomes a row (rows.ts); equal rows are shared (verdict-table.ts).
import { innerEntries, section as sectionNumber } from '../../compiler/ir/abi.ts';
import type { Direction } from '../../compiler/ir/typed.ts';
import { Candidates } from './candidates.ts';
import { classifyEndpoints, type SubjectClass } from './endpoint-classes.ts';
import { type GenerationInput, GenerationLimit, type GenerationTables, type Row } from './generation.ts';
import { portTable } from './named-ports.ts';
import { PeerLists } from './peer-lists.ts';
import { Rows } from './rows.ts';
import { VerdictTable } from './verdict-table.ts';

const directions: readonly Direction[] = ['ingress', 'egress'];

/** Makes the tables of one generation. @throws GenerationLimit when they would not fit. */
export function materialize({ program, ports, endpoints, causes }: GenerationInput): GenerationTables {
  const portClasses = portTable(program, ports, endpoints);
  const classified = classifyEndpoints(program, endpoints, portClasses);
  const candidates = new Candidates(program, portClasses, causes);
  const verdicts = new VerdictTable();
  const rows = new Rows(candidates, verdicts, { ports: portClasses.classes, http: program.classes.http, exec: program.classes.exec });
  const peers = new PeerLists(program, classified.peers, candidates);

  const networkRows = (subject: SubjectClass, section: Direction): readonly Row[] => {
    const last = candidates.defaultsFor(subject, section);
    return peers.listsOf(subject, section).map((list, peerClass) => ({
      subjectClass: subject.number,
      peerClass,
      section: sectionNumber[section],
      base: rows.network(list, () => peers.candidatesOf(list), last),
    }));
  };
  const execRow = (subject: SubjectClass): Row => {
    const list = candidates.positionsFor(subject, 'process').map((position) => candidates.at(position, subject.named));
    const base = rows.exec(list, candidates.defaultsFor(subject, 'process'));
    return { subjectClass: subject.number, peerClass: 0, section: sectionNumber.process, base };
  };

  const count = classified.subjects.length * ((program.classes.networks + classified.peers.length) * directions.length + 1);
  if (count > innerEntries.rows) throw new GenerationLimit('rows', count, innerEntries.rows);
  const all = classified.subjects.flatMap((subject) => [
    ...directions.flatMap((section) => networkRows(subject, section)),
    execRow(subject),
  ]);
  return { endpoints: classified.endpoints, rows: all, verdicts: verdicts.bytes(), ports: portClasses.image };
}
