/** Attacks one (cut, defense) after another, and scores what comes out. The truth stays in here. */
import { type Dataset, preprocess } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import { type Cut, type Graph, resolveCut, type Tensor } from '../../model/index.ts';
import { createRandom, type Random } from '../../random.ts';
import type { Reconstruction } from '../attacks/index.ts';
import { type Defense, isRelative, parseDefense, resolveDefense, seededNoise } from '../defenses/index.ts';
import type { Images } from '../metrics/index.ts';
import { type AttackName, type AttackSettings, attacksOn, type Keep } from './attack-list.ts';
import { isDispensable } from './beyond.ts';
import { type AttackCache, cacheKey, type Kept, kept } from './cache.ts';
import { observe } from './device.ts';
import { type Exposure, ExposureMeter } from './exposure.ts';
import { FeatureSpace } from './features.ts';
import { mount } from './knowledge.ts';
import type { AuditResult, Skipped } from './result.ts';
import { imagesOf, score } from './score.ts';
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
}

export interface Cell {
  readonly results: readonly AuditResult[];
  /** Query-free attacks that did not apply beside others that did. */
  readonly skipped: readonly Skipped[];
  /** Reconstructions of the strongest attack. */
  readonly pictures: Images;
  /** Decoders that were trained, by attack and number of queries. */
  readonly decoders: ReadonlyMap<string, Graph>;
  /** What is known of the cut and defense without any attack. */
  readonly exposure: Exposure;
}

/** Pictures on which relative noise is calibrated. */
const calibrationPictures = 64;

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

  /**
   * @param defenseSpec as written; a relative scale is made absolute on training pictures
   * @throws CutlineError CUT_NOT_FOUND, DEFENSE_SPEC, DATA_TOO_FEW, NO_GRADIENT_RULE, GRADIENT_REFUSED, ACTIVATION_*,
   * ATTACK_DIVERGED
   */
  async audit(
    cutId: string,
    defenseSpec: string,
    signal?: AbortSignal,
    onProgress?: (done: number) => void,
  ): Promise<Cell> {
    const cut = resolveCut(this.#subject.cuts, cutId);
    const defense = await this.#defense(defenseSpec, cut, signal);
    const random = this.#random.fork(cut.id).fork(defense.spec);
    const observed = await observe(
      this.#engine,
      this.#subject,
      cut,
      this.truth.inputs,
      defense,
      seededNoise(random.fork('device')),
      signal,
    );
    const { accuracy, images } = await this.#utility(cut, defense, random.fork('utility'), signal);
    const results: AuditResult[] = [];
    const skipped: Skipped[] = [];
    const decoders = new Map<string, Graph>();
    let pictures: Images | undefined;
    const attacks = attacksOn(cut, this.#options.attacks, this.#options, this.#keeper(cut, defense));
    for (const [i, attack] of attacks.entries()) {
      const started = performance.now();
      const mounted = mount(attack, {
        engine: this.#engine,
        subject: this.#subject,
        data: this.#data,
        cut,
        defense,
        observed,
        reserved: this.#reserved,
        memoryBytes: this.#options.memoryBytes ?? defaultMemoryBytes,
        random,
        pictureRandom: this.#random.fork('attacker’s pictures'),
        signal,
        onProgress: (done) => onProgress?.((i + done) / attacks.length),
      });
      const found: (Reconstruction & Partial<Kept>) | undefined = await mounted.catch((error: unknown) => {
        // Alone it must succeed or say why.
        if (attacks.length === 1 || !isDispensable(attack.threat, error)) throw error;
        const { code, message } = error;
        skipped.push({ cut: cut.id, defense: defense.spec, attack: attack.name, code, message });
        return undefined;
      });
      if (!found) continue;
      const seen = imagesOf(found.pictures, this.#subject.preprocessing, attack.name, cut.id);
      // What was kept took its time when it was made.
      const seconds = found.seconds ?? (performance.now() - started) / 1000;
      const scores = score(seen, this.truth, random.fork('intervals'));
      if (results.every((r) => scores.ssim.high >= r.ssim.high)) pictures = seen;
      if (found.decoder) decoders.set([attack.name, found.queries ?? []].flat().join(':'), found.decoder);
      results.push({
        cut: cut.id,
        defense: defense.spec,
        codec: 'float32',
        threat: attack.threat,
        attack: attack.name,
        images: seen.count,
        ...scores,
        ...(await this.#features.score(seen, random.fork('intervals'), signal)),
        accuracy,
        accuracyImages: images,
        seconds,
        iterations: found.iterations,
        ...(found.queries !== undefined && { queries: found.queries }),
        parameters: found.parameters,
      });
    }
    const exposure = await this.#exposure.measure(cut, defense, random.fork('exposure'), signal);
    return { results, skipped, pictures: pictures!, decoders, exposure };
  }

  /** An attack's outcome hangs on all this; what it is scored with may change. */
  #keeper(cut: Cut, defense: Defense): Keep {
    const { cache, seed, images, gallery, memoryBytes = defaultMemoryBytes } = this.#options;
    if (!cache) return (attack) => attack;
    return (attack, options) => {
      // A decoder from a file has no digest here.
      if ('trained' in options && options.trained) return attack;
      const conditions = { preprocessing: this.#subject.preprocessing, cut: cut.id, defense: defense.spec };
      const draws = { data: this.#data.sha256, seed, images, gallery, memoryBytes, engine: this.#engine.name };
      const key = cacheKey({ ...cache.about, ...conditions, ...draws, attack: attack.name, options });
      return kept(attack, cache.store, key);
    };
  }

  async #trainingInputs(count: number, random: Random, signal?: AbortSignal): Promise<Tensor> {
    const { train, name } = this.#data;
    const indices = [...random.permutation(Math.max(train.count, 1)).subarray(0, Math.min(count, train.count))];
    if (indices.length < count) {
      throw new CutlineError('DATA_TOO_FEW', { name, wanted: count, found: train.count, split: 'training' });
    }
    return preprocess(await train.pixels(indices, signal), this.#subject.preprocessing);
  }

  async #defense(spec: string, cut: Cut, signal?: AbortSignal): Promise<Defense> {
    if (!isRelative(spec)) return parseDefense(spec);
    const count = Math.max(1, Math.min(calibrationPictures, this.#data.train.count));
    const inputs = await this.#trainingInputs(count, this.#random.fork('calibration'), signal);
    const undefended = parseDefense('none');
    const seen =
      spec.split(':')[2] === 'input'
        ? { input: inputs }
        : await observe(this.#engine, this.#subject, cut, inputs, undefended, seededNoise(this.#random), signal);
    let squares = 0;
    let elements = 0;
    for (const { data } of Object.values(seen)) {
      for (const v of data as Float32Array) squares += v * v;
      elements += data.length;
    }
    return resolveDefense(spec, Math.sqrt(squares / elements));
  }

  #utility(cut: Cut, defense: Defense, random: Random, signal?: AbortSignal): Promise<Utility> {
    const measure = () =>
      utility(
        this.#engine,
        this.#subject,
        cut,
        this.#data.test,
        defense,
        seededNoise(random),
        this.#options.accuracyImages ?? 1000,
        signal,
      );
    // Without a defense every cut computes the same.
    if (defense.law.kind !== 'identity') return measure();
    this.#undefended ??= measure();
    return this.#undefended;
  }
}
