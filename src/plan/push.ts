/** A plan on its way to a device: the retained document on the device's `plan` topic. Nobody but the plan itself is believed. */
import { z } from 'zod';
import { CutlineError } from '../errors.ts';
import { check } from '../validate.ts';
import type { Plan } from './schema.ts';
import { planSchema, withoutSearch } from './schema.ts';

/** More is no push: it is not even read. */
export const MOST_PUSH_BYTES = 1 << 20;

const pushSchema = z.strictObject({
  format: z.literal('cutline.push/1'),
  plan: planSchema,
  /** Below it the plan's parts lie by their digests. Not signed: a device goes only where its own configuration lets it. */
  from: z.string().min(1).max(2000).optional(),
});
export type Push = z.infer<typeof pushSchema>;

/** @throws CutlineError PLAN_UNSIGNED: no device would take it */
export function pushOf(plan: Plan, from: string | undefined): Push {
  if (!plan.signature) throw new CutlineError('PLAN_UNSIGNED', { plan: plan.planId });
  return { format: 'cutline.push/1', plan: withoutSearch(plan) as Plan, ...(from !== undefined && { from }) };
}

/** @throws CutlineError PUSH_INVALID */
export function parsePush(payload: Uint8Array): Push {
  const refuse = (problem: string) => new CutlineError('PUSH_INVALID', { path: 'push', problem });
  if (payload.length > MOST_PUSH_BYTES) throw refuse(`${payload.length} bytes, more than ${MOST_PUSH_BYTES}`);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    throw refuse('it is not JSON');
  }
  return check(value, pushSchema, 'push', 'PUSH_INVALID');
}

/** Whether parts can lie below an address: names are put after it, and no encoding leads out of it. */
export function isPlace(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return false;
  return (
    [url.username, url.password, url.search, url.hash].every((s) => s === '') && !/%2f|%5c|%2e/i.test(url.pathname)
  );
}

/** The name of a part where it is fetched from: by what it is, so that no two plans' files are ever mixed up. */
export const partName = (sha256: string): string => `${sha256}.onnx`;
