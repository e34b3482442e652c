/** Real scores, resampled: how often is what a plan claims wrong, search and choice included? */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { confidenceFor, readProtocol } from '../../src/plan/index.ts';
import { type Resampling, resampled } from '../../src/privacy/audit/resampled.ts';

/** SSIM by candidate, attack and victim, as `node scripts/confirmation.mjs AUDIT.json --scores FILE` writes them. */
const candidates = JSON.parse(readFileSync(join(import.meta.dirname, 'scores.json'), 'utf8')) as number[][][];
const { victims, confirmation: asked } = await readProtocol('standard');
const confirmation = { ...asked!, confidence: confidenceFor(await readProtocol('standard'))! };

/** Over thresholds, so that the choice is now easy and now hard. */
function over(how: Pick<Resampling, 'searched' | 'confirmation'>) {
  let [plans, tooLow] = [0, 0];
  for (const maxSsim of [0.4, 0.45, 0.5]) {
    const found = resampled(candidates, { maxSsim, runs: 60, seed: 1, ...how });
    plans += found.plans;
    tooLow += found.tooLow;
  }
  return { plans, share: tooLow / plans };
}

describe('the claim of a plan', () => {
  it('was wrong far more often than promised when ten victims chose and were believed', () => {
    expect(over({ searched: 10, confirmation: null }).share).toBeGreaterThan(0.05);
  });

  it('is wrong in three of a hundred at most when it is confirmed', () => {
    const { plans, share } = over({ searched: victims, confirmation });
    expect(plans).toBeGreaterThan(50);
    expect(share).toBeLessThanOrEqual(0.03);
  });
});
