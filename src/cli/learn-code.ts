/** The training of `cutline harden`: from its settings to weights, kept between epochs. */
import type { Dataset } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import type { Subject } from '../privacy/audit/index.ts';
import { createRandom } from '../random.ts';
import { type Checkpoint, type EpochReport, type Hardened, harden } from '../training/harden/index.ts';
import { ratesOf } from './check-harden.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { Progress } from './progress.ts';
import type { HardenSettings } from './run-harden.ts';

interface Learning {
  readonly subject: Subject;
  readonly data: Dataset;
  readonly settings: HardenSettings;
  readonly store: CheckpointStore;
  readonly bar: Progress;
  readonly signal: AbortSignal;
}

/** @throws CutlineError what `harden` throws, FILE_NOT_FOUND and RESUME_OTHER of --resume */
export async function learnCode(engine: Engine, about: Learning): Promise<Hardened> {
  const { subject, data, settings, store, bar, signal } = about;
  const cut = subject.cut(settings.at);
  const count = Math.min(settings.pictures ?? data.train.count, data.train.count);
  const chosen = createRandom(settings.seed).fork('chosen').permutation(data.train.count).subarray(0, count);
  const from = settings.resume ? await store.load() : undefined;
  if (from) bar.log(`harden: going on after epoch ${from.fit.losses.length}`);
  const { labels } = data.train;
  if (settings.labels && !labels) throw new CutlineError('USAGE', { problem: `--labels: ${data.name} has none.` });
  let phase = '';
  return harden(
    engine,
    (n) => subject.parts(cut, n),
    {
      count,
      pixels: (indices) =>
        data.train.pixels(
          indices.map((i) => chosen[i]!),
          signal,
        ),
      labels: settings.labels ? Int32Array.from(chosen, (i) => labels![i]!) : undefined,
    },
    {
      ...settings,
      cut: settings.at,
      bits: ratesOf(settings),
      preprocessing: subject.preprocessing,
      featureWeight: undefined,
      classes: data.classes?.length,
      memoryBytes: settings.memoryGb * 2 ** 30,
      random: createRandom(settings.seed),
      from,
      keep: keeping(store, bar),
      signal,
      onProgress: ({ phase: now, done }) => {
        if (now !== phase) bar.begin();
        phase = now;
        bar.update(done, now);
      },
      onEpoch: (report, epochs) => bar.log(epochText(report, epochs)),
    },
  );
}

/** Seconds of training that may be lost: epochs of few pictures are over at once. */
const keepEverySeconds = 10;

/** A disk that is full meanwhile costs what could be resumed, and not the training. */
function keeping(store: CheckpointStore, bar: Progress): (checkpoint: Checkpoint) => Promise<void> {
  let isTold = false;
  let last = Number.NEGATIVE_INFINITY;
  return async (checkpoint) => {
    if (performance.now() - last < 1000 * keepEverySeconds) return;
    last = performance.now();
    try {
      await store.save(checkpoint);
    } catch (error) {
      if (!(error instanceof CutlineError && error.code === 'OUTPUT_NOT_WRITABLE')) throw error;
      if (!isTold) bar.log(`harden: the training is not kept between epochs: ${error.message}`);
      isTold = true;
    }
  };
}

function epochText(
  { epoch, loss, distance, agreement, similarity, comparison, isBest }: EpochReport,
  epochs: number,
): string {
  const kept = agreement === undefined ? '' : `, ${(100 * agreement).toFixed(1)} % answer as before`;
  const seen = similarity === undefined ? '' : `, SSIM of the decoder that learns along ${similarity.toFixed(3)}`;
  const found = comparison === undefined ? '' : `, cross-entropy of who compares codes ${comparison.toFixed(2)}`;
  return `epoch ${epoch + 1}/${epochs}: loss ${loss.toFixed(4)}, distance ${distance.toFixed(4)}${kept}${seen}${found}${isBest ? '' : ' (not better)'}`;
}
