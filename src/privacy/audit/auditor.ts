/** Attacks one (cut, mechanism, codec) after another, and scores what comes out. The truth stays in here. */
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { CodecName } from '../../plan/index.ts';
import { createRandom, type Random } from '../../random.ts';
import type { Reconstruction } from '../attacks/index.ts';
import { compileMechanism, isRandom } from '../mechanisms/index.ts';
import { meanOf, ssim } from '../metrics/index.ts';
import type { AttackName } from './attack-list.ts';
import type { AttackSettings } from './attack-settings.ts';
import { type AttackCache, type Kept, memoryCache } from './cache.ts';
import { resolvedAt } from './calibration.ts';
import { Device, layoutAt } from './device.ts';
import { type Exposure, ExposureMeter } from './exposure.ts';
import { FeatureSpace } from './features.ts';
import { aboveAnswer } from './floor.ts';
import { keeping } from './keeping.ts';
import { mount } from './knowledge.ts';
import { leakProbe } from './leak-probe.ts';
import { defaultMemoryBytes } from './memory.ts';
import { attacksOn } from './mounting.ts';
import { type Onslaught, onslaught, seenOfVictims } from './onslaught.ts';
import type { AuditResult } from './result.ts';
import { imagesOf } from './score.ts';
import type { Subject } from './subject.ts';
import { imagesOfSplit, type KnownTruth, openTruth } from './truth.ts';
import { type Utility, utility } from './utility.ts';

