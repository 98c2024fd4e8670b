// Many HTTP rules stay cheap to build: patterns that end in `/**` under each other, one peer or one subject each. A pattern too many
// ends with the limit by its name, in the same time.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { emittedPolicy } from '../harness/compile.ts';
import { random } from '../harness/random.ts';

const words = ['orders', 'users', 'cart', 'api', 'v1', 'v2', 'items', 'admin', 'health', 'img', 'static', 'pay', 'auth', 'x', 'y'];

/** Different paths of one to five segments, many of them the beginning of others. */
function paths(count: number): readonly string[] {
  const source = random(5);
  const made = new Set<string>();
  while (made.size < count) made.add(Array.from({ length: 1 + source.int(5) }, () => source.pick(words)).join('/'));
  return [...made];
}

const ofOneSubject = (count: number): string => {
  const rules = paths(count).map((path, i) => `    allow from { app: "c${i}" } at tcp 80 http { GET "/${path}/**" }`);
  return `policy web for { app: "web" } {\n  ingress {\n${rules.join('\n')}\n  }\n}\n`;
};
const ofManySubjects = (count: number): string =>
  paths(count)
    .map(
      (path, i) =>
        `policy p${i} for { app: "w${i}" } {\n  ingress {\n    allow from { app: "c" } at tcp 80 http { GET "/${path}/**" }\n  }\n}\n`,
    )
    .join('\n');

/** Seconds of CPU. */
function buildTime(text: string): number {
  const begun = process.cpuUsage();
  emittedPolicy(text);
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1e6;
}

for (const [name, policy] of Object.entries({ 'one subject': ofOneSubject, 'a subject each': ofManySubjects }))
  test(`2,000 rules that end in /**, ${name}`, () => {
    buildTime(policy(100));
    const [few, many] = [buildTime(policy(500)), buildTime(policy(2000))];
    console.log(`${name}: ${few.toFixed(1)} s for 500, ${many.toFixed(1)} s for 2,000`);
    // Four times as many in less than twelve times the time: less than n^1.8.
    assert.ok(many < 15 && many / few < 12, `${few} s, then ${many} s`);
  });

test.run();
