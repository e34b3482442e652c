/** A folder as an archive: the same bytes of the same content, whoever packs it and when. */
import { rename, rm } from 'node:fs/promises';
import { runProgram } from './program.ts';

/** @param folder below `parent` @throws CutlineError BUNDLE_FAILED */
export async function archive(parent: string, folder: string, out: string): Promise<void> {
  const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0', '--format=gnu'];
  const partial = `${out}.partial`;
  try {
    // gzip, which every device can unpack; the program, since Node's own is made for speed and packs 3 % less.
    await runProgram('tar', ['-c', ...same, '--use-compress-program=gzip -9n', '-f', partial, folder], parent);
    await rename(partial, out);
  } finally {
    await rm(partial, { force: true });
  }
}
