/** Before an audit begins: what it will do, how long that will take here, and what it leaves out so as to end in time. */
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Cut } from '../../model/index.ts';
import type { AttackName, AttackSettings } from './attack-list.ts';
import type { AuditOptions } from './audit.ts';
import { Auditor } from './auditor.ts';
import { memoryCache } from './cache.ts';
import { type Asked, costInStrength, type Draft, drafts, settingsFor } from './draft.ts';
import { measureSpeed, type Speed } from './speed.ts';
import type { Subject } from './subject.ts';
import { openTruth } from './truth.ts';
import { type WorkFacts, workOf } from './work.ts';

/** What an audit does less than was asked for or is usual, and why; part of its document. */
export interface BudgetNote {
  /** Seconds that were allowed; null for the plan that audits of large networks make of themselves. */
  readonly allowedSeconds: number | null;
  readonly expectedSeconds: Range;
  /** Share of the usual steps and epochs. */
  readonly effort: number;
  readonly images: number;
  readonly attacks: readonly string[];
  readonly cuts: number;
  /** What that costs in strength, in sentences. */
  readonly said: readonly string[];
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

export interface Prepared {
  /** To be run as they are. */
  readonly options: AuditOptions;
  readonly candidates: number;
  readonly expectedSeconds: Range;
  readonly probeSeconds: number;
  /** False where even the least does not fit: what the time does not reach is left out. */
  readonly fits: boolean;
}

export interface PrepareOptions {
  readonly asked: Asked;
  /** Seconds from now on; 'all' for everything however long; undefined for everything, or less where that takes many hours. */
  readonly budget: number | 'all' | undefined;
  /** The cuts stand for others like them: they are not to be fewer, and still not all must be done however long it takes. */
  readonly lazily?: boolean | undefined;
}

/** Reckoned seconds of a core: an audit of more than two hours on two cores makes do with what fits into half an hour. */
const [tooMuch, ownBudget] = [2 * 7200, 2 * 1800];
/** Seconds here that a reckoned second of scoring takes. */
const scoringHere: Range = { low: 0.5, high: 2.5 };
/** Of the time allowed, for the attacks and for probing them: the rest is for what is not reckoned. */
const [share, probeShare] = [0.85, 0.1];

/** @throws CutlineError as `runAudit`, before anything is attacked */
export async function prepareAudit(
  engines: readonly Engine[],
  subject: Subject,
  data: Dataset,
  options: AuditOptions,
  { asked, budget, lazily = false }: PrepareOptions,
): Promise<Prepared> {
  const began = performance.now();
  const { signal } = options;
  const inside = subject.cuts.filter((c) => c.id !== 'input' && c.id !== 'output');
  const cuts = options.cuts ? options.cuts.map((id) => subject.cut(id)) : inside;
  const whole: Draft = { cuts, attacks: options.attacks, images: options.images, effort: 1, sparing: false };
  const reckoning = new Reckoning(subject, data, options);
  const list = drafts(whole, asked);
  let draft = whole;
  if (budget === undefined && (lazily || !asked.cuts) && reckoning.seconds(whole) > tooMuch) {
    draft = list.find((d) => reckoning.seconds(d) <= ownBudget) ?? list.at(-1)!;
  }
  const truth = await openTruth(data, subject, { ...options, images: draft.images }, signal);
  const finished = memoryCache();
  const shared = {};
  const at = (d: Draft): AuditOptions => ({
    ...options,
    ...reckoning.settings(d),
    attacks: d.attacks,
    images: d.images,
    finished,
    shared,
    insist: options.insist ?? options.cuts !== undefined,
    ...(d.cuts.length < whole.cuts.length && { cuts: d.cuts.map((c) => c.id) }),
  });
  reckoning.probed = draft;
  const auditors = engines.map((engine) => new Auditor(engine, subject, data, at(draft), truth));
  const speed = await measureSpeed(
    auditors,
    draft.attacks,
    draft.cuts,
    options.defenses[0]!,
    (attack, cut) => reckoning.work(draft, attack, cut),
    signal,
    typeof budget === 'number' ? probeShare * budget : undefined,
  );
  const lanes = engines.length;
  const left = typeof budget === 'number' ? budget - (performance.now() - began) / 1000 : undefined;
  let fits = true;
  if (left !== undefined) {
    const found = list.find((d) => middle(reckoning.range(d, speed, lanes)) <= share * left);
    fits = found !== undefined;
    draft = found ?? list.at(-1)!;
  }
  const range = reckoning.range(draft, speed, lanes);
  const said = costInStrength(whole, draft, options, reckoning.settings(draft));
  const less = draft !== whole;
  const leftOut = whole.cuts.filter((c) => !draft.cuts.includes(c)).map((c) => c.id);
  const note: BudgetNote = {
    allowedSeconds: typeof budget === 'number' ? budget : null,
    expectedSeconds: range,
    effort: draft.effort,
    images: draft.images,
    attacks: draft.attacks,
    cuts: draft.cuts.length,
    said,
  };
  const until = left === undefined ? undefined : performance.now() + 1000 * left;
  return {
    options: {
      ...at(draft),
      ...(draft.images === truth.victims.count && { truth }),
      ...(draft.sparing && { sparing: true }),
      ...(leftOut.length > 0 && { leftOut }),
      ...((less || typeof budget === 'number') && { note }),
      ...(until !== undefined && { remainingSeconds: () => (until - performance.now()) / 1000 }),
      expected: (id, attack) => reckoning.expected(draft, speed, attack as AttackName, subject.cut(id)),
    },
    candidates: draft.cuts.length * options.defenses.length,
    expectedSeconds: range,
    probeSeconds: (performance.now() - began) / 1000,
    fits,
  };
}

const middle = ({ low, high }: Range): number => (low + high) / 2;

/** What drafts of one audit come to. */
class Reckoning {
  readonly #subject: Subject;
  readonly #data: Dataset;
  readonly #options: AuditOptions;
  readonly #settings = new Map<number, AttackSettings>();
  /** The draft whose attacks are probed. */
  probed: Draft | undefined;

