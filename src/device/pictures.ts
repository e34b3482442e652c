/**
 * From a picture's file to the network's input. libvips decodes on threads of its own; what is done to each number after it is done
 * here for small inputs, and in a thread for large ones: 5 ms for 3×640×640 numbers, of an event loop that has keepalives to answer.
 */
import { decodeImage, inputShape, type Preprocessing, preprocess } from '../data/index.ts';
import { sizeOf, type Tensor } from '../model/tensor.ts';
import { Thread } from './thread.ts';

export interface PictureOptions {
  readonly preprocessing: Preprocessing;
  /** Refuse a picture of other channels instead of converting it. */
  readonly strictChannels: boolean;
}

export interface PictureReader {
  /** @throws CutlineError what `decodeImage` throws */
  read(path: string): Promise<Tensor>;
  close(): Promise<void>;
}

/** About half a millisecond of the event loop. A thread takes some 20 MB. */
const mostElementsHere = 100_000;

export function pictureReader(options: PictureOptions): PictureReader {
  if (sizeOf(inputShape(1, options.preprocessing)) <= mostElementsHere)
    return { read: (path) => inputOf(path, options), close: async () => {} };
  let thread: Thread<string, Tensor> | undefined;
  return {
    read(path) {
      thread ??= new Thread('pictures', options);
      return thread.ask(path);
    },
    async close() {
      await thread?.close();
    },
  };
}

export async function inputOf(path: string, { preprocessing, strictChannels }: PictureOptions): Promise<Tensor> {
  const { channels, height, width } = preprocessing;
  return preprocess(await decodeImage(path, { channels, height, width, strictChannels }), preprocessing);
}
