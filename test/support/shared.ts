/** What is not part of the repository: reference models and data sets, where they are. */
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { TestContext } from 'vitest';

const folder = resolve(process.env.CUTLINE_SHARED ?? resolve(import.meta.dirname, '../../../shared'));

/** The path of a shared file or folder; skips the test, saying so, where it is not. */
export async function shared(ctx: TestContext, path: string): Promise<string> {
  const full = resolve(folder, path);
  await access(full).catch(() => skip(ctx, `no ${path} in ${folder}: set CUTLINE_SHARED`));
  return full;
}

/** Skips, and does not hide it. */
export function skip(ctx: TestContext, reason: string): never {
  console.warn(`SKIPPED ${ctx.task.name}: ${reason}`);
  return ctx.skip(reason);
}