  constructor(subject: Subject, data: Dataset, options: AuditOptions) {
    this.#subject = subject;
    this.#data = data;
    this.#options = options;
  }

  /** One object for each effort, since attacks that share what they have learnt go by it. */
  settings({ effort }: Draft): AttackSettings {
    const known =
      this.#settings.get(effort) ?? settingsFor(this.#options, effort, this.#facts(this.#subject.cuts.at(-1)!, 0));
    this.#settings.set(effort, known);
    return known;
  }

  work(draft: Draft, attack: AttackName, cut: Cut) {
    return workOf(attack, this.#facts(cut, draft.images), this.settings(draft));
  }

  /** Reckoned, on one core. */
  seconds(draft: Draft): number {
    return this.#sum(draft, (_attack, _cut, _defense, work) => work, 1);
  }

  /** Here, on all lanes. */
  range(draft: Draft, speed: Speed, lanes: number): Range {
    const beside = Math.min(lanes, draft.cuts.length * this.#options.defenses.length);
    const end = (which: 'low' | 'high') =>
      this.#sum(
        draft,
        (attack, cut, defense, work) => this.#here(draft, speed, attack, cut, defense, work)[which],
        scoringHere[which],
      ) / beside;
    return { low: end('low'), high: end('high') };
  }

  /** Of one attack on one candidate, here. */
  expected(draft: Draft, speed: Speed, attack: AttackName, cut: Cut): number {
    const { each } = this.work(draft, attack, cut);
    return middle(this.#here(draft, speed, attack, cut, this.#options.defenses[0]!, each)) + this.#scoring(draft, cut);
  }

  #here(draft: Draft, speed: Speed, attack: AttackName, cut: Cut, defense: string, work: number): Range {
    // What the probe has ended was of the draft that it was of.
    const done = draft === this.probed && speed.finished(attack, cut.id, defense);
    return done ? { low: 0, high: 0 } : speed.of(attack, cut, work);
  }

  #sum(
    draft: Draft,
    here: (attack: AttackName, cut: Cut, defense: string, work: number) => number,
    scoring: number,
  ): number {
    const { defenses } = this.#options;
    let sum = 0;
    for (const attack of draft.attacks) {
      for (const cut of draft.cuts) {
        const { each, once } = this.work(draft, attack, cut);
        // The first has what is done once to do besides.
        const own = each + (cut === draft.cuts[0] ? once / defenses.length : 0);
        for (const defense of defenses) sum += here(attack, cut, defense, own) + scoring * this.#scoring(draft, cut);
      }
    }
    return sum;
  }

  /** Metrics of all victims, and a share of what is measured without any attack. */
  #scoring({ images, attacks }: Draft, cut: Cut): number {
    const { channels, height, width } = this.#subject.preprocessing;
    const exposure = Math.min(5e11, Math.min(500, this.#data.test.count) * cut.headMacs) / 8e9;
    return 1e-6 * images * channels * height * width + exposure / attacks.length;
  }

  #facts(cut: Cut, victims: number): WorkFacts {
    const pictures = Math.max(16, this.#data.train.count);
    return { cut, preprocessing: this.#subject.preprocessing, victims, pictures };
  }
}