export interface AuditorOptions extends AttackSettings {
  /** Victims; default 100. */
  readonly images: number;
  readonly seed: number;
  readonly attacks: readonly AttackName[];
  /** Where finished attacks are kept and looked for; `about` says what the auditor cannot: digest of the model, version. */
  readonly cache?: { readonly store: AttackCache; readonly about: Readonly<Record<string, unknown>> } | undefined;
  /** Victims beside those, attacked with them and scored apart. Default none. */
  readonly heldBack?: number | undefined;
  /** Of the intervals of what is held back. */
  readonly confidence?: number | undefined;
  /** Whether a cut whose pictures an attack gets back is spared the attacks after it. */
  readonly sparing?: boolean | undefined;
  /** SSIM above which a cut is refused anyway: at its upper end, it spares the attacks after it. */
  readonly maxSsim?: number | undefined;
  /** Of this run, in memory: what was finished before the audit began. */
  readonly finished?: AttackCache | undefined;
  /** Seconds that an attack on a cut is expected to take, so that progress is of time. Default: all alike. */
  readonly expected?: ((cut: string, attack: string, defense: string) => number) | undefined;
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

/** SSIM, at the lower end of its interval, from which on nobody asks what other attacks get. */
const openFrom = 0.9;

/** What came of attacks on one cut, mechanism and codec, by all observers. */
export interface Cell extends Onslaught {
  /** What is known of the cut and defense without any attack. */
  readonly exposure: Exposure;
}

interface Opened {
  readonly device: Device;
  /** The same device, seen so many times. */
  readonly watchedBy: (observations: number) => Device;
  /** Without mechanism and codec. */
  readonly bare: Device;
  readonly random: Random;
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
  readonly #keeping: ReturnType<typeof keeping>;
  readonly #probe: ReturnType<typeof leakProbe>;
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
    this.#probe = leakProbe(subject, data, options.cache, (own, small) => Auditor.create(engine, subject, own, small));
    this.#keeping = keeping(options, {
      data: data.sha256,
      engine: engine.name,
      preprocessing: subject.preprocessing,
      answers: memoryCache(),
    });
  }

  /** Of the intervals of what is held back. */
  get confidence(): number {
    return this.#options.confidence ?? 0.95;
  }

  /** The canonical spec at a cut, what it leaves open measured on training pictures. @throws CutlineError CUT_NOT_FOUND, DEFENSE_SPEC, DEFENSE_TARGET */
  resolved(cutId: string, defense: string, signal?: AbortSignal): Promise<string> {
    const leakage = this.#probe(signal);
    return resolvedAt(this.#engine, this.#subject, this.#data, this.#subject.cut(cutId), defense, leakage, signal);
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
    const { observations = [1], sparing, maxSsim = 1, confidence } = this.#options;
    const enough = (r: AuditResult) => (sparing && r.ssim.low >= openFrom) || r.ssim.high > maxSsim;
    const opened = await this.#open(cutId, defense, codec, signal);
    const { device, random } = opened;
    const { accuracy, agreement, cosine, images } = await this.#utility(opened, random.fork('utility'), signal);
    const kept = {
      accuracy: accuracy?.share ?? null,
      accuracyImages: accuracy ? images : 0,
      utility: { accuracy, agreement, cosine },
    };
    // Watching what never changes shows nothing more.
    const watched = isRandom(device.view.mechanism) ? observations : [1];
    const parts: Onslaught[] = [];
    for (const [i, k] of watched.entries()) {
      // More looks at what one look opens show nothing new.
      if (parts.some((p) => p.results.some(enough))) break;
      const { attacks, ground } = this.#mounting(opened, this.#options.attacks, k, signal);
      parts.push(
        await onslaught(attacks, {
          ground,
          truth: this.truth,
          features: this.#features,
          about: { observations: k, ...kept },
          insist: this.#options.insist ?? false,
          giveUp: this.#options.giveUp ?? false,
          enough,
          confidence,
          expected: (attack) => this.#options.expected?.(device.cut.id, attack, defense) ?? 1,
          onProgress: (done, attack) => onProgress?.((i + done) / watched.length, attack),
        }),
      );
    }
    const strongest = parts.reduce((a, b) => (best(b.results) >= best(a.results) ? b : a));
    return {
      results: parts.flatMap((p) => aboveAnswer(p.results, random)),
      confirmation: parts.flatMap((p) => aboveAnswer(p.confirmation, random, confidence)),
      skipped: parts.flatMap((p) => p.skipped),
      failed: parts.flatMap((p) => p.failed),
      refusal: parts.find((p) => p.refusal)?.refusal,
      pictures: strongest.pictures,
      decoders: strongest.decoders,
      exposure: await this.#exposure.measure(device, random.fork('exposure'), signal),
    };
  }

  /**
   * Mounts the first attack for its mean SSIM alone.
   * @throws CutlineError as `audit`, and what the attack throws
   */
  async leakage(cutId: string, defense: string, signal?: AbortSignal): Promise<number> {
    const opened = await this.#open(cutId, defense, 'float32', signal);
    const { attacks, ground } = this.#mounting(opened, this.#options.attacks, 1, signal);
    const observed = await seenOfVictims(ground, this.truth);
    const { pictures, missed = [] } = await mount(attacks[0]!, { ...ground, observed });
    const seen = imagesOf(pictures, this.#subject.preprocessing);
    const left = new Set(missed.map((m) => m.victim));
    return meanOf(ssim(this.truth.victims, seen).filter((_, i) => !left.has(i)));
  }

  /**
   * Mounts one attack and scores nothing: how long it takes is the question. What it finishes the audit need not do again.
   * @returns the seconds it took when it was made, where it was kept
   */
  async attempt(
    cutId: string,
    defense: string,
    name: AttackName,
    signal: AbortSignal,
    onProgress: (done: number) => void,
  ): Promise<number | undefined> {
    const { attacks, ground } = this.#mounting(await this.#open(cutId, defense, 'float32', signal), [name], 1, signal);
    const observed = await seenOfVictims(ground, this.truth);
    const found: Reconstruction & Partial<Kept> = await mount(attacks.at(-1)!, { ...ground, observed, onProgress });
    return found.seconds;
  }

  async #open(cutId: string, defense: string, codec: CodecName, signal?: AbortSignal): Promise<Opened> {
    const cut = this.#subject.cut(cutId);
    const layout = layoutAt(this.#subject, cut);
    const mechanism = compileMechanism(await this.resolved(cutId, defense, signal), layout);
    const own = { engine: this.#engine, subject: this.#subject, cut };
    const bare = new Device({ ...own, mechanism: compileMechanism('none', layout) });
    const watchedBy = (observations: number) => new Device({ ...own, mechanism, codec, observations });
    return { device: watchedBy(1), watchedBy, bare, random: this.#random.fork(cut.id).fork(mechanism.spec) };
  }

  /** Attacks by somebody who sees each scene so many times, and what they are granted. */
  #mounting(
    { device, watchedBy, bare, random }: Opened,
    names: readonly AttackName[],
    observations: number,
    signal?: AbortSignal,
  ) {
    const { memoryBytes = defaultMemoryBytes, adaptive = true } = this.#options;
    const { cut, codec, view } = device;
    const keep = this.#keeping(cut.id, { mechanism: view.mechanism, codec, observations });
    const ground = {
      engine: this.#engine,
      subject: this.#subject,
      data: this.#data,
      device: watchedBy(observations),
      ...(!adaptive && { believed: bare }),
      reserved: this.#reserved,
      memoryBytes,
      random: observations === 1 ? random : random.fork(`${observations} observations`),
      pictureRandom: this.#random.fork('attacker’s pictures'),
      signal,
    };
    return { attacks: attacksOn(cut, names, this.#options, keep), ground };
  }

  #utility({ device, bare }: Opened, random: Random, signal?: AbortSignal): Promise<Utility> {
    const limit = this.#options.accuracyImages ?? 1000;
    const isBare = device.view.mechanism.stages.length === 0 && !device.view.wire;
    const measure = () => {
      const devices = { device: isBare ? bare : device, bare };
      return utility(this.#engine, this.#subject, devices, this.#data.test, random, limit, signal);
    };
    if (!isBare) return measure();
    // Without a mechanism and a lossy codec every cut computes the same.
    this.#undefended ??= measure();
    return this.#undefended;
  }
}

const best = (results: readonly AuditResult[]): number => Math.max(-1, ...results.map((r) => r.ssim.high));
