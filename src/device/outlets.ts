/** Where lines go: the results first, whose failure ends the run, then the sinks, whose failures end nothing. */
import type { Line } from './recorder.ts';
import type { Results } from './results/index.ts';

export interface Outlets {
  readonly write: (line: Line) => Promise<void>;
  /** Writes what waits. @throws CutlineError OUTPUT_NOT_WRITABLE */
  close(): Promise<void>;
}

/** @throws CutlineError OUTPUT_NOT_WRITABLE */
export async function openOutlets({ results }: { readonly results: Results | undefined }): Promise<Outlets> {
  const lines = await results?.open();
  return {
    async write({ head, outputs }) {
      await lines?.append(`${JSON.stringify({ ...head, outputs })}\n`);
    },
    async close() {
      await lines?.close();
    },
  };
}
