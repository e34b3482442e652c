import { open } from 'node:fs/promises';

/** So that what a file or folder holds before a power cut is there after it, names of files too. Where a file system cannot, it does so by itself. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
