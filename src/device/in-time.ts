/** Pictures, as long as the plan may run. */
import { type Plan, requireInTime } from '../plan/index.ts';
import type { Picture, Source, Unread } from './source.ts';

/** A plan that ends while it runs takes no further picture. @throws CutlineError PLAN_EXPIRED, when the next one is asked for */
export async function* whileInTime(source: Source, plan: Plan): AsyncGenerator<Picture | Unread> {
  for await (const picture of source) {
    requireInTime(plan, Date.now());
    yield picture;
  }
}
