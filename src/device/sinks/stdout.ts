/** Lines on standard output, as fast as they are read. */
import type { Delivery } from './sink.ts';
import { Undelivered } from './sink.ts';

export function stdoutDelivery(output: NodeJS.WritableStream = process.stdout): Delivery {
  return {
    deliver: (text, _id, signal) =>
      new Promise((resolve, reject) => {
        const give = () => reject(new Undelivered('nobody reads it'));
        signal.addEventListener('abort', give, { once: true });
        output.write(`${text}\n`, (error) => {
          signal.removeEventListener('abort', give);
          if (!error) resolve();
          else reject(new Undelivered((error as NodeJS.ErrnoException).code ?? error.message, { isFinal: true }));
        });
      }),
    close: async () => {},
  };
}
