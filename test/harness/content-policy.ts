// Random policies of one workload about what is said on its connections over TCP.
import type { Direction } from '../../src/compiler/ir/typed.ts';
import type { Random } from './random.ts';

/** `block`: its word and the lines that it may hold; `most`: rules of a policy, lines of a block. */
export type ContentPolicy = {
  readonly section: Direction;
  readonly block: string;
  readonly lines: readonly string[];
  readonly most: { readonly rules: number; readonly lines: number };
};

export function randomContentPolicy(random: Random, { section, block, lines, most }: ContentPolicy): string {
  const rule = (): string => {
    const said = random.chance(0.9)
      ? ` ${block} { ${Array.from({ length: 1 + random.int(most.lines) }, () => random.pick(lines)).join('; ')} }`
      : '';
    return `      ${random.pick(['allow', 'allow', 'deny'])} at tcp${said} priority ${random.int(3)}`;
  };
  const rules = Array.from({ length: 1 + random.int(most.rules) }, rule).join('\n');
  return `
  policy web for { app: "web" } {
    ${section} {
      ${random.chance(0.4) ? 'default allow' : ''}
${rules}
    }
  }`;
}
