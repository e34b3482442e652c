/** The result of an audit, as `cutline audit --json` prints it. */

import type { FixedInput } from '../../model/index.ts';
import type { CodecName } from '../../plan/index.ts';
import { canMount, decisiveFailure } from '../../threats.ts';
import type { Budgets, Missed, Settings, Threat } from '../attacks/index.ts';
import type { Interval } from '../metrics/index.ts';
import type { Exposure } from './exposure.ts';
import type { FeatureScores } from './features.ts';
import type { BudgetNote } from './prepare.ts';
import type { Scores } from './score.ts';
import type { Utility } from './utility.ts';

export interface AuditResult extends Scores, FeatureScores {
  readonly cut: string;
  /** Canonical spec. */
  readonly defense: string;
  /** The last stage: what the wire carries was attacked. */
  readonly codec: CodecName;
  readonly threat: Threat;
  /** Of each scene, made into one. */
  readonly observations: number;
  readonly attack: string;
  readonly images: number;
  /** Share of right answers of the model under the defense; null for data without labels. */
  readonly accuracy: number | null;
  readonly accuracyImages: number;
  /** What is left of the model, with intervals. */
  readonly utility: Omit<Utility, 'images'>;
  /** Of the attack alone: scoring comes after. */
  readonly seconds: number;
  readonly iterations: number;
  /** Pictures that the device was asked about, for attacks that ask. */
  readonly queries?: number;
  readonly parameters: Readonly<Record<string, number | string>>;
  /** What it was allowed. */
  readonly budgets: Budgets;
  /** What it would have been allowed where nobody says how much: where that is more. */
  readonly usual?: Budgets;
  /** Where it was set otherwise than by default. */
  readonly settings?: Settings;
  /** It asked about every picture there is. */
  readonly exhausted?: true;
  /** SSIM over what the answer alone gives of the same victims; the interval is of the paired differences. Absent without it. */
  readonly overAnswer?: Interval;
  /** Victims of whom the attack found nothing out, by place: no figure counts them. Absent where there are none. */
  readonly missed?: readonly Missed[];
}

/** The strongest attack on one (cut, defense, codec, threat), be it one of a weaker threat: by the upper end of SSIM, then of PSNR. */
export type LeakageResult = Pick<
  AuditResult,
  'cut' | 'defense' | 'codec' | 'threat' | 'observations' | 'attack' | 'images' | 'ssim' | 'psnr' | 'overAnswer'
> & {
  /** Where it was measured, when that is behind this cut: whoever sees this one computes that. */
  readonly inherited?: Pick<AuditResult, 'cut' | 'defense' | 'codec'>;
};

/** A candidate that could not be attacked, or on which an attack that was asked for failed. It is not known to be safe. */
export interface Unaudited {
  readonly cut: string;
  readonly defense: string;
  readonly code: string;
  readonly message: string;
}

/** An attack that did not apply where others did. */
export interface Skipped extends Unaudited {
  readonly attack: string;
  /** Where it was set otherwise than by default: so set it did not apply. */
  readonly settings?: Settings;
}

/** An attack that found nothing out: that is no measurement. */
export interface Failed extends Skipped {
  readonly codec: CodecName;
  readonly threat: Threat;
}

export interface Audit {
  readonly format: 'cutline.audit/1';
  /** Of an audit that was stopped: candidates that are not here were not reached. */
  readonly incomplete?: true;
  /** Of the file, and what `--input` fixed, where it did. */
  readonly model: { readonly sha256: string; readonly fixed?: readonly FixedInput[] };
  readonly results: readonly AuditResult[];
  readonly leakage: readonly LeakageResult[];
  readonly unaudited: readonly Unaudited[];
  readonly failed: readonly Failed[];
  /** Absent where every attack applied. */
  readonly skipped?: readonly Skipped[];
  /** Where less was done than was asked for, or usual. */
  readonly budget?: BudgetNote;
  /** One a (cut, defense) that was audited; no attack is needed for it. */
  readonly exposure: readonly Exposure[];
  readonly data: {
    readonly name: string;
    readonly sha256: string;
    readonly count: number;
    readonly victims: { readonly count: number; readonly sha256: string };
  };
  /** Of attackers who did not know the mechanism: that shows the difference, and is no evidence. Absent where they did. */
  readonly adaptive?: false;
  /** What it was done for; absent without a protocol. */
  readonly protocol?: { readonly name: string; readonly sha256: string };
  /** The same attacks on victims that were held back: a plan looks at them when its search is done. */
  readonly confirmation?: Confirmation;
  readonly seed: number;
}

export interface Confirmation {
  readonly victims: { readonly count: number; readonly sha256: string };
  /** Of its intervals: so many candidates may be looked at before one of them errs with more than the protocol's chance. */
  readonly confidence: number;
  readonly results: readonly AuditResult[];
  readonly leakage: readonly LeakageResult[];
}

/** An attacker of a stronger threat can do all that a weaker one can. What a failed attack leaves open is no leakage. */
export function leakageByThreat(results: readonly AuditResult[], failed: readonly Failed[] = []): LeakageResult[] {
  const best = new Map<string, AuditResult>();
  for (const { cut, defense, codec, threat } of results) {
    const key = JSON.stringify([cut, defense, codec, threat]);
    if (best.has(key) || decisiveFailure({ cut, defense, threat }, failed)) continue;
    const mountable = results.filter(
      (r) => r.cut === cut && r.defense === defense && r.codec === codec && canMount(threat, r.threat),
    );
    best.set(key, { ...mountable.reduce((a, b) => (isStronger(b, a) ? b : a)), threat });
  }
  return [...best.values()].map(
    ({ cut, defense, codec, threat, observations, attack, images, ssim, psnr, overAnswer }) => ({
      cut,
      defense,
      codec,
      threat,
      observations,
      attack,
      images,
      ssim,
      psnr,
      ...(overAnswer && { overAnswer }),
    }),
  );
}

type Strength = Pick<AuditResult, 'ssim' | 'psnr'>;

export const isStronger = (a: Strength, b: Strength): boolean =>
  a.ssim.high > b.ssim.high || (a.ssim.high === b.ssim.high && a.psnr.high > b.psnr.high);
