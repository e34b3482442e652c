/** Whether a plan that was pushed may be fetched and tried: all that can be known without its head. */
import { resolve } from 'node:path';
import { CutlineError } from '../../errors.ts';
import {
  admitPlan,
  headsOf,
  isPlace,
  LastPlan,
  type Plan,
  type PlanKey,
  type Protocol,
  type Push,
  verifyPlan,
} from '../../plan/index.ts';
import type { Rollout } from './rollout.ts';
import { isPrivate, type UpdatesSettings } from './settings.ts';

export interface Admittance {
  readonly updates: UpdatesSettings;
  readonly keys: readonly PlanKey[];
  readonly protocol: Protocol;
  /** Of what ran here last. */
  readonly planState: string;
  /** The model of the configuration's plan. */
  readonly modelSha256: string | undefined;
  readonly folder: string;
}

/**
 * Only a signature makes a serial worth something, so keys are a must. A plan is older than one that was ever tried here, confirmed or
 * not: going back after a failure opens no way for what was superseded.
 * @throws CutlineError PLAN_*, UPDATE_FAILED_BEFORE, UPDATE_TOO_LARGE
 */
export async function admitPush(plan: Plan, a: Admittance, rollout: Rollout, nowMs: number): Promise<void> {
  const { planId, serial, model } = plan;
  admitPlan(plan, { keys: a.keys, nowMs });
  const before = rollout.failed.find((f) => f.planId === planId);
  if (before) {
    const { at, problem = '' } = before;
    throw new CutlineError('UPDATE_FAILED_BEFORE', { plan: planId, at, problem });
  }
  await new LastPlan(resolve(a.folder, a.planState)).check(plan);
  const { newest, current } = rollout;
  const isKnown = [newest, current].some((known) => known?.planId === planId);
  if (newest && !isKnown && serial <= newest.serial)
    throw new CutlineError('PLAN_OLDER', { plan: planId, serial, last: newest.planId, lastSerial: newest.serial });
  if (!a.updates.anyModel && a.modelSha256 !== undefined && model.sha256 !== a.modelSha256)
    throw new CutlineError('PLAN_OTHER_MODEL', { wanted: model.sha256, found: a.modelSha256 });
  verifyPlan(plan, { protocol: a.protocol });
  const { maxBytes } = a.updates;
  const bytes = headsOf(plan).reduce((sum, head) => sum + head.bytes, 0);
  if (bytes > maxBytes) throw new CutlineError('UPDATE_TOO_LARGE', { plan: planId, bytes, limit: maxBytes });
}

/**
 * Below which address its head lies; whether the token may go there.
 * @throws CutlineError UPDATE_SOURCE
 */
export function placeOf(
  { plan, from }: Push,
  updates: UpdatesSettings,
): { readonly url: string; readonly own: boolean } {
  const url = from ?? updates.from;
  const refuse = (problem: string) =>
    new CutlineError('UPDATE_SOURCE', { plan: plan.planId, url: url ?? 'nowhere', problem });
  if (url === undefined) throw refuse('neither the push nor updates.from names a place');
  if (!isPlace(url)) throw refuse('it is no address of a folder');
  const asked = new URL(url);
  const own = updates.from !== undefined && isBelow(asked, new URL(updates.from));
  if (!own && !updates.alsoFrom.some((place) => isBelow(asked, new URL(place))))
    throw refuse('this device goes only where updates.from and updates.alsoFrom let it');
  if (!updates.plainHttp && !isPrivate(asked.href)) throw refuse('http:// needs updates.plainHttp');
  return { url: asked.href.replace(/\/?$/, '/'), own };
}

/** URLs are parsed, so that dots and encodings have been done away with. */
const isBelow = (url: URL, place: URL): boolean =>
  url.origin === place.origin && `${url.pathname}/`.startsWith(place.pathname.replace(/\/?$/, '/'));
