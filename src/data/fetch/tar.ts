/** Just enough of tar (POSIX.1-1988, ustar) to take known files out of a known archive. */
import { CutlineError } from '../../errors.ts';

const BLOCK = 512;

/**
 * Yields the bytes of the members wanted, in archive order, in pieces. Everything else is passed over; nothing in the
 * archive decides where anything is written.
 * @param wanted names with the size each must have
 * @param path names the archive in errors
 * @throws CutlineError DATA_MALFORMED
 */
export async function* tarMembers(
  archive: AsyncIterable<Uint8Array>,
  wanted: Readonly<Record<string, number>>,
  path: string,
): AsyncGenerator<{ readonly name: string; readonly bytes: Uint8Array }> {
  const malformed = (problem: string) => new CutlineError('DATA_MALFORMED', { path, problem });
  const found = new Set<string>();
  let header = Buffer.alloc(0);
  let current: string | undefined;
  let remaining = 0;
  let padding = 0;

  for await (const chunk of archive) {
    let at = 0;
    while (at < chunk.length) {
      if (remaining > 0) {
        const bytes = chunk.subarray(at, at + remaining);
        if (current !== undefined) yield { name: current, bytes };
        remaining -= bytes.length;
        at += bytes.length;
      } else if (padding > 0) {
        const skipped = Math.min(padding, chunk.length - at);
        padding -= skipped;
        at += skipped;
      } else {
        const part = chunk.subarray(at, at + BLOCK - header.length);
        header = Buffer.concat([header, part]);
        at += part.length;
        if (header.length < BLOCK) break;
        const entry = parseHeader(header);
        header = Buffer.alloc(0);
        if (!entry) continue;
        const size = Object.hasOwn(wanted, entry.name) && entry.isFile ? wanted[entry.name] : undefined;
        if (size !== undefined) {
          if (entry.size !== size) throw malformed(`${entry.name} has ${entry.size} bytes, expected ${size}`);
          if (found.has(entry.name)) throw malformed(`${entry.name} is there twice`);
          found.add(entry.name);
        }
        current = size === undefined ? undefined : entry.name;
        remaining = entry.size;
        padding = (BLOCK - (entry.size % BLOCK)) % BLOCK;
      }
    }
  }
  if (remaining > 0 || header.length > 0) throw malformed('the archive ends early');
  const missing = Object.keys(wanted).find((name) => !found.has(name));
  if (missing !== undefined) throw malformed(`${missing} is not in the archive`);

  function parseHeader(block: Buffer): { name: string; size: number; isFile: boolean } | undefined {
    if (block.every((byte) => byte === 0)) return undefined;
    const text = (from: number, to: number) => block.toString('latin1', from, to).replace(/[\0 ].*$/s, '');
    const checksum = block.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
    const size = Number.parseInt(text(124, 136), 8);
    if (Number.parseInt(block.toString('latin1', 148, 156).trim(), 8) !== checksum || !(size >= 0)) {
      throw malformed('not a tar archive');
    }
    const type = block.toString('latin1', 156, 157);
    return { name: text(0, 100), size, isFile: type === '0' || type === '\0' };
  }
}
