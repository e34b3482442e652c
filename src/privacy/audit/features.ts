/** Reconstructions judged by the model itself: are they the same thing to it? */
import type { Engine } from '../../engine/index.ts';
import type { Random } from '../../random.ts';
import {
  bootstrap,
  cosines,
  createGallery,
  type Gallery,
  type Images,
  type Interval,
  imagesAt,
  joinRows,
  type Reidentification,
  type Rows,
  type Share,
  sameChoice,
  shareOf,
} from '../metrics/index.ts';
import { ModelView, type View } from './model-view.ts';
import type { Truth } from './score.ts';
import type { Subject } from './subject.ts';

/** A figure that was not computed, and why. */
export interface Omitted {
  readonly metric: string;
  readonly reason: string;
}

/** Over the victims, with 95 % intervals; `baseline` is what the best guess that saw nothing scores. */
export interface FeatureScores {
  /** Cosine between the features of reconstruction and truth, taken at the cut named. */
  readonly featureCosine?: Interval & { readonly baseline: number; readonly cut: string };
  /** Share of reconstructions that the model takes for what it takes their truth for, right or wrong. */
  readonly labelAgreement?: Share & { readonly baseline: number };
  /** As `reidentification`, by features; the gallery is smaller where running the model over it would take long. */
  readonly featureReidentification?: Reidentification;
  readonly omitted?: readonly Omitted[];
}

/** Of runs of the whole model over a gallery: some ten seconds. */
const galleryMacs = 1e12;
/** Of the table of a gallery's features: 128 MB. */
const galleryElements = 2 ** 25;

interface Known {
  readonly view: ModelView;
  readonly truth: View;
  readonly guesses: View;
  readonly gallery: Gallery | undefined;
}

export class FeatureSpace {
  readonly #engine: Engine;
  readonly #subject: Subject;
  readonly #truth: Truth;
  readonly #gallery: (count: number) => AsyncIterable<Images>;
  #known: Known | undefined;

  /** @param gallery the first so many pictures of the gallery, victims first */
  constructor(engine: Engine, subject: Subject, truth: Truth, gallery: (count: number) => AsyncIterable<Images>) {
    this.#engine = engine;
    this.#subject = subject;
    this.#truth = truth;
    this.#gallery = gallery;
  }

  /** @param counted places of the victims that count; default all */
  async score(
    all: Images,
    random: Random,
    signal?: AbortSignal,
    counted: readonly number[] = Array.from({ length: all.count }, (_, i) => i),
  ): Promise<FeatureScores> {
    this.#known ??= await this.#open(signal);
    const { view, guesses, gallery } = this.#known;
    const truth = viewOf(this.#known.truth, counted);
    const { features, scores } = await view.see(imagesAt(all, counted), signal);
    const noLayer = 'the model has no cut of one float32 tensor before its last layer with weights';
    const omitted: Omitted[] = [
      ...(features ? [] : ['featureCosine', 'featureReidentification'].map((metric) => ({ metric, reason: noLayer }))),
      ...(scores ? [] : [{ metric: 'labelAgreement', reason: view.noScores! }]),
    ];
    return {
      ...(features && {
        featureCosine: {
          ...bootstrap(cosines(truth.features!, features), random.fork('feature cosine'), { range: [-1, 1] }),
          baseline: bestGuess(guesses.features!, truth.features!, cosines),
          cut: view.cut!.id,
        },
        featureReidentification: gallery!.identify(features, counted),
      }),
      ...(scores && {
        labelAgreement: {
          ...shareOf(mean(sameChoice(truth.scores!, scores)) * counted.length, counted.length),
          baseline: bestGuess(guesses.scores!, truth.scores!, sameChoice),
        },
      }),
      ...(omitted.length > 0 && { omitted }),
    };
  }

  /** What is the same for every attack. */
  async #open(signal?: AbortSignal): Promise<Known> {
    const { victims, baseline, gallery } = this.#truth;
    const view = await ModelView.open(this.#engine, this.#subject);
    const [truth, guesses] = [await view.see(victims, signal), await view.see(baseline.guesses, signal)];
    if (!truth.features) return { view, truth, guesses, gallery: undefined };
    const macs = this.#subject.cuts.at(-1)!.headMacs;
    const affordable = Math.floor(Math.min(galleryMacs / Math.max(macs, 1), galleryElements / truth.features.length));
    const parts: Rows[] = [];
    for await (const part of this.#gallery(Math.min(gallery.count, Math.max(victims.count, affordable)))) {
      parts.push((await view.see(part, signal)).features!);
    }
    return { view, truth, guesses, gallery: createGallery(joinRows(parts)) };
  }
}

/** Of some of the pictures. */
function viewOf({ features, scores }: View, rows: readonly number[]): View {
  const some = ({ length, data }: Rows): Rows => {
    const out = new Float32Array(rows.length * length);
    for (const [k, i] of rows.entries()) out.set(data.subarray(i * length, (i + 1) * length), k * length);
    return { count: rows.length, length, data: out };
  };
  return { ...(features && { features: some(features) }), ...(scores && { scores: some(scores) }) };
}

/** The guess that does best over all victims, as for the other baselines. */
function bestGuess(guesses: Rows, truth: Rows, compare: (a: Rows, b: Rows) => Float64Array): number {
  let best = Number.NEGATIVE_INFINITY;
  for (let g = 0; g < guesses.count; g++) {
    const row = guesses.data.subarray(g * guesses.length, (g + 1) * guesses.length);
    const repeated = new Float32Array(truth.data.length);
    for (let i = 0; i < truth.count; i++) repeated.set(row, i * truth.length);
    best = Math.max(best, mean(compare(truth, { ...truth, data: repeated })));
  }
  return best;
}

const mean = (values: Float64Array): number => values.reduce((sum, v) => sum + v, 0) / values.length;
