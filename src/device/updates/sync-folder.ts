import { open } from 'node:fs/promises';

/** So that names that were given before a power cut are there after it. Where a file system cannot, it does so by itself. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}
