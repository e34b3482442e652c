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
  const { outputs } = await before.whole(1);
  const look = (one: Subject, output: number) =>
    utilityOfNetwork(engine, { now: one, before, output }, data.test, random, mostImages, signal);
  const floats = [...outputs.keys()].filter((i) => outputs[i]!.dtype === 'float32');
  const [first] = floats;
  const { accuracy, agreement, images, ...rest } = await look(now, first!);
  if (answer === 'classes' && agreement) {
    const same = { images, agreement: agreement.share };
    // Labels of other pictures than those that it was made for say nothing of it.
    if (accuracy && data.classes?.length === outputs[first!]!.shape[1]) {
      const was = (await look(before, first!)).accuracy!;
      const { share: after, low, high } = accuracy;
      return { kind: 'accuracy', before: was.share, after, low, high, ...same };
    }
    const { share: after, low, high } = agreement;
    return { kind: 'agreement', before: 1, after, low, high, ...same };
  }
  // Of several answers the one that has suffered most.
  let worst = rest.cosine;
  for (const output of answer === 'values' ? floats.slice(1) : []) {
    const { cosine } = await look(now, output);
    if (cosine && !(worst && worst.mean <= cosine.mean)) worst = cosine;
  }
  if (!worst) throw new Error('no output that can be compared');
  return { kind: 'cosine', before: 1, after: worst.mean, low: worst.low, high: worst.high, images, agreement: null };
}
