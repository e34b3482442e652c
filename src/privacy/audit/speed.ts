/** How fast this machine mounts each attack, by a short probe of it at the shallowest and at the deepest cut. */
import type { CutlineError } from '../../errors.ts';
import { inLanes } from '../../in-lanes.ts';
import type { Cut } from '../../model/index.ts';
import type { AttackName } from './attack-list.ts';
import type { Auditor } from './auditor.ts';
import { isBeyondAttack } from './beyond.ts';
import { defaultLimits, type ProbeLimits, probe } from './probe.ts';
import type { Work } from './work.ts';

/** Seconds. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

export interface Speed {
  /** Seconds here that so many reckoned seconds of an attack at a cut take. */
  of(attack: AttackName, cut: Pick<Cut, 'headMacs'>, work: number): Range;
  /** Whether the probe has already done all of it. */
  finished(attack: AttackName, cut: string, defense: string): boolean;
}

interface Measured {
  readonly headMacs: number;
  readonly setup: number;
  /** Seconds here for a reckoned one. */
  readonly ratio: number;
}

/** A descent may end early; other work on the machine and what a reckoning does not know of make it longer. */
const [atBest, atWorst] = [0.6, 1.5];
/** Further off where the attack itself told nothing in time. */
const [guessedLow, guessedHigh] = [0.4, 2.5];

/** The hybrid goes on from a decoder that would have to be trained first: it descends as rMLE does. */
const probedAs = (name: AttackName): AttackName => (name === 'hybrid' ? 'rmle' : name);

/**
 * @param auditors one for each probe under way at a time
 * @param workAt what the probe is asked to do, reckoned
 * @param mostSeconds of all probes together
 * @throws CutlineError CANCELLED, and what speaks about more than one attack
 */
export async function measureSpeed(
  auditors: readonly Auditor[],
  attacks: readonly AttackName[],
  cuts: readonly Cut[],
  defense: string,
  workAt: (attack: AttackName, cut: Cut) => Work,
  signal?: AbortSignal,
  mostSeconds = Number.POSITIVE_INFINITY,
): Promise<Speed> {
  if (cuts.length === 0) return speedOf(new Map());
  const names = [...new Set(attacks.map(probedAs))];
  const each = (1000 * mostSeconds * auditors.length) / names.length;
  // The deepest first: where there is time for one only, it is the dearest that must not be guessed.
  const ends = [...new Set(each > shortProbeMs ? [cuts.at(-1)!, cuts[0]!] : [cuts.at(-1)!])];
  const limits = limitsWithin(each / ends.length);
  const jobs = ends.flatMap((cut) => names.map((name) => ({ cut, name })));
  const measured = new Map<AttackName, Measured[]>();
  const finished = new Set<string>();
  await inLanes(
    jobs,
    auditors,
    async ({ cut, name }, _index, auditor, stop) => {
      let kept: number | undefined;
      const attempt = async (s: AbortSignal, told: (done: number) => void) => {
        kept = await auditor.attempt(cut.id, defense, name, s, told);
      };
      const found = await probe(attempt, limits, stop).catch((error: unknown) => {
        const { code } = error as Partial<CutlineError>;
        // The audit will say so; there is nothing to measure.
        if (isBeyondAttack(error) || code?.startsWith('DATA_')) return undefined;
        // It waited for what another probe was stopped at.
        if (code === 'CANCELLED' && !stop.aborted) return undefined;
        throw error;
      });
      if (found?.finished) finished.add(jobKey(name, cut.id, defense));
      const { each, once } = workAt(name, cut);
      if (found && each + once > 0) {
        // What was found in a cache took its time when it was made.
        const wasMade = (kept ?? 0) > 2 * (found.setupSeconds + found.seconds);
        const [setup, seconds] = wasMade ? [0, kept!] : [found.setupSeconds, found.seconds];
        const own = { headMacs: cut.headMacs, setup, ratio: seconds / (each + once) };
        measured.set(name, [...(measured.get(name) ?? []), own]);
      }
    },
    signal,
  );
  return speedOf(measured, finished);
}

const jobKey = (...parts: readonly [AttackName, string, string]): string => JSON.stringify(parts);

/** Below this, milliseconds, an attack is probed at one cut instead of two. */
const shortProbeMs = 8000;

function limitsWithin(mostMs: number): ProbeLimits {
  const { watchedMs, mostMs: usual, shortMs } = defaultLimits;
  const most = Math.min(usual, mostMs);
  return { watchedMs: Math.min(watchedMs, most / 3), mostMs: most, shortMs: Math.min(shortMs, most / 2) };
}

/** Between two cuts in proportion to what their heads compute; attacks that were not measured go as the others do. */
export function speedOf(
  measured: ReadonlyMap<AttackName, readonly Measured[]>,
  finished: ReadonlySet<string> = new Set(),
): Speed {
  const all = [...measured.values()].flat().map((m) => m.ratio);
  const typical = all.length > 0 ? all.reduce((a, b) => a + b, 0) / all.length : 1;
  const of: Speed['of'] = (attack, { headMacs }, work) => {
    const [a, b] = [...(measured.get(probedAs(attack)) ?? [])].sort((x, y) => x.headMacs - y.headMacs);
    if (!a) return { low: guessedLow * typical * work, high: guessedHigh * typical * work };
    const along = b && b.headMacs > a.headMacs ? (headMacs - a.headMacs) / (b.headMacs - a.headMacs) : 0;
    const between = (of: 'setup' | 'ratio') => (b ? a[of] + Math.min(1, Math.max(0, along)) * (b[of] - a[of]) : a[of]);
    const whole = between('setup') + between('ratio') * work;
    return { low: atBest * whole, high: atWorst * whole };
  };
  return { of, finished: (attack, cut, defense) => finished.has(jobKey(attack, cut, defense)) };
}
