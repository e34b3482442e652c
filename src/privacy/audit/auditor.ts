/** Attacks one (cut, defense) after another, and scores what comes out. The truth stays in here. */
import { type Dataset, preprocess } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import type { Cut, Graph, Tensor, Tensors } from '../../model/index.ts';
import { createRandom, type Random } from '../../random.ts';
import type { Reconstruction } from '../attacks/index.ts';
import { type Defense, isRelative, parseDefense, resolveDefense, seededNoise } from '../defenses/index.ts';
import type { Images } from '../metrics/index.ts';
import { type AttackName, type AttackSettings, attacksOn, type Keep } from './attack-list.ts';
import { isBeyondAttack, isDispensable, isFailure } from './beyond.ts';
import { type AttackCache, cacheKey, type Kept, kept } from './cache.ts';
import { observe } from './device.ts';
import { type Exposure, ExposureMeter } from './exposure.ts';
import { FeatureSpace } from './features.ts';
import { judged } from './judged.ts';
import { type Ground, mount } from './knowledge.ts';
import type { AuditResult, Failed, Skipped } from './result.ts';
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
  /** Whether a cut whose pictures an attack gets back is spared the attacks after it. */
  readonly sparing?: boolean | undefined;
  /** Of this run, in memory: what was finished before the audit began. */
  readonly finished?: AttackCache | undefined;
  /** Seconds that an attack on a cut is expected to take, so that progress is of time. Default: all alike. */
  readonly expected?: ((cut: string, attack: string) => number) | undefined;
  /** What an attack may take for activations and tables. Default 3 GiB. */
  readonly memoryBytes?: number | undefined;
  /** Pictures for re-identification, the victims among them; default 1000, or the whole test split. */
  readonly gallery?: number | undefined;
  /** Labelled pictures for accuracy; default 1000. */
  readonly accuracyImages?: number | undefined;
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

