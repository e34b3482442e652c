/** Ends a source from outside. */
import type { Picture, Source, Unread } from '../source.ts';

/** The same source, whose `return` calls `end` at once: a generator's own would wait for the picture that is being waited for. */
export function untilReturned(source: Source, end: () => void): Source {
  return {
    [Symbol.asyncIterator]() {
      const pictures = source[Symbol.asyncIterator]();
      return {
        next: () => pictures.next(),
        async return(): Promise<IteratorResult<Picture | Unread>> {
          end();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
