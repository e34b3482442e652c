/** What of a device, a plan and a consumer is said in a few words. */
import { ago, type DeviceView, type PlanView, type Status } from '../../fleet/index.ts';
import { bytes, cutName, milliseconds, similarity } from '../../report/index.ts';

/** A figure, and what is said under it. */
export interface Said {
  readonly value: string;
  readonly more?: string | undefined;
  /** It wants somebody's attention. */
  readonly isBad?: boolean;
}

const none: Said = { value: '–' };
type Health = NonNullable<DeviceView['health']>;

export const short = (planId: string): string => (planId.length > 12 ? `${planId.slice(0, 8)}…` : planId);

export const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, n) => all + n, 0);

export const amount = (n: number): string => n.toLocaleString('en-GB').replaceAll(',', '\u202f');

/** When it was last heard, as far as anybody knows. */
export function heard(device: DeviceView, status: Status, now: number): string {
  const { heardAt, stateAt } = device;
  if (heardAt !== null) return `last heard ${ago(now - heardAt)}`;
  if (status === 'offline')
    return stateAt === null ? 'offline before anybody watched' : `offline ${ago(now - stateAt)}`;
  return 'nothing heard yet';
}

export function planSaid({ planId, update }: DeviceView, plan: PlanView | undefined): Said {
  if (planId === null) return update ? { value: 'none', more: 'no plan runs there', isBad: true } : none;
  if (update?.standing === 'trial') return { value: short(planId), more: 'on trial' };
  if (update?.standing === 'fallback') return { value: short(planId), more: 'went back to it', isBad: true };
  if (!plan) return { value: short(planId), more: 'unknown plan' };
  return {
    value: short(planId),
    more: plan.cut === 'input' || plan.cut === 'output' ? cutName(plan.cut) : `cut at ${plan.cut}`,
  };
}

/** The observer who sees most. */
export const worstOf = ({ evidence }: PlanView): PlanView['evidence'][number] | undefined =>
  [...evidence].sort((a, b) => b.ssim.high - a.ssim.high)[0];

export function leakage(planId: string | null, plan: PlanView | undefined): Said {
  if (planId === null) return none;
  if (!plan) return { value: '–', more: 'no file of it here' };
  if (plan.cut === 'output') return { value: 'nothing', more: 'nothing is sent' };
  const worst = worstOf(plan);
  if (!worst) return { value: 'anything', more: 'no evidence was asked for', isBad: true };
  const confirmed = worst.confirmation ? `confirmed on ${worst.confirmation.images}` : 'not confirmed';
  return {
    value: `≤ ${similarity(worst.ssim.high)}`,
    more: `SSIM, ${confirmed}`,
    isBad: worst.ssim.high > plan.maxSsim,
  };
}

export function latency({ latencyMs }: Health): Said {
  if (!latencyMs) return { value: '–', more: 'no answer in a minute' };
  return { value: `${milliseconds(latencyMs.p50)} ms`, more: `p95 ${milliseconds(latencyMs.p95)} ms` };
}

export function queue({ waiting, outbox }: Health): Said {
  return {
    value: amount(waiting + (outbox?.waiting ?? 0)),
    more: outbox ? `${bytes(outbox.waitingBytes)} on disk` : undefined,
  };
}

export const outboxDrops = ({ outbox }: Health): number =>
  outbox ? outbox.droppedForRoom + outbox.droppedByAge + outbox.droppedOfOtherPlans : 0;

/** What was lost for want of room, time or care, of what the source gave; what was passed over by wish is no loss. */
export function drops(health: Health): Said {
  const { dropped = 0, broken = 0, refused = 0 } = health.source;
  const lost = dropped + broken + refused + outboxDrops(health);
  return { value: amount(lost), more: lost > 0 ? 'since its start' : undefined };
}

export function answers({ inferences, failures }: Health): Said {
  const { answered, failed } = inferences;
  const [last] = failures;
  return {
    value: `${amount(answered)}`,
    more: failed > 0 ? `${amount(failed)} failed${last ? `, last ${last.code}` : ''}` : 'none failed',
    isBad: failed > 0,
  };
}

export function machine({ power, temperatureC }: Health): Said {
  const warm = temperatureC === null ? undefined : `${temperatureC.toFixed(0)} °C`;
  if (!power) return { value: warm ?? '–', more: warm === undefined ? undefined : 'no power meter' };
  return { value: `${power.watts.toFixed(1)} W`, more: [warm, power.source].filter(Boolean).join(', ') };
}
