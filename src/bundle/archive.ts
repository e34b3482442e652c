/** A folder as an archive: the same bytes of the same content, whoever packs it and when. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { CutlineError } from '../errors.ts';

/** @param folder below `parent` @throws CutlineError BUNDLE_FAILED, OUTPUT_NOT_WRITABLE */
export async function archive(parent: string, folder: string, out: string): Promise<void> {
  const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0', '--format=gnu'];
  const tar = spawn('tar', [...same, '-cf', '-', folder], { cwd: parent, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  tar.stderr.on('data', (text: Buffer) => {
    said = `${said}${text.toString()}`.slice(-1000);
  });
  const ended = new Promise<void>((resolve, reject) => {
    const fail = (problem: string) => reject(new CutlineError('BUNDLE_FAILED', { problem }));
    tar.on('error', (error) => fail(`tar: ${error.message}`));
    tar.on('close', (code) => (code === 0 ? resolve() : fail(`tar: ${said.trim() || code}`)));
  });
  const partial = `${out}.partial`;
  try {
    // gzip, which every device can unpack.
    const packed = pipeline(tar.stdout, createGzip({ level: 9 }), createWriteStream(partial));
    await Promise.all([ended, packed]);
    await rename(partial, out);
  } catch (error) {
    await rm(partial, { force: true });
    if (error instanceof CutlineError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CutlineError('OUTPUT_NOT_WRITABLE', { path: out, problem: code ?? message }, { cause: error });
  }
}
