/** What a hardened network leaves of the answers, as one figure with its interval. */
import type { Dataset } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { type Subject, utilityOfNetwork } from '../privacy/audit/index.ts';
import { createRandom } from '../random.ts';
import type { AnswerKind } from '../training/harden/index.ts';

export interface UtilityKept {
  /** Right answers where there are labels; answers as before; or the cosine to them. */
  readonly kind: 'accuracy' | 'agreement' | 'cosine';
  readonly before: number;
  readonly after: number;
  /** 95 %, of what is left. */
  readonly low: number;
  readonly high: number;
  readonly images: number;
  /** Share of answers that choose as before; null for networks that do not choose. */
  readonly agreement: number | null;
}

/** Pictures of the test split that are looked at. */
const mostImages = 10_000;

export async function utilityKept(
  engine: Engine,
  { now, before }: { readonly now: Subject; readonly before: Subject },
  data: Dataset,
  answer: AnswerKind,
  seed: number,
  signal?: AbortSignal,
): Promise<UtilityKept> {
  const random = createRandom(seed).fork('utility');
  const look = (one: Subject) => utilityOfNetwork(engine, { now: one, before }, data.test, random, mostImages, signal);
  const { accuracy, agreement, cosine, images } = await look(now);
  const same = answer === 'classes' ? agreement : null;
  const rest = { images, agreement: same?.share ?? null };
  if (answer === 'classes' && accuracy) {
    const was = (await look(before)).accuracy!;
    const { share: after, low, high } = accuracy;
    return { kind: 'accuracy', before: was.share, after, low, high, ...rest };
  }
  if (same) return { kind: 'agreement', before: 1, after: same.share, low: same.low, high: same.high, ...rest };
  const { mean, low, high } = cosine ?? { mean: Number.NaN, low: Number.NaN, high: Number.NaN };
  return { kind: 'cosine', before: 1, after: mean, low, high, ...rest };
}
