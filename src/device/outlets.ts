/** Where lines go: the results first, whose failure ends the run, then the sinks, whose failures end nothing. */
import type { Line } from './recorder.ts';
import type { Results } from './results/index.ts';
import { openSink, type Sink, type SinkContext, type SinkSettings } from './sinks/index.ts';

export interface Outlets {
  /** @throws CutlineError OUTPUT_NOT_WRITABLE of the results */
  readonly write: (line: Line) => Promise<void>;
  readonly sinks: readonly Pick<Sink, 'type' | 'counts'>[];
  /** Writes what waits. @throws CutlineError OUTPUT_NOT_WRITABLE of the results */
  close(): Promise<void>;
}

/** @throws CutlineError of the results and of `openSink`; nothing stays open */
export async function openOutlets(
  results: Results | undefined,
  settings: readonly SinkSettings[],
  context: SinkContext,
): Promise<Outlets> {
  const sinks: Sink[] = [];
  const closeSinks = () => Promise.all(sinks.map((sink) => sink.close()));
  try {
    for (const [number, one] of settings.entries()) sinks.push(await openSink(one, number, context));
    const lines = await results?.open();
    return {
      sinks,
      async write(line) {
        await lines?.append(`${JSON.stringify({ ...line.head, outputs: line.outputs })}\n`);
        await Promise.all(sinks.map((sink) => sink.offer(line)));
      },
      async close() {
        try {
          await lines?.close();
        } finally {
          await closeSinks();
        }
      },
    };
  } catch (error) {
    await closeSinks();
    throw error;
  }
}
