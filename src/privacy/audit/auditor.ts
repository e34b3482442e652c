/** Attacks one (cut, mechanism, codec) after another, and scores what comes out. The truth stays in here. */
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { CutlineError } from '../../errors.ts';
import type { Cut, Graph } from '../../model/index.ts';
import type { CodecName } from '../../plan/index.ts';
import { createRandom, type Random } from '../../random.ts';
import { compileMechanism, isRandom } from '../mechanisms/index.ts';
import type { Images } from '../metrics/index.ts';
import { type AttackName, type AttackSettings, attacksOn, type Keep } from './attack-list.ts';
import { type AttackCache, cacheKey, kept } from './cache.ts';
import { resolvedAt } from './calibration.ts';
import { Device, layoutAt } from './device.ts';
import { type Exposure, ExposureMeter } from './exposure.ts';
import { FeatureSpace } from './features.ts';
import { judged } from './judged.ts';
import { onslaught } from './onslaught.ts';
import type { AuditResult, Failed, Skipped } from './result.ts';
import type { Subject } from './subject.ts';
import { imagesOfSplit, type KnownTruth, openTruth } from './truth.ts';
import { type Utility, utility } from './utility.ts';

/** The same on every machine: it decides what is computed together, and so the last digits. */
export const defaultMemoryBytes = 3 * 2 ** 30;

export interface AuditorOptions extends AttackSettings {
  /** Victims; default 100. */
  readonly images: number;
  readonly seed: number;
  readonly attacks: readonly AttackName[];
  /** Where finished attacks are kept and looked for; `about` says what the auditor cannot: digest of the model, version. */
  readonly cache?: { readonly store: AttackCache; readonly about: Readonly<Record<string, unknown>> } | undefined;
  /** What an attack may take for activations and tables. Default 3 GiB. */
  readonly memoryBytes?: number | undefined;
  /** Pictures for re-identification, the victims among them; default 1000, or the whole test split. */
  readonly gallery?: number | undefined;
  /** Labelled pictures for accuracy; default 1000. */
  readonly accuracyImages?: number | undefined;
  /** Of one scene, each attacked where anything is random. Default 1. */
  readonly observations?: readonly number[] | undefined;
  /** False shows what an attacker finds who does not know the mechanism: that is no evidence. Default true. */
  readonly adaptive?: boolean | undefined;
  /** Whoever named the cuts wants them or an error: an attack that does not apply is thrown. One that fails is told. */
  readonly insist?: boolean | undefined;
  /** Whoever asks for the strongest attack alone: a candidate is given up at the first that failed, since it stays unaudited. */
  readonly giveUp?: boolean | undefined;
}

export interface Cell {
  readonly results: readonly AuditResult[];
  /** Query-free attacks that did not apply beside others that did. */
  readonly skipped: readonly Skipped[];
  readonly failed: readonly Failed[];
  /** Why the first attack that failed did. */
  readonly refusal: CutlineError | undefined;
  /** Reconstructions of the strongest attack; undefined where all failed. */
  readonly pictures: Images | undefined;
  /** Decoders that were trained, by attack and number of queries. */
  readonly decoders: ReadonlyMap<string, Graph>;
  /** What is known of the cut and defense without any attack. */
  readonly exposure: Exposure;
}

export class Auditor {
  readonly truth: KnownTruth;
  readonly #engine: Engine;
  readonly #subject: Subject;
  readonly #data: Dataset;
  readonly #options: AuditorOptions;
  readonly #random: Random;
  readonly #reserved: ReadonlySet<number>;
  readonly #features: FeatureSpace;
  readonly #exposure: ExposureMeter;
  #undefended: Promise<Utility> | undefined;

  /** @throws CutlineError DATA_TOO_FEW, AUDIT_IMAGES, AUDIT_GALLERY */
  static async create(
    engine: Engine,
    subject: Subject,
    data: Dataset,
    options: AuditorOptions,
    signal?: AbortSignal,
  ): Promise<Auditor> {
    return new Auditor(engine, subject, data, options, await openTruth(data, subject, options, signal));
  }

  /** @param truth as `openTruth` finds it */
  constructor(engine: Engine, subject: Subject, data: Dataset, options: AuditorOptions, truth: KnownTruth) {
    this.#reserved = new Set(truth.indices);
    this.#engine = engine;
    this.#subject = subject;
    this.#data = data;
    this.#options = options;
    this.#random = createRandom(options.seed);
    this.truth = truth;
    const gallery = (count: number) => imagesOfSplit(data, truth.indices.slice(0, count));
    this.#features = new FeatureSpace(engine, subject, truth, gallery);
    this.#exposure = new ExposureMeter(engine, subject, data);
  }

