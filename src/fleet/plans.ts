/** Plans whose files the dashboard has: what it shows of their evidence. */
import { resolve } from 'node:path';
import { type Plan, readPlan, readPublicKey, routesOf, verifyId, verifySignature } from '../plan/index.ts';
import type { DashboardConfig } from './config.ts';
import type { PlanView } from './view.ts';

/** @throws CutlineError FILE_*, PLAN_INVALID, PLAN_ALTERED, PLAN_UNSIGNED, PLAN_KEY_UNKNOWN, KEY_INVALID */
export async function readPlanViews(
  { plans, planKeys }: Pick<DashboardConfig, 'plans' | 'planKeys'>,
  folder: string,
): Promise<PlanView[]> {
  const keys = await Promise.all(planKeys.map((key) => readPublicKey(resolve(folder, key))));
  const views = await Promise.all(
    plans.map(async (path) => {
      const plan = await readPlan(resolve(folder, path));
      verifyId(plan);
      if (keys.length > 0) verifySignature(plan, keys);
      // A device may run any route of a safe set; the plan's signature holds for all.
      return routesOf(plan).map((route) => planView({ ...route, signature: plan.signature }, keys.length > 0));
    }),
  );
  return views.flat();
}

function planView(plan: Plan, isVerified: boolean): PlanView {
  const { planId, model, cut, codec, defense, signature, expires, thresholds, evidence, predicted } = plan;
  const { p50, p95, total } = predicted.latencyMs;
  return {
    planId,
    model: model.name ?? model.sha256.slice(0, 12),
    cut: cut.id,
    codec,
    defense,
    signedBy: isVerified ? (signature?.key ?? null) : null,
    expires: expires ?? null,
    threat: thresholds.threat,
    maxSsim: thresholds.maxSsim,
    evidence: evidence.map((e) => ({
      threat: e.observer.threat,
      observations: e.observer.observations,
      protocol: e.protocol.name,
      strongest: e.strongest,
      images: e.images,
      ssim: e.ssim,
      floor: e.floor,
      reidentification: e.reidentification,
      bitsCap: e.bitsCap,
      confirmation: e.confirmation && { images: e.confirmation.images, confidence: e.confirmation.confidence },
    })),
    predicted: { p50Ms: p50 ?? total, p95Ms: p95 ?? null, wireBytes: predicted.wireBytes },
  };
}
