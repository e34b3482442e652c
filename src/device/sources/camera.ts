/** A camera: frames from a program that is kept running, of which the agent takes what it can. */
import { framed } from './framed.ts';
import { mjpegFrames } from './mjpeg.ts';
import { type Command, findProgram, keepRunning } from './program.ts';
import type { CameraSettings } from './settings.ts';
import { noSourceCounts, type OpenedSource, type SourceContext } from './source.ts';

type LiveSettings = Pick<CameraSettings, 'queue' | 'drop' | 'maxFps' | 'maxFrameBytes' | 'silenceS'>;

/**
 * A camera that is not there is waited for: it may be plugged in later.
 * @throws CutlineError SOURCE_PROGRAM
 */
export async function liveSource(
  kind: string,
  command: Command,
  settings: LiveSettings,
  context: SourceContext,
): Promise<OpenedSource> {
  const way = await findProgram(command);
  const counts = noSourceCounts();
  const { queue, drop, maxFps, maxFrameBytes, silenceS } = settings;
  const end = new AbortController();
  const stop = AbortSignal.any([context.stop, end.signal]);
  const { frames, bring, pictures } = framed(kind, { queue, drop, maxFps, counts }, { ...context, stop });
  let running: Promise<void> | undefined;
  const run = () =>
    keepRunning(way, command, {
      async read(output, alive) {
        for await (const frame of mjpegFrames(output, { maxFrameBytes, onBroken: () => void counts.broken++ })) {
          alive();
          await bring(frame);
        }
      },
      onRestart: () => void counts.restarts++,
      silenceMs: silenceS * 1000,
      log: context.log,
      stop,
    }).finally(() => frames.end());
  return {
    counts,
    isFinite: false,
    pictures: (async function* () {
      running = run();
      yield* pictures();
    })(),
    async close() {
      end.abort();
      await running;
    },
  };
}
