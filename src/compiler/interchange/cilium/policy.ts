// CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy: each of their specs is a policy.

import { type Field, has, member, textOf } from '../fields.ts';
import { type Document, type ImportContext, type Importer, originText } from '../importer.ts';
import { type LabelTest, selectorText, testsIn } from '../labels.ts';
import { quoted } from '../texts.ts';
import type { PolicyWriter } from '../writer.ts';
import { refuseConflicts } from './conflicts.ts';
import { reportConflictsBetween } from './conflicts-between.ts';
import { clusterwideSubject } from './entities.ts';
import { nodeText } from './peers.ts';
import { Reading } from './reading.ts';
import { type Aside, type Section, sectionsOf } from './sections.ts';
import { governedPods, namespaceOf, specsOf } from './specs.ts';

const importer = (kind: string): Importer => ({ group: 'cilium.io', kind, versions: ['v2'], write: writePolicies });

export const networkPolicy = importer('CiliumNetworkPolicy');
export const clusterwideNetworkPolicy = importer('CiliumClusterwideNetworkPolicy');

function writePolicies(document: Document, context: ImportContext, writer: PolicyWriter): void {
  const specs = specsOf(document, context);
  if (!specs) return;
  const namespace = namespaceOf(document);
  const reading = new Reading(document, context, namespace);
  const pods = specs.map((spec) => governedPods(spec, namespace));
  const subjects = specs.map((spec, i) => subjectOf(spec, pods[i], namespace));
  const sameAs = (i: number): readonly Field[] => specs.filter((_, other) => subjects[other] === subjects[i]);
  for (const [i, subject] of subjects.entries())
    if (subject !== undefined && subjects.indexOf(subject) === i) refuseConflicts(sameAs(i), reading);
  const policies = specs.map((spec, i): Policy => {
    const { sections, asides } = sectionsOf(spec, { reading, specs: sameAs(i), pods: pods[i] });
    return { spec, subject: subjects[i], sections, asides };
  });
  if (reading.failed) return;
  reportConflictsBetween(document, context);
  const located = placedIn(document, namespace);
  for (const policy of policies) writePolicy(policy, located, writer);
}

/** The document as it is meant: clusterwide policies are in no namespace, others in `default` where they name none. */
function placedIn(document: Document, namespace: string | undefined): Document {
  if (document.namespace === namespace) return document;
  const { namespace: _, ...others } = document;
  return namespace === undefined ? others : { ...others, namespace };
}

type Policy = {
  readonly spec: Field;
  readonly subject: string | undefined;
  readonly sections: readonly Section[];
  readonly asides: readonly Aside[];
};

/** `pods`: of a spec that is about pods. */
function subjectOf(spec: Field, pods: readonly LabelTest[] | undefined, namespace: string | undefined): string | undefined {
  if (pods && namespace !== undefined) return selectorText(pods);
  if (has(spec, 'nodeSelector')) return nodeText(testsIn(member(spec, 'nodeSelector')), 'host')[0];
  const tests = pods ?? testsIn(member(spec, 'endpointSelector'));
  return namespace === undefined || isAboutInit(tests) ? clusterwideSubject(tests) : undefined;
}

const isAboutInit = (tests: readonly LabelTest[]): boolean => tests.some(({ about }) => about.kind === 'reserved' && about.key === 'init');

// --- writing ---------------------------------------------------------------------------------------------------------------

function writePolicy({ spec, subject, sections, asides }: Policy, document: Document, writer: PolicyWriter): void {
  const { namespace, name, at } = document;
  const description = textOf(spec, 'description');
  if (subject === undefined || sections.length === 0) {
    writer.comment(subject === undefined ? 'No endpoint can have the labels that its subject asks for.' : 'It says nothing.');
    return;
  }
  if (description !== undefined) writer.comment(description.replace(/[^\P{C}\n]/gu, ' '));
  const place = at(spec.path);
  const write = (whom: string, parts: readonly Section[]): void => {
    writer.line(`@origin(${quoted(originText(document))})`, place);
    writer.block(`policy ${writer.name(namespace === undefined ? name : `${namespace}-${name}`)} for ${whom}`, place, () => {
      for (const section of parts) writeSection(section, at, writer);
    });
  };
  write(subject, sections);
  for (const aside of asides) {
    writer.comment(aside.why);
    write(aside.whom, [aside.section]);
  }
}

function writeSection({ direction, path, lines }: Section, at: Document['at'], writer: PolicyWriter): void {
  if (lines.length === 0) writer.line(`${direction} {}`, at(path));
  else
    writer.block(direction, at(path), () => {
      for (const line of lines) {
        if ('comment' in line) writer.comment(line.comment);
        else writer.line(line.text, at(line.path));
      }
    });
}
