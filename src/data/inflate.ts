/** Data files may come gzipped or plain. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { CutlineError } from '../errors.ts';
import { readBounded } from '../files.ts';

const inflate = promisify(gunzip);

/** MNIST's largest file has 47 MB, a CIFAR-10 batch 31 MB. */
const MAX_BYTES = 1 << 30;

/**
 * The bytes of a data file, decompressed if it starts like gzip, whatever its name.
 * @throws CutlineError FILE_*, DATA_MALFORMED for a broken stream or one that unpacks to more than 1 GiB
 */
export async function readInflated(path: string, maxBytes = MAX_BYTES): Promise<Buffer> {
  const bytes = await readBounded(path, maxBytes);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await inflate(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const problem =
      (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
        ? `unpacks to more than ${maxBytes} bytes`
        : `broken gzip (${(error as Error).message})`;
    throw new CutlineError('DATA_MALFORMED', { path, problem }, { cause: error });
  }
}
