/** From a push to a plan that lies here, whole: admitted, fetched, tried for again where that may help, never for ever. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff } from '../../broker/index.ts';
import { CutlineError } from '../../errors.ts';
import { headsOf, type Push, partName } from '../../plan/index.ts';
import { fetchPart, Refused } from './fetch-part.ts';
import type { PlansFolder } from './plans-folder.ts';
import type { UpdatesSettings } from './settings.ts';

/** What was tried for one plan so far: whoever pushes it again, with another place or the same, does not begin it anew. */
export class Tries {
  readonly backoff = new Backoff({ firstMs: 1000, maxMs: 300_000 });
  readonly untilMs: number;
  refusals = 0;
  nextMs = 0;

  constructor({ fetchForS }: Pick<UpdatesSettings, 'fetchForS'>) {
    this.untilMs = performance.now() + 1000 * fetchForS;
  }
}

export interface Staging {
  readonly tries: Tries;
  readonly updates: UpdatesSettings;
  readonly plans: PlansFolder;
  readonly token: string | undefined;
  readonly ca: Buffer | undefined;
  readonly place: { readonly url: string; readonly own: boolean };
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Somebody may be about to put it there; a cache on the way may hold something else. */
const MOST_REFUSALS = 3;
const IDLE_MS = 30_000;
/** Timers of Node can no more. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * @returns plan.json
 * @throws CutlineError the last reason; CANCELLED
 */
export async function stagePlan({ plan }: Push, staging: Staging): Promise<string> {
  const { tries, updates, plans, token, ca, place, log, signal } = staging;
  const { planId } = plan;
  for (;;) {
    await until(tries.nextMs, signal);
    // A server that drips holds up nobody for longer than one that is away.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), Math.min(LONGEST_MS, tries.untilMs - performance.now()));
    try {
      await plans.prepare(planId);
      // Routes that differ in codec or defense share one.
      for (const head of new Map(headsOf(plan).map((h) => [h.sha256, h])).values())
        await fetchPart(head, {
          url: new URL(partName(head.sha256), place.url).href,
          token: place.own ? token : undefined,
          ca,
          path: plans.partialOf(planId, head.sha256),
          idleMs: Math.min(IDLE_MS, 1000 * updates.fetchForS),
          signal: AbortSignal.any([signal, late.signal]),
        });
      return await plans.complete(plan);
    } catch (error) {
      if (!(error instanceof CutlineError) || signal.aborted) throw error;
      if (late.signal.aborted) {
        const problem = `it did not hand out all of it within ${updates.fetchForS} s`;
        throw new CutlineError('UPDATE_FETCH', { url: place.url, problem });
      }
      if (error.code === 'CANCELLED') throw error;
      if (error instanceof Refused || error.code === 'PLAN_OTHER_FILE') tries.refusals++;
      const waitMs = tries.backoff.nextMs();
      tries.nextMs = performance.now() + waitMs;
      if (tries.refusals >= MOST_REFUSALS || tries.nextMs > tries.untilMs) throw error;
      log(`plan ${planId}: ${error.message} Trying again in ${(waitMs / 1000).toFixed(1)} s`);
    } finally {
      clearTimeout(timer);
    }
  }
}

async function until(ms: number, signal: AbortSignal): Promise<void> {
  const waitMs = ms - performance.now();
  if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => {});
  if (signal.aborted) throw new CutlineError('CANCELLED');
}
