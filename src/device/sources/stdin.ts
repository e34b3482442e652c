/** Frames on standard input. Unless they are to be dropped, whoever writes them waits until they are taken. */
import type { Readable } from 'node:stream';
import { CutlineError } from '../../errors.ts';
import type { Picture, Unread } from '../source.ts';
import { framed } from './framed.ts';
import { mjpegFrames } from './mjpeg.ts';
import { rawFrames } from './raw.ts';
import type { StdinSettings } from './settings.ts';
import { noSourceCounts, type OpenedSource, type SourceContext } from './source.ts';

/** @throws CutlineError SOURCE_STDIN when it is a terminal, and DATA_EMPTY from the source when it ends without a frame */
export function stdinSource(
  settings: StdinSettings,
  context: SourceContext,
  input: Readable & { readonly isTTY?: boolean } = process.stdin,
): OpenedSource {
  if (input.isTTY) throw new CutlineError('SOURCE_STDIN');
  const counts = noSourceCounts();
  const { queue, drop, maxFps, maxFrameBytes } = settings;
  const raw = settings.format === 'raw' ? settings : undefined;
  const { frames, bring, pictures } = framed('stdin', { queue, drop, maxFps, counts }, context, raw);
  const onBroken = () => void counts.broken++;
  const read = async () => {
    const stream = input as AsyncIterable<Buffer>;
    for await (const frame of raw
      ? rawFrames(stream, raw, onBroken)
      : mjpegFrames(stream, { maxFrameBytes, onBroken })) {
      await bring(frame);
      if (context.stop.aborted) break;
    }
  };
  let failure: unknown;
  const letGo = () => void input.destroy();
  return {
    counts,
    isFinite: false,
    pictures: (async function* (): AsyncGenerator<Picture | Unread> {
      context.stop.addEventListener('abort', letGo, { once: true });
      void read()
        .catch((error: unknown) => (failure = error))
        .finally(() => frames.end());
      let any = false;
      for await (const picture of pictures()) {
        any = true;
        yield picture;
      }
      if (context.stop.aborted) return;
      if (failure !== undefined) throw readFailure(failure);
      if (!any && counts.early + counts.dropped === 0) throw new CutlineError('DATA_EMPTY', { path: 'standard input' });
    })(),
    async close() {
      context.stop.removeEventListener('abort', letGo);
      letGo();
    },
  };
}

function readFailure(error: unknown): CutlineError {
  const problem = (error as NodeJS.ErrnoException).code ?? String(error);
  return new CutlineError('FILE_UNREADABLE', { path: 'standard input', problem }, { cause: error });
}
