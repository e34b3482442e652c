/** A disk of a few kilobytes: a small tmpfs, where the tests may mount one. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, type TestContext } from 'vitest';
import { skip } from './shared.ts';

/** @returns its folder; gone when the test is. Skips, saying so, where nothing can be mounted. */
export function fullDisk(ctx: TestContext, bytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'cutline-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder]);
  onTestFinished(() => {
    if (status === 0) spawnSync('umount', [folder]);
    rmdirSync(folder);
  });
  if (status !== 0) skip(ctx, 'no file system can be mounted here');
  return folder;
}
