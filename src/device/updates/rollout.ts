/**
 * Which plan runs on this device: a value, and what becomes of it. A plan that came is on trial until it is confirmed; then what ran
 * before is kept to go back to. `null` stands for the plan of the configuration, which is always there to go back to.
 */
import { z } from 'zod';

const plan = z.strictObject({ planId: z.string().regex(/^[0-9a-f]{32}$/), serial: z.int().nonnegative() });
export type Known = z.infer<typeof plan>;

const outcome = z.strictObject({
  ...plan.shape,
  outcome: z.enum(['confirmed', 'failed', 'refused']),
  code: z.string().max(64).optional(),
  problem: z.string().max(1000).optional(),
  /** ISO 8601. */
  at: z.string().max(40),
});
export type Outcome = z.infer<typeof outcome>;

export const rolloutSchema = z.strictObject({
  format: z.literal('cutline.updates/1'),
  /** The newest that was ever to be tried here: what is older is superseded, whether or not this one was confirmed. */
  newest: plan.nullable(),
  current: plan.nullable(),
  previous: plan.nullable(),
  /** Begun as often as it says; 0: it lies here and waits for its turn. */
  trial: plan.extend({ starts: z.int().nonnegative() }).nullable(),
  /** The last ones; older ones are kept out by their serials. */
  failed: z.array(outcome).max(64),
  last: outcome.nullable(),
});
export type Rollout = z.infer<typeof rolloutSchema>;

export const noRollout: Rollout = {
  format: 'cutline.updates/1',
  newest: null,
  current: null,
  previous: null,
  trial: null,
  failed: [],
  last: null,
};

const MOST_FAILED = 16;
/** A longer story is cut. */
const MOST_WORDS = 500;

const newer = (a: Known | null, { planId, serial }: Known): Known => (a && a.serial >= serial ? a : { planId, serial });

export const staged = (r: Rollout, { planId, serial }: Known): Rollout => ({
  ...r,
  newest: newer(r.newest, { planId, serial }),
  trial: { planId, serial, starts: 0 },
});

/** Its files are not what they were when it was fetched: pushed again, it is fetched again. */
export const dropped = (r: Rollout): Rollout => ({ ...r, trial: null });

/** Written down before it starts: a plan that takes the device down with it is counted, too. */
export const begun = (r: Rollout): Rollout =>
  r.trial ? { ...r, trial: { ...r.trial, starts: r.trial.starts + 1 } } : r;

/** It was ended from outside, or for want of a broker: that says nothing about it. */
export const unbegun = (r: Rollout): Rollout =>
  r.trial ? { ...r, trial: { ...r.trial, starts: Math.max(0, r.trial.starts - 1) } } : r;

export function confirmed(r: Rollout, at: string): Rollout {
  if (!r.trial) return r;
  const { planId, serial } = r.trial;
  // One that was mended takes its own place.
  const previous = r.current?.planId === planId ? r.previous : r.current;
  return {
    ...r,
    current: { planId, serial },
    previous,
    trial: null,
    last: { planId, serial, outcome: 'confirmed', at },
  };
}

/** The plan of the configuration is newer than all that came: it runs. */
export const adopted = (r: Rollout, newest: Known): Rollout => ({
  ...r,
  newest,
  current: null,
  previous: null,
  trial: null,
});

/** What is known of a failure. */
export interface Why {
  readonly code: string;
  readonly problem: string;
  readonly at: string;
}

export const storyOf = (
  { planId, serial }: Known,
  outcome: 'failed' | 'refused',
  { code, problem, at }: Why,
): Outcome => ({
  planId,
  serial,
  outcome,
  code,
  problem: problem.length > MOST_WORDS ? `${problem.slice(0, MOST_WORDS)}…` : problem,
  at,
});

/** Whether or not its trial had begun: it is not tried again. */
export function failed(r: Rollout, known: Known, why: Why): Rollout {
  const story = storyOf(known, 'failed', why);
  return {
    ...r,
    newest: newer(r.newest, known),
    trial: r.trial?.planId === known.planId ? null : r.trial,
    failed: [...r.failed.filter((f) => f.planId !== known.planId), story].slice(-MOST_FAILED),
    last: story,
  };
}

/** Plans whose files are needed. */
export const keptPlans = ({ current, previous, trial }: Rollout): readonly Known[] =>
  [current, previous, trial].filter((known) => known !== null);
