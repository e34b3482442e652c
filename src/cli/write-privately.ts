/** Files for their owner's eyes only, from their first byte on. */
import { chmod } from 'node:fs/promises';
import { writeAtomically } from '../files.ts';

/** Whole or not there. @throws CutlineError OUTPUT_NOT_WRITABLE */
export async function writePrivately(path: string, text: string): Promise<void> {
  const before = process.umask(0o077);
  try {
    await writeAtomically(path, text);
  } finally {
    process.umask(before);
  }
  await chmod(path, 0o600).catch(() => {});
}
