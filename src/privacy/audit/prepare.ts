/** Before an audit begins: what it will do, how long that will take here, and what it leaves out so as to end in time. */
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { checkSpec } from '../mechanisms/index.ts';
import type { AttackName } from './attack-list.ts';
import type { AuditOptions } from './audit.ts';
import { Auditor } from './auditor.ts';
import { memoryCache } from './cache.ts';
import { type Asked, costInStrength, type Draft, drafts } from './draft.ts';
import { middle, Reckoning } from './reckoning.ts';
import { measureSpeed, type Range } from './speed.ts';
import type { Subject } from './subject.ts';
import { openTruth } from './truth.ts';

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
  // A slip of the pen is told before anything is measured.
  for (const defense of options.defenses) checkSpec(defense);
  const whole: Draft = { cuts, attacks: options.attacks, images: options.images, effort: 1, sparing: false };
  const reckoning = new Reckoning(subject, data, options);
  const list = drafts(whole, asked);
  let draft = whole;
  if (budget === undefined && (lazily || !asked.cuts) && reckoning.seconds(whole) > tooMuch) {
    // Attacks that were cut short prove nothing by a protocol: cuts are left out instead, and nothing where those are named.
    const worth = options.protocol ? drafts(whole, { ...asked, attacks: true }).filter((d) => d.effort === 1) : list;
    draft = worth.find((d) => reckoning.seconds(d) <= ownBudget) ?? worth.at(-1)!;
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
    (attack, cut) => reckoning.work(draft, attack, cut, options.defenses[0]!),
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
      ...(draft.images + truth.heldBack === truth.victims.count && { truth }),
      ...(draft.sparing && { sparing: true }),
      ...(leftOut.length > 0 && { leftOut }),
      ...((less || typeof budget === 'number') && { note }),
      ...(until !== undefined && { remainingSeconds: () => (until - performance.now()) / 1000 }),
      expected: (id, attack, defense) =>
        reckoning.expected(draft, speed, attack as AttackName, subject.cut(id), defense),
    },
    candidates: draft.cuts.length * options.defenses.length * (options.codecs?.length ?? 1),
    expectedSeconds: range,
    probeSeconds: (performance.now() - began) / 1000,
    fits,
  };
}
