// What is kept of one compilation for the next: the resolved form of each file whose tree is the same, as long as
//   - its declarations have the same numbers,
//   - every file that it imports from is kept too,
//   - what it asked of the rest of the unit (who declares a name for others, who wants its private names) is answered alike.
import { type Report, recorder } from '../diagnostics/diagnostic.ts';
import type { FileAst } from '../ir/ast.ts';
import type { ResolvedPolicyBlock } from '../ir/resolved.ts';
import type { Importer } from './bind-imports.ts';
import { type FileResult, resolveFile } from './file.ts';
import type { FileScope } from './scopes.ts';
import { type Exported, newUnit, type Unit } from './unit.ts';

type Kept = {
  readonly result: FileResult;
  readonly replay: (report: Report) => void;
  readonly base: number;
  readonly targets: readonly (FileResult | undefined)[];
  readonly wanted: string;
  readonly asked: ReadonlyMap<string, Exported | undefined>;
};
type Range = { readonly base: number; readonly size: number };

export class ResolveMemory {
  readonly #files = new WeakMap<FileAst, Kept>();
  #ranges: ReadonlyMap<string, Range> = new Map();
  #next = 0;
  #sorted: readonly ResolvedPolicyBlock[] = [];
  #known: ReadonlySet<ResolvedPolicyBlock> = new Set();

  /** The number of each file's first declaration: the one it had, as long as its declarations have room there. */
  bases(files: readonly { readonly path: string; readonly size: number }[]): readonly number[] {
    const live = files.reduce((sum, { size }) => sum + size, 0);
    const isScattered = this.#next > 16 * live + 65_536;
    const before = isScattered ? new Map<string, Range>() : this.#ranges;
    if (isScattered) this.#next = 0;
    const ranges = new Map<string, Range>();
    const bases = files.map(({ path, size }) => {
      const known = ranges.has(path) ? undefined : before.get(path);
      const range = known && known.size >= size ? known : this.#newRange(known ? 2 * size : size);
      ranges.set(path, range);
      return range.base;
    });
    this.#ranges = ranges;
    return bases;
  }

  #newRange(size: number): Range {
    const base = this.#next;
    this.#next += size;
    return { base, size };
  }

  /** Every file resolved; they come each after those that it imports from. */
  files(importers: readonly Importer[], unit: Unit): ReadonlyMap<FileScope, FileResult> {
    const results = new Map<FileScope, FileResult>();
    for (const { scope, targets } of importers) {
      const kept = this.#kept(
        scope,
        targets.map((target) => target && results.get(target)),
        unit,
      );
      const isCircle = targets.some((target) => target && !results.has(target));
      if (isCircle) this.#files.delete(scope.file);
      else this.#files.set(scope.file, kept);
      kept.replay(unit.report);
      results.set(scope, kept.result);
    }
    return results;
  }

  #kept(scope: FileScope, targets: Kept['targets'], unit: Unit): Kept {
    const kept = this.#files.get(scope.file);
    const wanted = [...scope.wanted].sort().join();
    if (kept && kept.base === scope.base && kept.wanted === wanted && areSame(kept.targets, targets) && areAnswered(kept.asked, unit))
      return kept;
    const { report, replay } = recorder();
    const asked = new Map<string, Exported | undefined>();
    const exported = (name: string): Exported | undefined => {
      const answer = unit.exported(name);
      asked.set(name, answer);
      return answer;
    };
    return { result: resolveFile(newUnit(unit.domains, report, exported), scope), replay, base: scope.base, targets, wanted, asked };
  }

  /** Policies in the order of their names; most of them stand in it already, and sorting what is nearly sorted is cheap. */
  sorted(policies: readonly ResolvedPolicyBlock[]): readonly ResolvedPolicyBlock[] {
    const now = new Set(policies);
    const before = this.#known;
    const kept = this.#sorted.filter((policy) => now.has(policy));
    this.#sorted = [...kept, ...policies.filter((policy) => !before.has(policy)).sort(byName)].sort(byName);
    this.#known = now;
    return this.#sorted;
  }
}

const byName = ({ name: a }: ResolvedPolicyBlock, { name: b }: ResolvedPolicyBlock): number => (a < b ? -1 : a > b ? 1 : 0);

const areSame = (a: Kept['targets'], b: Kept['targets']): boolean => a.length === b.length && a.every((one, index) => one === b[index]);

function areAnswered(asked: Kept['asked'], { exported }: Unit): boolean {
  for (const [name, before] of asked) {
    const now = exported(name);
    if (now?.kind !== before?.kind || now?.path !== before?.path || !isSamePlace(now, before)) return false;
  }
  return true;
}

const isSamePlace = (a: Exported | undefined, b: Exported | undefined): boolean =>
  a?.span.source === b?.span.source && a?.span.start === b?.span.start;
