/** What the routes of a plan were reckoned to cost, and what of it depends on link, cloud and device. Pure. */
import type { Plan, RoutePlan, Thresholds } from '../../plan/index.ts';
import { routesOf } from '../../plan/index.ts';

export interface Terms {
  readonly planId: string;
  /** It needs nobody. */
  readonly isLocal: boolean;
  /** Milliseconds, as the plan predicts them. */
  readonly headMs: number;
  readonly encodeMs: number;
  readonly networkMs: number;
  readonly tailMs: number;
  readonly wireBytes: number;
  /** Of the device; null where the plan does not know it. */
  readonly energyMj: number | null;
}

/** The routes to choose among, and by what. */
export interface Choice {
  readonly routes: readonly Terms[];
  readonly asked: Pick<Thresholds, 'objective' | 'weights'>;
  /** Round trip of an empty message as the plans' predictions have it: through consumer and back, without what its bytes take. */
  readonly emptyMs: number;
}

export function choiceOf(plan: Plan): Choice {
  const routes = routesOf(plan).map(termsOf);
  return { routes, asked: plan.thresholds, emptyMs: emptyOf(routes.filter((r) => !r.isLocal)) };
}

function termsOf({ planId, tail, predicted }: RoutePlan): Terms {
  const { head, encode, network, tail: tailMs } = predicted.latencyMs;
  const { wireBytes, energyMj } = predicted;
  return {
    planId,
    isLocal: tail === null,
    headMs: head,
    encodeMs: encode,
    networkMs: network,
    tailMs,
    wireBytes,
    energyMj,
  };
}

/** Where the line through bytes and times meets no bytes (least squares); of routes of one size, all of it. */
function emptyOf(sent: readonly Terms[]): number {
  if (sent.length === 0) return 0;
  const mean = (of: (t: Terms) => number) => sent.reduce((sum, t) => sum + of(t), 0) / sent.length;
  const [bytes, ms] = [mean((t) => t.wireBytes), mean((t) => t.networkMs)];
  const spread = sent.reduce((sum, t) => sum + (t.wireBytes - bytes) ** 2, 0);
  const slope = sent.reduce((sum, t) => sum + (t.wireBytes - bytes) * (t.networkMs - ms), 0) / (spread || 1);
  return Math.max(0, ms - Math.max(0, slope) * bytes);
}
