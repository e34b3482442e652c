/**
 * From a picture to the network's input: done here for small inputs, and in a thread for large ones: 5 ms for 3×640×640 numbers, of
 * an event loop that has keepalives to answer. libvips has decoded it on threads of its own.
 */
import { inputShape, type Pixels, type Preprocessing, preprocess } from '../data/index.ts';
import { sizeOf, type Tensor } from '../model/tensor.ts';
import { Thread } from './thread.ts';

export interface InputReader {
  /** @param pixels of the size that the preprocessing says */
  read(pixels: Pixels): Promise<Tensor>;
  close(): Promise<void>;
}

/** About half a millisecond of the event loop. A thread takes some 20 MB. */
const mostElementsHere = 100_000;

export function inputReader(preprocessing: Preprocessing): InputReader {
  if (sizeOf(inputShape(1, preprocessing)) <= mostElementsHere)
    return { read: async (pixels) => preprocess(pixels, preprocessing), close: async () => {} };
  let thread: Thread<Pixels, Tensor> | undefined;
  return {
    read(pixels) {
      thread ??= new Thread('inputs', preprocessing);
      return thread.ask(pixels);
    },
    async close() {
      await thread?.close();
    },
  };
}
