// A long run, in chunks: `npx tsx test/fuzz/many.ts [--inputs N] [--seed N] [--log FILE] [--part 0/2]`. The log gets one line
// (JSON) for each chunk and each failure; a run that was ended goes on behind the chunks that stand there. Prints the same, then
// the totals; ends with 1 when something was found.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { inputOf } from './inputs.ts';
import { files } from './seeds.ts';
import { shrunk, shrunkSlow } from './shrink.ts';
import { type Cost, type Passage, through } from './through.ts';
import { watch } from './watchdog.ts';

const perChunk = 5000;
const tooLong = 1000;

type Failure = { readonly index: number; readonly problem: string; readonly input: string };
type Chunk = {
  readonly chunk: number;
  /** Of the texts that inputs begin with: an input's number means something only together with it. */
  readonly texts: string;
  readonly inputs: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly reached: Readonly<Record<Passage['reached'], number>>;
  readonly slowest: Cost & { readonly index: number };
};

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    log: { type: 'string', default: '/dev/null' },
    part: { type: 'string', default: '0/1' },
  },
});
const { log: file } = values;
const seed = Number(values.seed);
const [own = 0, parts = 1] = values.part.split('/').map(Number);
const write = (line: object): void => appendFileSync(file, `${JSON.stringify(line)}\n`);
const watched = watch(60);
const texts = createHash('sha256').update(files.join('\0')).digest('hex').slice(0, 12);

const kinds = new Map<string, number>();
/** Each kind of problem is shrunk and written three times. */
function note(index: number, problem: string, input: () => string | Buffer): void {
  const kind = problem.replace(/`[^`]*`|\d+/g, '').slice(0, 200);
  const seen = kinds.get(kind) ?? 0;
  kinds.set(kind, seen + 1);
  if (seen >= 3) return;
  watched.begin(`shrinking ${seed} ${index}`, '');
  const failure: Failure = { index, problem, input: input().toString() };
  write(failure);
  console.log(`FAIL seed ${seed} input ${index}: ${problem}\n${failure.input.slice(0, 2000)}\n----`);
}

function one(index: number): Passage & { readonly size: number } {
  const input = inputOf(seed, index);
  watched.begin(`seed ${seed} input ${index}`, input);
  let passage = through(input);
  // What is slow once may have met the collector of garbage or the optimizer: it has to be slow again.
  if (passage.slowest.milliseconds > tooLong) {
    const { slowest } = through(input);
    if (slowest.milliseconds < passage.slowest.milliseconds) passage = { ...passage, slowest };
  }
  const [problem] = passage.problems;
  if (problem !== undefined) note(index, problem, () => shrunk(input, problem));
  const { step, milliseconds } = passage.slowest;
  if (milliseconds > tooLong) note(index, `slow: ${step}, ${Math.round(milliseconds)} ms`, () => shrunkSlow(input, tooLong));
  return { ...passage, size: input.length };
}

function runChunk(chunk: number): Chunk {
  const start = performance.now();
  const reached = { source: 0, parse: 0, check: 0, emit: 0 };
  let bytes = 0;
  let slowest: Chunk['slowest'] = { index: 0, step: '', milliseconds: 0 };
  for (let index = chunk * perChunk; index < (chunk + 1) * perChunk; index++) {
    const { slowest: cost, size, reached: last } = one(index);
    reached[last]++;
    bytes += size;
    if (cost.milliseconds > slowest.milliseconds) slowest = { index, ...cost };
  }
  return { chunk, texts, inputs: perChunk, seconds: (performance.now() - start) / 1000, bytes, reached, slowest };
}

const isChunk = (line: object): line is Chunk => 'chunk' in line;
const before: readonly object[] =
  existsSync(file) && file !== '/dev/null'
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
    : [];
const done: Chunk[] = before.filter(isChunk);
const earlier = before.length - done.length;

const wanted = Array.from({ length: Math.ceil(Number(values.inputs) / perChunk) }, (_, i) => i);
const open = wanted.filter((one) => one % parts === own && !done.some(({ chunk }) => chunk === one));
for (const chunk of open) {
  const result = runChunk(chunk);
  write(result);
  done.push(result);
  console.log(`${done.length}/${wanted.length} ${JSON.stringify(result)}`);
}
const sum = (of: (chunk: Chunk) => number): number => done.reduce((total, chunk) => total + of(chunk), 0);
const [slowest] = done.map((chunk) => chunk.slowest).sort((a, b) => b.milliseconds - a.milliseconds);
const found = earlier + [...kinds.values()].reduce((total, count) => total + count, 0);
console.log(
  JSON.stringify({ seed, inputs: sum(({ inputs }) => inputs), seconds: Math.round(sum(({ seconds }) => seconds)), slowest, found }),
);
watched.end();
process.exitCode = found > 0 ? 1 : 0;