/** SSIM, at the lower end of its interval, from which on nobody asks what other attacks get. */
const openFrom = 0.9;

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
   * @throws CutlineError CUT_NOT_FOUND, AUDIT_BESIDE, DEFENSE_SPEC, DATA_TOO_FEW, ACTIVATION_*; where cuts are insisted on
   *   NO_GRADIENT_RULE, …
   */
  async audit(
    cutId: string,
    defenseSpec: string,
    signal?: AbortSignal,
    onProgress?: (done: number, attack: string) => void,
  ): Promise<Cell> {
    const { cut, defense, random, observed } = await this.#open(cutId, defenseSpec, signal);
    const { accuracy, images } = await this.#utility(cut, defense, random.fork('utility'), signal);
    const results: AuditResult[] = [];
    const skipped: Skipped[] = [];
    const failed: Failed[] = [];
    let refusal: CutlineError | undefined;
    const decoders = new Map<string, Graph>();
    let pictures: Images | undefined;
    const attacks = attacksOn(cut, this.#options.attacks, this.#options, this.#keeper(cut, defense));
    const seconds = attacks.map((attack) => this.#options.expected?.(cut.id, attack.name) ?? 1);
    const all = seconds.reduce((a, b) => a + b, 0);
    let before = 0;
    for (const [i, attack] of attacks.entries()) {
      const from = before;
      before += seconds[i]!;
      const open = this.#options.sparing ? results.find((r) => r.ssim.low >= openFrom) : undefined;
      if (open) {
        const by = { by: open.attack, ssim: open.ssim.low.toFixed(2) };
        const { code, message } = new CutlineError('ATTACK_SPARED', { cut: cut.id, attack: attack.name, ...by });
        skipped.push({ cut: cut.id, defense: defense.spec, attack: attack.name, code, message });
        continue;
      }
      const report = (done: number) => onProgress?.((from + done * seconds[i]!) / all, attack.name);
      report(0);
      const started = performance.now();
      const mounted = mount(attack, this.#ground(cut, defense, observed, random, signal, report));
      const found: (Reconstruction & Partial<Kept>) | undefined = await mounted.catch((error: unknown) => {
        const where = { cut: cut.id, defense: defense.spec, attack: attack.name };
        // Alone it must succeed or say why.
        if (attacks.length > 1 && isDispensable(attack.threat, error)) {
          skipped.push({ ...where, code: error.code, message: error.message });
        } else if (isBeyondAttack(error) && (isFailure(error) || !this.#options.insist)) {
          refusal ??= error;
          failed.push({ ...where, codec: 'float32', threat: attack.threat, code: error.code, message: error.message });
        } else throw error;
        return undefined;
      });
      if (!found && failed.length > 0 && this.#options.giveUp) break;
      if (!found) continue;
      const seen = imagesOf(found.pictures, this.#subject.preprocessing);
      const missed = new Set(found.missed?.map((m) => m.victim));
      const counted = Array.from({ length: seen.count }, (_, i) => i).filter((i) => !missed.has(i));
      // What was kept took its time when it was made.
      const took = found.seconds ?? (performance.now() - started) / 1000;
      const scores = score(seen, this.truth, counted, random.fork('intervals'));
      if (results.every((r) => scores.ssim.high >= r.ssim.high)) pictures = seen;
      if (found.decoder) decoders.set([attack.name, found.queries ?? []].flat().join(':'), found.decoder);
      results.push({
        cut: cut.id,
        defense: defense.spec,
        codec: 'float32',
        threat: attack.threat,
        attack: attack.name,
        images: counted.length,
        ...scores,
        ...(await this.#features.score(seen, random.fork('intervals'), signal, counted)),
        accuracy,
        accuracyImages: images,
        seconds: took,
        iterations: found.iterations,
        ...(found.queries !== undefined && { queries: found.queries }),
        parameters: found.parameters,
        ...(found.missed && { missed: found.missed }),
      });
    }
    const exposure = await this.#exposure.measure(cut, defense, random.fork('exposure'), signal);
    return { results, skipped, failed, refusal, pictures, decoders, exposure };
  }

  /**
   * Mounts one attack and scores nothing: how long it takes is the question. What it finishes the audit need not do again.
   * @returns the seconds it took when it was made, where it was kept
   */
  async attempt(
    cutId: string,
    defenseSpec: string,
    name: AttackName,
    signal: AbortSignal,
    onProgress: (done: number) => void,
  ): Promise<number | undefined> {
    const { cut, defense, random, observed } = await this.#open(cutId, defenseSpec, signal);
    const attack = attacksOn(cut, [name], this.#options, this.#keeper(cut, defense)).at(-1)!;
    const ground = this.#ground(cut, defense, observed, random, signal, onProgress);
    const found: Reconstruction & Partial<Kept> = await mount(attack, ground);
    return found.seconds;
  }

  /** What the cloud sees of the victims at this cut under this defense. */
  async #open(cutId: string, defenseSpec: string, signal?: AbortSignal) {
    const cut = this.#subject.cut(cutId);
    const defense = await this.#defense(defenseSpec, cut, signal);
    const random = this.#random.fork(cut.id).fork(defense.spec);
    // Each victim has noise of its own, whoever is attacked with it.
    const noise = random.fork('device');
    const ofRow = (row: number) => seededNoise(noise.fork(row));
    const observed = await observe(this.#engine, this.#subject, cut, this.truth.inputs, defense, ofRow, signal);
    return { cut, defense, random, observed };
  }

  #ground(
    cut: Cut,
    defense: Defense,
    observed: Tensors,
    random: Random,
    signal: AbortSignal | undefined,
    onProgress: (done: number) => void,
  ): Ground {
    return {
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
      onProgress,
    };
  }

  /** An attack's outcome hangs on all this; what it is scored with may change. */
  #keeper(cut: Cut, defense: Defense): Keep {
    const { cache, finished, seed, images, gallery, memoryBytes = defaultMemoryBytes } = this.#options;
    return (attack, options) => {
      const sound = judged(attack, cut.id);
      // A decoder from a file has no digest here.
      if ('trained' in options && options.trained) return sound;
      const conditions = { preprocessing: this.#subject.preprocessing, cut: cut.id, defense: defense.spec };
      const draws = { data: this.#data.sha256, seed, images, gallery, memoryBytes, engine: this.#engine.name };
      const key = cacheKey({ ...cache?.about, ...conditions, ...draws, attack: attack.name, options });
      return [cache?.store, finished].reduce((inner, store) => (store ? kept(inner, store, key) : inner), sound);
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
