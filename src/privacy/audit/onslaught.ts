/** All attacks on one device, one after another, each scored against the truth. */
import { CutlineError } from '../../errors.ts';
import type { Graph, Tensors } from '../../model/index.ts';
import type { Attack, Reconstruction } from '../attacks/index.ts';
import type { Images } from '../metrics/index.ts';
import { isBeyondAttack, isDispensable, isFailure } from './beyond.ts';
import type { Kept } from './cache.ts';
import type { FeatureSpace } from './features.ts';
import { failureOf, leastLeft } from './judged.ts';
import { type Ground, mount } from './knowledge.ts';
import { defaultMemoryBytes } from './memory.ts';
import type { AuditResult, Failed, Skipped } from './result.ts';
import { imagesOf, score } from './score.ts';
import type { KnownTruth } from './truth.ts';

export interface OnslaughtOptions {
  readonly ground: Omit<Ground, 'observed' | 'onProgress'>;
  readonly truth: KnownTruth;
  readonly features: FeatureSpace;
  /** Goes into every result. */
  readonly about: Pick<AuditResult, 'observations' | 'accuracy' | 'accuracyImages' | 'utility'>;
  /** An attack that does not apply is thrown, not told. */
  readonly insist: boolean;
  /** The first that failed ends it. */
  readonly giveUp: boolean;
  /** Whether what an attack has found is enough, and the attacks after it are spared. */
  readonly enough: (found: AuditResult) => boolean;
  /** Of the intervals of what is held back. */
  readonly confidence?: number | undefined;
  /** Seconds, so that progress is of time. */
  readonly expected: (attack: string) => number;
  readonly onProgress?: (done: number, attack: string) => void;
}

export interface Onslaught {
  readonly results: readonly AuditResult[];
  /** The same attacks, scored on the victims that are held back; empty where none are. */
  readonly confirmation: readonly AuditResult[];
  /** Attacks that did not apply beside others that did, or were not needed. */
  readonly skipped: readonly Skipped[];
  readonly failed: readonly Failed[];
  /** Why the first attack that failed did. */
  readonly refusal: CutlineError | undefined;
  /** Reconstructions of the strongest attack; undefined where all failed. */
  readonly pictures: Images | undefined;
  /** Decoders that were trained, by attack and number of queries. */
  readonly decoders: ReadonlyMap<string, Graph>;
}

/** With more of it, what did not fit might have. */
const memoryBelow = (bytes: number) => bytes < defaultMemoryBytes && { memoryGb: bytes / 2 ** 30 };

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
  const { ground, truth, features, about, insist, giveUp, enough, onProgress } = options;
  const { device, random, signal, subject } = ground;
  const observed = await seenOfVictims(ground, truth);
  const where = { cut: device.cut.id, defense: device.view.mechanism.spec };
  const results: AuditResult[] = [];
  const confirmation: AuditResult[] = [];
  const skipped: Skipped[] = [];
  const failed: Failed[] = [];
  const decoders = new Map<string, Graph>();
  let refusal: CutlineError | undefined;
  let pictures: Images | undefined;
  const seconds = attacks.map((attack) => options.expected(attack.name));
  const all = seconds.reduce((a, b) => a + b, 0);
  const fail = ({ name, threat }: Attack, error: CutlineError) => {
    refusal ??= error;
    failed.push({ ...where, attack: name, codec: device.codec, threat, code: error.code, message: error.message });
  };
  let before = 0;
  for (const [i, attack] of attacks.entries()) {
    const from = before;
    before += seconds[i]!;
    const open = results.find(enough);
    if (open) {
      const by = { by: open.attack, ssim: open.ssim.mean.toFixed(2) };
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
        const settings = {
          ...attack.settings,
          ...(error.code === 'MEMORY_BUDGET' && memoryBelow(ground.memoryBytes)),
        };
        const set = Object.keys(settings).length > 0 && { settings };
        skipped.push({ ...told, code: error.code, message: error.message, ...set });
      } else if (isBeyondAttack(error) && (isFailure(error) || !insist)) {
        fail(attack, error);
      } else throw error;
      return undefined;
    });
    if (!found && failed.length > 0 && giveUp) break;
    if (!found) continue;
    const seen = imagesOf(found.pictures, subject.preprocessing);
    const missed = new Set(found.missed?.map((m) => m.victim));
    const places = Array.from({ length: seen.count }, (_, n) => n);
    const searched = seen.count - truth.heldBack;
    // What was kept took its time when it was made.
    const took = found.seconds ?? (performance.now() - started) / 1000;
    const scored = async (from: number, to: number, confidence?: number): Promise<AuditResult | undefined> => {
      const counted = places.slice(from, to).filter((n) => !missed.has(n));
      if (counted.length < leastLeft) return undefined;
      const scores = score(seen, truth, counted, random.fork('intervals'), confidence);
      const left = found.missed?.filter(({ victim }) => victim >= from && victim < to) ?? [];
      return {
        ...where,
        codec: device.codec,
        threat: attack.threat,
        attack: attack.name,
        images: counted.length,
        ...scores,
        reidentification: { ...scores.reidentification, ...(truth.wholeSplit && { whole: true }) },
        ...(await features.score(seen, random.fork('intervals'), signal, counted)),
        ...about,
        seconds: took,
        iterations: found.iterations,
        ...(found.queries !== undefined && { queries: found.queries }),
        budgets: found.budgets,
        ...(found.usual && { usual: found.usual }),
        ...(attack.settings && { settings: attack.settings }),
        ...(found.exhausted && { exhausted: true }),
        parameters: found.parameters,
        ...(left.length > 0 && { missed: left }),
      };
    };
    const result = await scored(0, searched);
    if (!result) {
      const error = failureOf(found.missed!, { cut: where.cut, attack: attack.name, images: searched });
      fail(attack, error);
      continue;
    }
    if (results.every((r) => result.ssim.high >= r.ssim.high)) pictures = seen;
    if (found.decoder) decoders.set([attack.name, found.queries ?? []].flat().join(':'), found.decoder);
    results.push(result);
    const confirmed = truth.heldBack > 0 && (await scored(searched, seen.count, options.confidence));
    if (confirmed) confirmation.push(confirmed);
  }
  return { results, confirmation, skipped, failed, refusal, pictures, decoders };
}
