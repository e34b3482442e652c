/** Frames without a header: rows of pixels, one frame after the other. */
import { type ImageSize, type Pixels, resizePixels } from '../../data/index.ts';

export interface RawFormat {
  readonly width: number;
  readonly height: number;
  /** One byte a pixel, or three of one pixel beside each other. */
  readonly pixels: 'gray' | 'rgb' | 'bgr';
}

const channelsOf = ({ pixels }: RawFormat): 1 | 3 => (pixels === 'gray' ? 1 : 3);

const bytesOf = (format: RawFormat): number => format.width * format.height * channelsOf(format);

/** @param onBroken called when the stream ends within a frame */
export async function* rawFrames(
  stream: AsyncIterable<Buffer>,
  format: RawFormat,
  onBroken: () => void,
): AsyncGenerator<Buffer> {
  let [frame, filled] = [Buffer.alloc(bytesOf(format)), 0];
  for await (const chunk of stream) {
    for (let from = 0; from < chunk.length; ) {
      const taken = chunk.copy(frame, filled, from);
      from += taken;
      filled += taken;
      if (filled < frame.length) continue;
      yield frame;
      [frame, filled] = [Buffer.alloc(frame.length), 0];
    }
  }
  if (filled > 0) onBroken();
}

/** Brought to a size by the same rule as files. */
export async function rawPixels(bytes: Uint8Array, format: RawFormat, size: ImageSize): Promise<Pixels> {
  const { width, height } = format;
  const channels = channelsOf(format);
  const area = width * height;
  const data = new Uint8Array(channels * area);
  const order = format.pixels === 'bgr' ? [2, 1, 0] : [0, 1, 2];
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) data[c * area + i] = bytes[i * channels + order[c]!]!;
  }
  return resizePixels({ count: 1, channels, height, width, data }, size);
}

export const rawChannels = channelsOf;
