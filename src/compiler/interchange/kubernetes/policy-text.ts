// A policy of Kubernetes as it stands in policy text, whatever version it came from.

import { type Document, originText, type Path } from '../importer.ts';
import { listed, quoted } from '../texts.ts';
import type { Part, PolicyWriter } from '../writer.ts';

export type Direction = 'ingress' | 'egress';
/** A peer in policy text, and where it stands. */
export type Peer = { readonly text: string; readonly path: Path };
export const placed = ({ path }: { readonly path: Path }, text: string | undefined): readonly Peer[] =>
  text === undefined ? [] : [{ text, path }];
export type Rule = {
  readonly action: 'allow' | 'deny' | 'pass';
  /** Absent: anybody. An empty list is nobody. */
  readonly peers?: readonly Peer[];
  /** Absent: every protocol. */
  readonly ports?: readonly string[];
  /** Under which the document has them: `ports`. */
  readonly portsKey?: string;
  readonly priority?: number;
  readonly name?: string;
  readonly path: Path;
};
export type Section = { readonly direction: Direction; readonly rules: readonly Rule[]; readonly path: Path };
export type Policy = {
  /** Undefined: nobody can have the labels that are asked for. */
  readonly subject: string | undefined;
  /** `tier admin priority 3`. */
  readonly attributes?: string;
  readonly sections: readonly Section[];
};

export function writePolicy(document: Document, { subject, attributes, sections }: Policy, writer: PolicyWriter): void {
  const { namespace, name, at } = document;
  if (subject === undefined) {
    writer.comment(`${originText(document)}: no workload can have the labels that its subject asks for`);
    return;
  }
  if (sections.length === 0) {
    writer.comment(`${originText(document)} has no rules`);
    return;
  }
  const head = ['policy', writer.name(namespace === undefined ? name : `${namespace}-${name}`), 'for', subject, attributes ?? ''];
  writer.line(`@origin(${quoted(originText(document))})`, at(['metadata', 'name']));
  writer.block(head.join(' ').trim(), at(['metadata', 'name']), () => {
    for (const section of sections) writeSection(document, section, writer);
  });
}

function writeSection({ at }: Document, { direction, rules, path }: Section, writer: PolicyWriter): void {
  if (rules.length === 0) writer.line(`${direction} {}`, at(path));
  else
    writer.block(direction, at(path), () => {
      for (const rule of rules) {
        if (rule.peers?.length === 0) writer.comment(`${rule.action}: nobody can have the labels that are asked for`);
        else writeRule(rule, direction, { at, writer });
      }
    });
}

type Writing = Pick<Document, 'at'> & { readonly writer: PolicyWriter };

/** Findings about a peer, or about the ports, show that one. */
function writeRule(rule: Rule, direction: Direction, { at, writer }: Writing): void {
  const { action, peers, ports, priority, name, path } = rule;
  const parts: Part[] = [];
  let text: string = action;
  const part = (more: string, from: Path): void => {
    parts.push({ start: text.length, span: at(from) });
    text += more;
  };
  if (peers) {
    text += direction === 'ingress' ? ' from ' : ' to ';
    if (peers.length > 1) text += '[';
    for (const [i, peer] of peers.entries()) part(`${i > 0 ? ', ' : ''}${peer.text}`, peer.path);
    if (peers.length > 1) text += ']';
  }
  if (ports) part(` at ${listed(ports)}`, [...path, rule.portsKey ?? 'ports']);
  if (priority !== undefined && priority !== 0) part(` priority ${priority}`, path);
  if (name !== undefined) part(` @name(${quoted(name)})`, [...path, 'name']);
  writer.line(text, at(path), parts);
}

/** `tcp [80, 443]`: the numbers of one protocol together. */
export class PortTexts {
  readonly #numbers = new Map<string, string[] | 'all'>();
  readonly #names: string[] = [];

  /** Without a number: every port of it. */
  add(protocol: string, first?: number, last = first): void {
    const known = this.#numbers.get(protocol) ?? [];
    if (first === undefined || known === 'all') this.#numbers.set(protocol, 'all');
    else this.#numbers.set(protocol, [...known, first === last ? String(first) : `${first}-${last}`]);
  }

  addName(protocol: string, name: string): void {
    this.#names.push(`${protocol} ${quoted(name)}`);
  }

  texts(): readonly string[] {
    const numbered = [...this.#numbers].map(([protocol, numbers]) =>
      numbers === 'all' ? protocol : `${protocol} ${listed([...new Set(numbers)])}`,
    );
    return [...numbered, ...new Set(this.#names)];
  }
}
