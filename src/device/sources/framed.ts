/** A stream of frames as a source: frames are taken apart as they come, and decoded when the agent takes one. */
import { CutlineError } from '../../errors.ts';
import type { Picture, Unread } from '../source.ts';
import { Frames, type FramesOptions } from './frames.ts';
import { pictureOf, sha256Of } from './picture.ts';
import { type RawFormat, rawChannels, rawPixels } from './raw.ts';
import type { SourceContext } from './source.ts';

export interface Framed {
  readonly frames: Frames;
  pictures(): AsyncGenerator<Picture | Unread>;
  /** Brings one frame; resolves when the next may come. */
  bring(bytes: Buffer): Promise<void>;
}

/**
 * @param kind what frames are named after: `camera-17`
 * @param raw how their bytes are read, where they are no JPEGs
 */
export function framed(
  kind: string,
  options: Omit<FramesOptions, 'stop'>,
  context: SourceContext,
  raw?: RawFormat,
): Framed {
  const frames = new Frames({ ...options, stop: context.stop });
  let count = 0;
  return {
    frames,
    bring: (bytes) => frames.push({ name: `${kind}-${count++}`, bytes }),
    async *pictures() {
      for (let frame = await frames.take(); frame; frame = await frames.take()) {
        yield raw ? await rawPicture(frame, raw, context) : await pictureOf(frame, context);
      }
    },
  };
}

async function rawPicture(
  { name, bytes }: { readonly name: string; readonly bytes: Buffer },
  raw: RawFormat,
  { size, strictChannels }: SourceContext,
): Promise<Picture | Unread> {
  const sha256 = sha256Of(bytes);
  if (strictChannels && rawChannels(raw) !== size.channels) {
    const details = { path: name, found: rawChannels(raw), wanted: size.channels };
    return { name, sha256, error: new CutlineError('IMAGE_CHANNELS', details) };
  }
  return { name, label: undefined, sha256, pixels: await rawPixels(bytes, raw, size) };
}
