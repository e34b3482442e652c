/** Whether a folder may be opened as a store of LMDB. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { CutlineError } from './errors.ts';

/** What a file of LMDB begins with, after the header of its first page: of any other, LMDB makes a crash of the process. */
const MAGIC = { at: 24, bytes: Buffer.from('dec0efbe', 'hex') };

/** @throws CutlineError STORE_INVALID where something else lies in its place */
export async function requireLmdb(path: string): Promise<void> {
  const file = await open(join(path, 'data.mdb')).catch(() => undefined);
  if (!file) return;
  try {
    const head = Buffer.alloc(MAGIC.at + MAGIC.bytes.length);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    if (bytesRead === 0 || head.subarray(MAGIC.at).equals(MAGIC.bytes)) return;
    throw new CutlineError('STORE_INVALID', { path, problem: 'its data.mdb is no file of LMDB' });
  } finally {
    await file.close();
  }
}
