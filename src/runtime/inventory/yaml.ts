// YAML text -> plain value, and the line on which each part of it stands. js-yaml keeps no positions; its listener
// tells where every node opens and closes, from which a tree of lines is built beside the value. All scalars stay
// text (the failsafe schema): a label `yes` or `1.10` is what was written.
import { FAILSAFE_SCHEMA, load, type State, YAMLException } from 'js-yaml';

/** Keys and indices from the root to a part of the value. */
export type ValuePath = readonly (string | number)[];

export type YamlDocument = {
  readonly value: unknown;
  /** 1-based line of the part at `path`, or of the nearest part above it that has one. */
  readonly lineOf: (path: ValuePath) => number;
};
export type YamlFailure = { readonly line: number; readonly message: string };

type Node = { line: number; kind: string; result: unknown; readonly children: Node[] };

/** Parses one document; a text without any content is `null`. Duplicate keys are an error. */
export function parseYaml(
  text: string,
): { readonly ok: true; readonly document: YamlDocument } | { readonly ok: false; readonly failure: YamlFailure } {
  const lines = new LineTree();
  try {
    const value = load(text, { schema: FAILSAFE_SCHEMA, listener: (event, state) => lines.note(event, state) }) ?? null;
    return { ok: true, document: { value, lineOf: (path) => lines.lineOf(path) } };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return { ok: false, failure: { line: (error.mark?.line ?? 0) + 1, message: error.reason } };
  }
}

class LineTree {
  private readonly open: Node[] = [];
  private root: Node | undefined;

  note(event: 'open' | 'close', state: State): void {
    if (event === 'open') {
      this.open.push({ line: lineOfContent(state), kind: 'scalar', result: null, children: [] });
      return;
    }
    const node = this.open.pop();
    if (!node) return;
    node.kind = state.kind;
    node.result = state.result;
    const parent = this.open[this.open.length - 1];
    if (parent) parent.children.push(node);
    else this.root = node;
  }

  lineOf(path: ValuePath): number {
    let node = this.root;
    let line = node?.line ?? 1;
    for (const step of path) {
      const found = node && child(node, step);
      if (!found) break;
      line = found.line;
      node = found.value;
    }
    return line;
  }
}

/** The line where the node's own text begins: the listener is told before blanks and comments are skipped. */
function lineOfContent(state: State): number {
  const skipped = /^(?:\s|#[^\n]*)*/.exec(state.input.slice(state.position))?.[0] ?? '';
  return state.line + 1 + (skipped.match(/\n/g)?.length ?? 0);
}

type Found = { readonly line: number; readonly value: Node | undefined };

const child = (node: Node, step: string | number): Found | undefined =>
  typeof step === 'number' ? itemOf(node, step) : entryOf(node, step);

// INVARIANT: an empty value opens no node, so a value is recognised by its identity, never by counting.
function itemOf(node: Node, index: number): Found | undefined {
  const items: readonly unknown[] = Array.isArray(node.result) ? node.result : [];
  let at = 0;
  for (let i = 0; i <= index && i < items.length; i++) {
    const candidate = node.children[at];
    const matches = candidate !== undefined && Object.is(candidate.result, items[i]);
    if (i === index) return { line: matches ? candidate.line : node.line, value: matches ? candidate : undefined };
    if (matches) at++;
  }
  return undefined;
}

function entryOf(node: Node, key: string): Found | undefined {
  if (node.kind !== 'mapping') return undefined;
  const values = new Map(Object.entries(node.result ?? {}));
  for (let at = 0; at < node.children.length; at++) {
    const name = node.children[at];
    const next = node.children[at + 1];
    const value = name && next && Object.is(values.get(String(name.result)), next.result) ? next : undefined;
    if (name?.result === key) return { line: name.line, value };
    if (value) at++;
  }
  return undefined;
}
