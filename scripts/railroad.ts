// The grammar as railroad diagrams: one HTML file with static SVG that loads nothing.
import { isLiteral, type Node, nodeName } from './grammar-node.ts';

/** Drawn from (x, y) to (x + width, y); `up` and `down` is what it needs above and below that line. */
type Part = { readonly width: number; readonly up: number; readonly down: number; readonly draw: (x: number, y: number) => string };

const gap = 10;
const radius = 10;
const path = (d: string): string => `<path d="${d}"/>`;
const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const nothing: Part = { width: 0, up: 0, down: 0, draw: () => '' };

function box(node: Node): Part {
  const name = isLiteral(node) ? (node.pattern ?? '') : nodeName(node);
  const [text, width] = [escaped(name), name.length * 8 + 20];
  const isRule = node.type === 'NonTerminal';
  const draw = (x: number, y: number): string => {
    const drawn = `<rect x="${x}" y="${y - 11}" width="${width}" height="22" rx="${isRule ? 0 : 11}"/><text x="${x + width / 2}" y="${y + 4}">${text}</text>`;
    return isRule ? `<a href="#${text}">${drawn}</a>` : drawn;
  };
  return { width, up: 11, down: 11, draw };
}

const maximum = (numbers: readonly number[]): number => Math.max(0, ...numbers);

function sequence(parts: readonly Part[]): Part {
  const drawn = parts.filter(({ width }) => width > 0);
  const width = drawn.reduce((sum, part) => sum + part.width, 0) + gap * Math.max(0, drawn.length - 1);
  const draw = (x: number, y: number): string => {
    let at = x;
    return drawn
      .map((part, i) => {
        const line = i === 0 ? '' : path(`M${at} ${y}h${gap}`);
        at += i === 0 ? 0 : gap;
        const text = line + part.draw(at, y);
        at += part.width;
        return text;
      })
      .join('');
  };
  return { width, up: maximum(drawn.map(({ up }) => up)), down: maximum(drawn.map(({ down }) => down)), draw };
}

/** The first one on the line, the others under it. */
function choice(parts: readonly Part[]): Part {
  const inner = maximum(parts.map(({ width }) => width));
  const width = inner + 4 * radius;
  let offset = 0;
  const offsets = parts.map(({ up }, i) => {
    if (i > 0) offset = Math.max(offset + (parts[i - 1]?.down ?? 0) + gap + up, 2 * radius);
    return offset;
  });
  const branch = (part: Part, x: number, y: number, at: number): string => {
    const [left, right] = [x + 2 * radius, x + width - 2 * radius];
    const rest = path(`M${left + part.width} ${at}H${right}`);
    if (at === y) return path(`M${x} ${y}H${left}`) + part.draw(left, at) + rest + path(`M${right} ${y}H${x + width}`);
    const down = `M${x} ${y}a10 10 0 0 1 10 10V${at - radius}a10 10 0 0 0 10 10`;
    const back = `M${right} ${at}a10 10 0 0 0 10 -10V${y + radius}a10 10 0 0 1 10 -10`;
    return path(down) + part.draw(left, at) + rest + path(back);
  };
  const draw = (x: number, y: number): string => parts.map((part, i) => branch(part, x, y, y + (offsets[i] ?? 0))).join('');
  return { width, up: parts[0]?.up ?? 0, down: offset + (parts.at(-1)?.down ?? 0), draw };
}

/** Once or more; the way back goes under it, through what separates. */
function loop(part: Part, separator: Part): Part {
  const inner = Math.max(part.width, separator.width);
  const width = inner + 2 * radius;
  const offset = Math.max(part.down + gap + separator.up, 2 * radius);
  const draw = (x: number, y: number): string => {
    const [left, right, under] = [x + radius, x + width - radius, y + offset];
    const there = path(`M${x} ${y}H${left}`) + part.draw(left, y) + path(`M${left + part.width} ${y}H${x + width}`);
    const back = path(`M${right} ${y}a10 10 0 0 1 10 10V${under - radius}a10 10 0 0 1 -10 10H${left + separator.width}`);
    return there + back + separator.draw(left, under) + path(`M${left} ${under}a10 10 0 0 1 -10 -10V${y + radius}a10 10 0 0 1 10 -10`);
  };
  return { width, up: part.up, down: offset + separator.down, draw };
}

const inside = ({ definition = [] }: Node): Part => sequence(definition.map(partOf));

function partOf(node: Node): Part {
  const separator = node.separator ? box(node.separator) : nothing;
  switch (node.type) {
    case 'Option':
      return choice([nothing, inside(node)]);
    case 'Repetition':
    case 'RepetitionWithSeparator':
      return choice([nothing, loop(inside(node), separator)]);
    case 'RepetitionMandatory':
    case 'RepetitionMandatoryWithSeparator':
      return loop(inside(node), separator);
    case 'Alternation':
      return choice((node.definition ?? []).map(partOf));
    case 'Alternative':
    case 'Flat':
    case 'Rule':
      return inside(node);
    default:
      return box(node);
  }
}

function diagram(rule: Node): string {
  const part = inside(rule);
  const [width, height, y] = [part.width + 60, part.up + part.down + 20, part.up + 10];
  const ends = path(`M10 ${y - 8}v16M10 ${y}h20`) + path(`M${width - 30} ${y}h20m0 -8v16`);
  return `<h2 id="${rule.name}">${rule.name}</h2>\n<svg width="${width}" height="${height}">${ends}${part.draw(30, y)}</svg>`;
}

const style = `body { font: 15px sans-serif; margin: 2em; }
h2 { font-size: 1em; margin: 2em 0 0.5em; }
svg { display: block; max-width: 100%; overflow: visible; }
path { fill: none; stroke: #444; stroke-width: 1.5; }
rect { fill: #eef4ff; stroke: #444; stroke-width: 1.5; }
a rect { fill: #fff7e0; }
text { font: 13px monospace; text-anchor: middle; }`;

/** The page for all rules of a grammar. */
export const railroadPage = (rules: readonly Node[]): string =>
  [
    '<!doctype html>',
    '<!-- Generated from src/compiler/1-parse by `npm run generate`; do not edit. -->',
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<title>The policy language: syntax</title>',
    `<style>\n${style}\n</style>`,
    '<h1>The policy language: syntax</h1>',
    '<p>Round: as written, or a kind of word. Square: a rule of its own. What it means stands in README.md.</p>',
    ...rules.map(diagram),
    '</html>',
    '',
  ].join('\n');
