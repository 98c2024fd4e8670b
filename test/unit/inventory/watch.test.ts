// Changes are seen however a file is changed: written in place, replaced, removed and made again, or its whole folder.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { watchFile } from '../../../src/runtime/inventory/watch.ts';

/** Polls so rarely that only the folder watch can have told. */
const times = { settle: 150, poll: 60_000 };

/** How often a change was told. `seen(n)`: until it was told n times. */
async function changesOf(path: string, change: (seen: (count: number) => Promise<void>) => void | Promise<void>): Promise<number> {
  let count = 0;
  const watch = watchFile(path, () => count++, times);
  const seen = async (wanted: number) => {
    for (let tries = 0; tries < 250 && count < wanted; tries++) await sleep(20);
  };
  await change(seen);
  await seen(1);
  await sleep(2 * times.settle);
  watch.close();
  return count;
}

const folder = mkdtempSync(join(tmpdir(), 'policyc-watch-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const fresh = (name: string): string => {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'file'), 'old');
  return join(folder, name, 'file');
};

test('written in place, in pieces: told once', async () => {
  const file = fresh('place');
  const pieces = async () => {
    for (const text of ['n', 'ne', 'new']) {
      writeFileSync(file, text);
      await sleep(5);
    }
  };
  assert.is(await changesOf(file, pieces), 1);
});

test('replaced by renaming, as editors do', async () => {
  const file = fresh('renamed');
  const replace = () => {
    writeFileSync(`${file}.tmp`, 'new');
    renameSync(`${file}.tmp`, file);
  };
  assert.is(await changesOf(file, replace), 1);
});

test('removed and made again', async () => {
  const file = fresh('removed');
  const again = async () => {
    rmSync(file);
    await sleep(5);
    writeFileSync(file, 'new');
  };
  assert.is(await changesOf(file, again), 1);
});

test('its folder replaced by renaming, twice', async () => {
  const file = fresh('folder');
  const swap = (name: string) => {
    fresh(name);
    rmSync(join(folder, 'folder'), { recursive: true });
    renameSync(join(folder, name), join(folder, 'folder'));
  };
  const twice = async (seen: (count: number) => Promise<void>) => {
    swap('next');
    await seen(1);
    swap('last');
    await seen(2);
  };
  assert.is(await changesOf(file, twice), 2);
});

test('a symbolic link above it swapped, as Kubernetes does', async () => {
  fresh('v1');
  fresh('v2');
  symlinkSync('v1', join(folder, 'current'));
  const swap = () => {
    symlinkSync('v2', join(folder, 'current.tmp'));
    renameSync(join(folder, 'current.tmp'), join(folder, 'current'));
  };
  assert.is(await changesOf(join(folder, 'current', 'file'), swap), 1);
});

test('another file in the folder is no change', async () => {
  const file = fresh('other');
  let told = 0;
  const watch = watchFile(file, () => told++, times);
  writeFileSync(`${file}.log`, 'x');
  await sleep(3 * times.settle);
  watch.close();
  assert.is(told, 0);
});

test.run();