  /** The canonical spec at a cut, what it leaves open measured on training pictures. @throws CutlineError CUT_NOT_FOUND, DEFENSE_SPEC */
  resolved(cutId: string, defense: string, signal?: AbortSignal): Promise<string> {
    return resolvedAt(this.#engine, this.#subject, this.#data, this.#subject.cut(cutId), defense, signal);
  }

  /**
   * @param defense as written; what it leaves open is measured on training pictures
   * @throws CutlineError CUT_NOT_FOUND, AUDIT_BESIDE, DEFENSE_SPEC, DATA_TOO_FEW, ACTIVATION_*; where cuts are insisted on
   *   NO_GRADIENT_RULE, …
   */
  async audit(
    cutId: string,
    defense: string,
    signal?: AbortSignal,
    onProgress?: (done: number, attack: string) => void,
    codec: CodecName = 'float32',
  ): Promise<Cell> {
    const cut = this.#subject.cut(cutId);
    const { memoryBytes = defaultMemoryBytes, observations = [1], adaptive = true } = this.#options;
    const layout = layoutAt(this.#subject, cut);
    const mechanism = compileMechanism(await this.resolved(cutId, defense, signal), layout);
    const own = { engine: this.#engine, subject: this.#subject, cut };
    const random = this.#random.fork(cut.id).fork(mechanism.spec);
    const device = new Device({ ...own, mechanism, codec });
    const { accuracy, images } = await this.#utility(device, random.fork('utility'), signal);
    // Watching what never changes shows nothing more.
    const watched = isRandom(mechanism) ? observations : [1];
    const parts = [];
    for (const [i, k] of watched.entries()) {
      parts.push(
        await onslaught(
          attacksOn(cut, this.#options.attacks, this.#options, this.#keeper(cut, mechanism.spec, codec, k)),
          {
            ground: {
              engine: this.#engine,
              subject: this.#subject,
              data: this.#data,
              device: k === 1 ? device : new Device({ ...own, mechanism, codec, observations: k }),
              ...(!adaptive && { believed: new Device({ ...own, mechanism: compileMechanism('none', layout) }) }),
              reserved: this.#reserved,
              memoryBytes,
              random: k === 1 ? random : random.fork(`${k} observations`),
              pictureRandom: this.#random.fork('attacker’s pictures'),
              signal,
            },
            truth: this.truth,
            features: this.#features,
            about: { observations: k, accuracy, accuracyImages: images },
            insist: this.#options.insist ?? false,
            giveUp: this.#options.giveUp ?? false,
            onProgress: (done, attack) => onProgress?.((i + done) / watched.length, attack),
          },
        ),
      );
    }
    const strongest = parts.reduce((a, b) => (best(b.results) >= best(a.results) ? b : a));
    return {
      results: parts.flatMap((p) => p.results),
      skipped: parts.flatMap((p) => p.skipped),
      failed: parts.flatMap((p) => p.failed),
      refusal: parts.find((p) => p.refusal)?.refusal,
      pictures: strongest.pictures,
      decoders: strongest.decoders,
      exposure: await this.#exposure.measure(device, random.fork('exposure'), signal),
    };
  }

  /** An attack's outcome hangs on all this; what it is scored with may change. */
  #keeper(cut: Cut, defense: string, codec: CodecName, observations: number): Keep {
    const { cache, seed, images, gallery, adaptive = true, memoryBytes = defaultMemoryBytes } = this.#options;
    if (!cache) return (attack) => judged(attack, cut.id);
    return (attack, options) => {
      // A decoder from a file has no digest here.
      if ('trained' in options && options.trained) return judged(attack, cut.id);
      const device = { cut: cut.id, defense, codec, observations, adaptive };
      const draws = { data: this.#data.sha256, seed, images, gallery, memoryBytes, engine: this.#engine.name };
      const { preprocessing } = this.#subject;
      const key = cacheKey({ ...cache.about, preprocessing, ...device, ...draws, attack: attack.name, options });
      return kept(judged(attack, cut.id), cache.store, key);
    };
  }

  #utility(device: Device, random: Random, signal?: AbortSignal): Promise<Utility> {
    const limit = this.#options.accuracyImages ?? 1000;
    const measure = () => utility(this.#engine, this.#subject, device, this.#data.test, random, limit, signal);
    // Without a mechanism and a lossy codec every cut computes the same.
    if (device.view.mechanism.stages.length > 0 || device.view.wire) return measure();
    this.#undefended ??= measure();
    return this.#undefended;
  }
}

const best = (results: readonly AuditResult[]): number => Math.max(-1, ...results.map((r) => r.ssim.high));
