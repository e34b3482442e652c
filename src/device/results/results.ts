/**
 * The results: one JSON line an inference, written as inferences end, so that whatever ends the agent costs nothing that was
 * finished. A file that is there already is gone on with; what is no file is written as it is, never replaced.
 */
import { appendFile, stat } from 'node:fs/promises';
import { CutlineError } from '../../errors.ts';
import { checkWritable, type Place, placeOf, writeDescriptor } from '../../files.ts';
import { appendTo, type Fsync, inTurn, type Lines } from './append.ts';
import { Done } from './done.ts';
import { writeFifo } from './fifo.ts';
import { type Earlier, readEarlier } from './read.ts';

export interface ResultsOptions {
  /** Whose answers need not be asked for again: what one route has answered no other one is asked; undefined: any plan's. */
  readonly planIds: readonly string[] | undefined;
  readonly fsync: Fsync;
  /** What to do with a file that is there: go on with it, add to it and do everything again, or begin it anew. */
  readonly existing: 'resume' | 'add' | 'overwrite';
  readonly log: (line: string) => void;
  readonly stop: AbortSignal;
}

export interface Results {
  /** What need not be done again. */
  readonly earlier: Pick<Earlier, 'done' | 'ids' | 'nextIndex'> | undefined;
  /** Makes or mends the file. @throws CutlineError OUTPUT_NOT_WRITABLE; CANCELLED where a FIFO has no reader before the stop */
  open(): Promise<Lines>;
}

/**
 * Looks at what is there and changes nothing, so that a wrong path is known before anything is sent.
 * @throws CutlineError OUTPUT_NOT_WRITABLE, RESULTS_OTHER, FILE_UNREADABLE
 */
export async function lookAtResults(path: string, options: ResultsOptions): Promise<Results> {
  const { planIds, fsync, existing, log, stop } = options;
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw new CutlineError('OUTPUT_NOT_WRITABLE', { path, problem: 'it is a folder' });
  const place = await placeOf(path).catch((error: unknown) => {
    if (found?.isFIFO()) return { kind: 'fifo' as const };
    throw error;
  });
  if (place.kind !== 'file') return { earlier: undefined, open: () => openStream(path, place, log, stop) };
  await checkWritable(path);
  if (!found || existing === 'overwrite') {
    return { earlier: undefined, open: () => appendTo(path, place.path, { fsync, keepBytes: 0 }) };
  }
  const earlier = await readEarlier(place.path, planIds && new Set(planIds));
  return {
    earlier: existing === 'resume' ? earlier : { ...earlier, done: new Done() },
    async open() {
      if (earlier.lines + earlier.tornBytes > 0) log(told(path, earlier, existing));
      const lines = await appendTo(path, place.path, { fsync, keepBytes: earlier.wholeBytes });
      if (earlier.lacksNewline) await lines.append('\n');
      return lines;
    },
  };
}

function told(path: string, { lines, tornBytes, done, foreign }: Earlier, existing: 'resume' | 'add'): string {
  const torn = tornBytes > 0 ? `, ${tornBytes} bytes of a torn line cut off` : '';
  const others = foreign > 0 ? `, ${foreign} answers are of other plans` : '';
  const use = existing === 'resume' ? `${done.count} answers are not asked for again${others}` : 'more are added';
  return `${path} has ${lines} lines${torn}; ${use}`;
}

async function openStream(
  path: string,
  place: Exclude<Place, { kind: 'file' }> | { readonly kind: 'fifo' },
  log: (line: string) => void,
  stop: AbortSignal,
): Promise<Lines> {
  const nothing = async () => {};
  switch (place.kind) {
    case 'descriptor':
      return inTurn(path, (text) => writeDescriptor(place.fd, text), nothing);
    case 'device':
      return inTurn(path, (text) => appendFile(place.path, text), nothing);
    case 'fifo':
      return writeFifo(path, log, stop);
    default:
      return place satisfies never;
  }
}
