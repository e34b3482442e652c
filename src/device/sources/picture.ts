/** Bytes that came from somewhere to the picture that the network takes. */
import { createHash } from 'node:crypto';
import { decodeImage } from '../../data/index.ts';
import { CutlineError } from '../../errors.ts';
import type { Picture, Unread } from '../source.ts';
import type { SourceContext } from './source.ts';

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export interface Encoded {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly label?: string | undefined;
  readonly index?: number | undefined;
  readonly sha256?: string | undefined;
  /** What errors call it; its name where there is no path. */
  readonly path?: string | undefined;
}

/** JPEG, PNG and their like. What is none becomes a picture that could not be read. */
export async function pictureOf(encoded: Encoded, context: SourceContext): Promise<Picture | Unread> {
  const { name, bytes, label, index, path = name } = encoded;
  const { size, strictChannels } = context;
  const sha256 = encoded.sha256 ?? sha256Of(bytes);
  try {
    const { channels, height, width } = size;
    return {
      name,
      label,
      index,
      sha256,
      pixels: await decodeImage(bytes, { channels, height, width, strictChannels }, path),
    };
  } catch (error) {
    if (!(error instanceof CutlineError)) throw error;
    return { name, index, sha256, error };
  }
}
