/** `cutline keys`: a new ed25519 pair as PEM files, the private one for its owner's eyes only. */
import { generateKeyPairSync } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { keyId } from '../plan/index.ts';
import { requireNames } from './names.ts';
import { writeNew } from './write-new.ts';

export interface MadeKeys {
  readonly format: 'cutline.keys/1';
  /** The id by which signatures name it. */
  readonly key: string;
  readonly privateKey: string;
  readonly publicKey: string;
}

/** @throws CutlineError USAGE, KEY_EXISTS: neither file is ever written over; OUTPUT_NOT_WRITABLE */
export async function makeKeys(folder: string, name: string): Promise<MadeKeys> {
  requireNames({ '--name': name });
  const pair = generateKeyPairSync('ed25519');
  const privateKey = join(folder, `${name}.key`);
  const publicKey = join(folder, `${name}.pub`);
  await writeNew(privateKey, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, 0o600);
  try {
    await writeNew(publicKey, pair.publicKey.export({ type: 'spki', format: 'pem' }) as string, 0o644);
  } catch (error) {
    // Half a pair is worth nothing, and stands in the way of the next try.
    await rm(privateKey, { force: true });
    throw error;
  }
  return { format: 'cutline.keys/1', key: keyId(pair.publicKey), privateKey, publicKey };
}
