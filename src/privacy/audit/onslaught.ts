/** All attacks on one device, one after another, each scored against the truth. */
import { CutlineError } from '../../errors.ts';
import type { Graph, Tensors } from '../../model/index.ts';
import type { Attack, Reconstruction } from '../attacks/index.ts';
import type { Images } from '../metrics/index.ts';
import { isBeyondAttack, isDispensable, isFailure } from './beyond.ts';
import type { Kept } from './cache.ts';
import type { FeatureSpace } from './features.ts';
import { type Ground, mount } from './knowledge.ts';
import type { AuditResult, Failed, Skipped } from './result.ts';
import { imagesOf, score } from './score.ts';
import type { KnownTruth } from './truth.ts';

export interface OnslaughtOptions {
  readonly ground: Omit<Ground, 'observed' | 'onProgress'>;
  readonly truth: KnownTruth;
  readonly features: FeatureSpace;
  /** Goes into every result. */
  readonly about: Pick<AuditResult, 'observations' | 'accuracy' | 'accuracyImages'>;
  /** An attack that does not apply is thrown, not told. */
  readonly insist: boolean;
  /** The first that failed ends it. */
  readonly giveUp: boolean;
  /** A device whose pictures an attack gets back is spared the attacks after it. */
  readonly sparing: boolean;
  /** Seconds, so that progress is of time. */
  readonly expected: (attack: string) => number;
  readonly onProgress?: (done: number, attack: string) => void;
}

export interface Onslaught {
  readonly results: readonly AuditResult[];
  readonly skipped: readonly Skipped[];
  readonly failed: readonly Failed[];
  /** Why the first attack that failed did. */
  readonly refusal: CutlineError | undefined;
  /** Reconstructions of the strongest attack; undefined where all failed. */
  readonly pictures: Images | undefined;
  readonly decoders: ReadonlyMap<string, Graph>;
}

/** SSIM, at the lower end of its interval, from which on nobody asks what other attacks get. */
const openFrom = 0.9;

/** What the cloud sees of the victims. Each has noise of its own, whoever is attacked with it. */
export function seenOfVictims(
  { device, random, signal }: OnslaughtOptions['ground'],
  { inputs }: Pick<KnownTruth, 'inputs'>,
): Promise<Tensors> {
  const drawn = random.fork('device');
  return device.observe(inputs, (row) => drawn.fork(row), signal);
}

/** @throws CutlineError what an attack throws that is no failure of its own; with `insist`, that it does not apply */
export async function onslaught(attacks: readonly Attack[], options: OnslaughtOptions): Promise<Onslaught> {
  const { ground, truth, features, about, insist, giveUp, sparing, onProgress } = options;
  const { device, random, signal, subject } = ground;
  const observed = await seenOfVictims(ground, truth);
  const where = { cut: device.cut.id, defense: device.view.mechanism.spec };
  const results: AuditResult[] = [];
  const skipped: Skipped[] = [];
  const failed: Failed[] = [];
  const decoders = new Map<string, Graph>();
  let refusal: CutlineError | undefined;
  let pictures: Images | undefined;
  const seconds = attacks.map((attack) => options.expected(attack.name));
  const all = seconds.reduce((a, b) => a + b, 0);
  let before = 0;
  for (const [i, attack] of attacks.entries()) {
    const from = before;
    before += seconds[i]!;
    const open = sparing ? results.find((r) => r.ssim.low >= openFrom) : undefined;
    if (open) {
      const by = { by: open.attack, ssim: open.ssim.low.toFixed(2) };
      const { code, message } = new CutlineError('ATTACK_SPARED', { cut: where.cut, attack: attack.name, ...by });
      skipped.push({ ...where, attack: attack.name, code, message });
      continue;
    }
    const report = (done: number) => onProgress?.((from + done * seconds[i]!) / all, attack.name);
    report(0);
    const started = performance.now();
    const mounted = mount(attack, { ...ground, observed, onProgress: report });
    const found: (Reconstruction & Partial<Kept>) | undefined = await mounted.catch((error: unknown) => {
      const told = { ...where, attack: attack.name };
      // Alone it must succeed or say why.
      if (attacks.length > 1 && isDispensable(attack, error)) {
        skipped.push({ ...told, code: error.code, message: error.message });
      } else if (isBeyondAttack(error) && (isFailure(error) || !insist)) {
        refusal ??= error;
        const { code, message } = error;
        failed.push({ ...told, codec: device.codec, threat: attack.threat, code, message });
      } else throw error;
      return undefined;
    });
    if (!found && failed.length > 0 && giveUp) break;
    if (!found) continue;
    const seen = imagesOf(found.pictures, subject.preprocessing);
    const missed = new Set(found.missed?.map((m) => m.victim));
    const counted = Array.from({ length: seen.count }, (_, n) => n).filter((n) => !missed.has(n));
    // What was kept took its time when it was made.
    const took = found.seconds ?? (performance.now() - started) / 1000;
    const scores = score(seen, truth, counted, random.fork('intervals'));
    if (results.every((r) => scores.ssim.high >= r.ssim.high)) pictures = seen;
    if (found.decoder) decoders.set([attack.name, found.queries ?? []].flat().join(':'), found.decoder);
    results.push({
      ...where,
      codec: device.codec,
      threat: attack.threat,
      attack: attack.name,
      images: counted.length,
      ...scores,
      ...(await features.score(seen, random.fork('intervals'), signal, counted)),
      ...about,
      seconds: took,
      iterations: found.iterations,
      ...(found.queries !== undefined && { queries: found.queries }),
      parameters: found.parameters,
      ...(found.missed && { missed: found.missed }),
    });
  }
  return { results, skipped, failed, refusal, pictures, decoders };
}
