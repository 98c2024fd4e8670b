// A policy of Kubernetes as it stands in policy text, whatever version it came from.
import { listed, quoted } from '../cilium/texts.ts';
import { type Document, originText, type Path } from '../importer.ts';
import type { PolicyWriter } from '../writer.ts';

export type Direction = 'ingress' | 'egress';
export type Rule = {
  readonly action: 'allow' | 'deny' | 'pass';
  /** Absent: anybody. An empty list is nobody. */
  readonly peers?: readonly string[];
  /** Absent: every protocol. */
  readonly ports?: readonly string[];
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
    writer.comment('No workload can have the labels that its subject asks for.');
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
        else writer.line(ruleText(rule, direction), at(rule.path));
      }
    });
}

function ruleText({ action, peers, ports, priority, name }: Rule, direction: Direction): string {
  const parts = [
    action,
    peers ? `${direction === 'ingress' ? 'from' : 'to'} ${listed(peers)}` : '',
    ports ? `at ${listed(ports)}` : '',
    priority === undefined || priority === 0 ? '' : `priority ${priority}`,
    name === undefined ? '' : `@name(${quoted(name)})`,
  ];
  return parts.filter((part) => part !== '').join(' ');
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
