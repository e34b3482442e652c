/** What the results of an audit say about one candidate to each observer: what the protocol is held against. Pure. */

import { encodingOf } from '../codecs.ts';
import type { Evidence, EvidenceAttack, Leakage } from '../plan/index.ts';
import { isRandom } from '../privacy/mechanisms/index.ts';
import { canMount } from '../threats.ts';
import type { LeakageEntry, ResultEntry, SkippedEntry } from './audit.ts';
import { capAt, mechanismAt } from './code.ts';
import type { Option } from './facts.ts';
import { FLOOR, GUESS, guessAt } from './leakage.ts';

/** The figures of one observer, without where they come from. */
export type Observed = Omit<
  Evidence,
  'hop' | 'protocol' | 'confirmation' | 'auditSha256' | 'dataSha256' | 'victimsSha256' | 'seed'
>;

interface Figures {
  readonly results: readonly ResultEntry[];
  readonly leakage: readonly LeakageEntry[];
  readonly skipped?: readonly SkippedEntry[];
}

/** An attack that was spared found another one open enough: it did not fail to apply. */
const spared = 'ATTACK_SPARED';

/** What a candidate sends. */
export interface SentOption extends Omit<Option, 'cut'> {
  readonly cut: Pick<Option['cut'], 'id' | 'tensors'>;
}

/** An entry for each number of observations that was attacked; none where nothing was. */
export function observedAt(option: SentOption, figures: Figures, threat: Leakage['threat']): Observed[] {
  const { cut, defense, codec } = option;
  const loss = [encodingOf(codec), 'float32'] as const;
  const mine = (e: { cut: string; defense: string; threat: Leakage['threat'] }) =>
    e.cut === cut.id && e.defense === defense && canMount(threat, e.threat);
  const here = figures.results.filter(mine);
  const against = loss.find((l) => here.some((r) => encodingOf(r.codec) === l && r.threat === threat));
  if (!against) return [];
  const results = here.filter((r) => encodingOf(r.codec) === against);
  // Of another cut, which follows from this one.
  const inherited = figures.leakage.filter((e) => mine(e) && e.inherited && encodingOf(e.codec) === against);
  const deterministic = !isRandom(mechanismAt(option));
  const bitsCap = capAt(option);
  const guess = guessAt(cut.id, defense, figures.results);
  const skipped = (figures.skipped ?? []).filter((s) => s.cut === cut.id && s.defense === defense && s.code !== spared);
  return [...new Set(results.map((r) => r.observations ?? 1))]
    .sort((a, b) => a - b)
    .map((observations): Observed => {
      const own = results.filter((r) => (r.observations ?? 1) === observations);
      const strongest = [...own, ...inherited].reduce((a, b) => (b.ssim.high > a.ssim.high ? b : a));
      const seen = guess > strongest.ssim.high ? { mean: guess, low: guess, high: guess } : strongest.ssim;
      const worstDecile = Math.max(...own.map((r) => r.ssim.worstDecile ?? Number.NEGATIVE_INFINITY));
      const floor = own.find((r) => r.attack === FLOOR)?.ssim ?? null;
      const gains = own.flatMap((r) => (r.attack !== FLOOR && r.overAnswer ? [r.overAnswer] : []));
      const fewest = own.reduce((a, b) => (b.images < a.images ? b : a));
      const missed = fewest.missed?.length ?? 0;
      return {
        observer: { threat, observations },
        deterministic,
        cut: cut.id,
        defense,
        // Evidence against the same losses is evidence against this codec: deflate shows nothing more.
        codec: against === encodingOf(codec) ? codec : against,
        attacks: attacksOf(own, skipped),
        strongest: seen === strongest.ssim ? strongest.attack : GUESS,
        ...('inherited' in strongest && strongest.inherited && { inherited: strongest.inherited }),
        images: fewest.images,
        ...(missed > 0 && { missed }),
        ssim: { ...seen, ...(Number.isFinite(worstDecile) && { worstDecile }) },
        ...(strongest.psnr && { psnr: strongest.psnr }),
        reidentification: plain(most(own, (r) => r.reidentification)),
        sameLabel: shareOf(most(own, (r) => r.labelAgreement)),
        floor,
        overAnswer: gains.length > 0 ? gains.reduce((a, b) => (b.high > a.high ? b : a)) : null,
        bitsCap,
      };
    });
}

function attacksOf(results: readonly ResultEntry[], skipped: readonly SkippedEntry[]): EvidenceAttack[] {
  const run = results.map(({ attack, budgets = {}, usual, settings, exhausted }) => ({
    name: attack,
    ...budgets,
    ...(usual && { usual }),
    ...(settings && { settings }),
    ...(exhausted && { exhausted }),
  }));
  const names = new Set(run.map((a) => a.name));
  const not = skipped
    .filter((s) => !names.has(s.attack))
    .map(({ attack, message, settings }) => ({
      name: attack,
      inapplicable: message.slice(0, 2000),
      ...(settings && { settings }),
    }));
  return [...run, ...not].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)) as EvidenceAttack[];
}

/** The one whose upper end is highest, with what the plan tells of it. */
function most<T extends { readonly high: number }>(
  results: readonly ResultEntry[],
  of: (result: ResultEntry) => T | undefined,
): T | null {
  const known = results.flatMap((r) => of(r) ?? []);
  return known.length > 0 ? known.reduce((a, b) => (b.high > a.high ? b : a)) : null;
}

/** An audit that this process made holds more than its document is read for. */
const plain = (found: ResultEntry['reidentification'] | null): Observed['reidentification'] =>
  found
    ? {
        rank1: found.rank1,
        low: found.low,
        high: found.high,
        gallery: found.gallery,
        ...(found.whole && { whole: true }),
      }
    : null;

const shareOf = (found: ResultEntry['labelAgreement'] | null): Observed['sameLabel'] =>
  found ? { share: found.share, low: found.low, high: found.high } : null;
