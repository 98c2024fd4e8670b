// Whom a policy governs, as one selector: workloads by their labels, the host by a reserved one that only it has.
import { canSelectHost, hostKey, type Requirement, type Selector } from '../space/labels.ts';
import type { Subject } from './typed.ts';

const isHost: Requirement = { kind: 'exists', key: hostKey };

/** Policies share subjects. */
const known = new WeakMap<Subject, Selector>();

/** Without other reserved endpoints: they are none of this machine's, and a target refuses policies for them (5-plan). */
export function subjectSelector(subject: Subject): Selector {
  const selector = known.get(subject) ?? selectorOf(subject);
  known.set(subject, selector);
  return selector;
}

function selectorOf({ workloads, host, reserved = [] }: Subject): Selector {
  const labelled = reserved.filter(({ name }) => name === 'host').flatMap(({ labels = [[]] }) => labels);
  const hosts: Selector = host ? [[]] : labelled;
  return hosts.length === 0 ? workloads : [...workloads, ...hosts.map((conjunction) => [...conjunction, isHost])];
}

/** Does it govern a host, whatever its labels? */
export const governsHost = (subject: Subject): boolean => canSelectHost(subjectSelector(subject));
