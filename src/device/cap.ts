/** Holds what is sent to the bits that the plan promises. */
import { type EncodedTensor, writtenBits } from '../broker/index.ts';
import { carriesCodes } from '../codecs.ts';
import { CutlineError } from '../errors.ts';
import type { Plan } from '../plan/index.ts';
import { bitsCapOf } from '../privacy/mechanisms/index.ts';
import type { DeviceMechanism } from './release.ts';

/** Throws CAP_EXCEEDED for a message that tells more than the plan promises. */
export type CapCheck = (tensors: readonly EncodedTensor[]) => void;

/**
 * What is promised is the least of the plan's evidence, of what was asked for, and of what the plan says of the code.
 * @throws CutlineError PLAN_CAP where nothing here holds what is sent to a promise
 */
export function capCheck(plan: Plan, { mechanism }: Pick<DeviceMechanism, 'mechanism'>): CapCheck {
  const own = plan.tail === null ? 0 : bitsCapOf(plan.cut.tensors, mechanism, plan.codec);
  const told = [...plan.evidence.map((e) => e.bitsCap), plan.thresholds.maxBits ?? null].filter((cap) => cap !== null);
  const promised = Math.min(...told, own ?? Number.POSITIVE_INFINITY);
  if (!Number.isFinite(promised)) return () => {};
  if (own === null || own > promised) {
    const problem =
      own === null ? 'what its defense and codec send has no such bound' : `its defense and codec send up to ${own}`;
    throw new CutlineError('PLAN_CAP', { plan: plan.planId, promised, problem });
  }
  // Other codecs send what has passed the stage that caps it.
  if (!carriesCodes(plan.codec)) return () => {};
  return (tensors) => {
    const bits = tensors.reduce((sum, t) => sum + writtenBits(t), 0);
    if (bits > promised) throw new CutlineError('CAP_EXCEEDED', { plan: plan.planId, promised, bits });
  };
}
