// Chevrotain's serialised grammar, as far as it is printed.

export type Node = {
  readonly type: string;
  readonly name?: string;
  readonly label?: string;
  readonly pattern?: string;
  readonly separator?: Node;
  readonly definition?: readonly Node[];
};

/** A word or sign that stands for itself. */
export const isLiteral = ({ label }: Node): boolean => label?.startsWith('`') === true;
/** How a token or rule is called. */
export const nodeName = (node: Node): string =>
  node.type === 'NonTerminal' ? (node.name ?? '') : isLiteral(node) ? `'${node.pattern}'` : (node.name ?? '').toUpperCase();
