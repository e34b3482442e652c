import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readError } from '../../files.ts';

/** In hex. Piece by piece: a head may be larger than what a supervisor may hold. @throws CutlineError FILE_* */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    throw readError(path, error);
  }
  return hash.digest('hex');
}
