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

/** @param nows the network at each of its rates */
export async function utilitiesKept(
  engine: Engine,
  { nows, before }: { readonly nows: readonly Subject[]; readonly before: Subject },
  data: Dataset,
  answer: AnswerKind,
  seed: number,
): Promise<UtilityKept[]> {
  const random = createRandom(seed).fork('utility');
  const { outputs } = await before.whole(1);
  const look = (now: Subject, output: number) =>
    utilityOfNetwork(engine, { now, before, output }, data.test, random, mostImages);
  const [first, ...others] = [...outputs.keys()].filter((i) => outputs[i]!.dtype === 'float32');
  // Labels of other pictures than those that it was made for say nothing of it.
  const isLabelled = answer === 'classes' && data.classes?.length === outputs[first!]!.shape[1];
  const was = isLabelled ? (await look(before, first!)).accuracy : null;
  const kept: UtilityKept[] = [];
  for (const now of nows) {
    const { accuracy, agreement, images, cosine } = await look(now, first!);
    if (answer === 'classes' && agreement) {
      const same = { images, agreement: agreement.share };
      const { share: after, low, high } = (was && accuracy) || agreement;
      kept.push(
        was && accuracy
          ? { kind: 'accuracy', before: was.share, after, low, high, ...same }
          : { kind: 'agreement', before: 1, after, low, high, ...same },
      );
      continue;
    }
    // Of several answers the one that has suffered most.
    let worst = cosine;
    for (const output of answer === 'values' ? others : []) {
      const found = (await look(now, output)).cosine;
      if (found && !(worst && worst.mean <= found.mean)) worst = found;
    }
    if (!worst) throw new Error('no output that can be compared');
    const { mean: after, low, high } = worst;
    kept.push({ kind: 'cosine', before: 1, after, low, high, images, agreement: null });
  }
  return kept;
}
