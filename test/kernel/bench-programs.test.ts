// The programs of the bench use the headers of the templates: they load whenever these change.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { benchObject, loadBench } from '../../bench/datapath/verdict.ts';
import { atEnd, kernelTest } from '../harness/kernel.ts';

kernelTest('the programs that measure a verdict load', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-programs-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  loadBench(benchObject(folder)).close();
});

test.run();
