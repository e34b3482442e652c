/** `cutline plan verify`: everything that an agent checks, and what an agent cannot: the audit and the model behind the plan. */
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { createEngine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { type FixedInput, modelSha256, readModel } from '../model/index.ts';
import {
  nameIn,
  type Plan,
  type Protocol,
  protocolSha256,
  type RoutePlan,
  readPlan,
  readProtocol,
  readPublicKey,
  requireInTime,
  routesOf,
  verifyId,
  verifyPlan,
  verifySignature,
} from '../plan/index.ts';
import { readAudit, verifyEvidence, verifyParts } from '../planner/index.ts';
import { openModel } from './open-model.ts';

export interface PlanVerifyArguments {
  readonly plan: string;
  readonly protocol: string;
  readonly audit: string | undefined;
  /** Public keys that may have signed it. */
  readonly keys: readonly string[];
  readonly model: string | undefined;
  readonly shapes: readonly string[];
  readonly inputs: readonly string[];
}

export interface PlanVerification {
  readonly format: 'cutline.plan-verify/1';
  readonly planId: string;
  /** What was held against the plan, a phrase each. */
  readonly verified: readonly string[];
  /** What was not there to be held against it. */
  readonly unverified: readonly string[];
}

/** @throws CutlineError PLAN_*, AUDIT_*, FILE_NOT_FOUND, PROTOCOL_* at the first that does not fit */
export async function runPlanVerify(options: PlanVerifyArguments): Promise<PlanVerification> {
  const plan = await readPlan(options.plan);
  const folder = dirname(resolve(options.plan));
  const verified: string[] = [];
  const unverified: string[] = [];
  verifyId(plan);
  verified.push('the plan is as it was made');
  if (options.keys.length > 0) {
    verifySignature(plan, await Promise.all(options.keys.map(readPublicKey)));
    verified.push(`it is signed by ${plan.signature?.key}`);
  } else {
    const { signature } = plan;
    unverified.push(
      signature ? `the signature, by ${signature.key}: give --key FILE` : 'who made it: it is not signed',
    );
  }
  requireInTime(plan, Date.now());
  if (plan.expires !== undefined) verified.push(`it holds until ${plan.expires}`);
  const protocol = await readProtocol(options.protocol);
  for (const route of routesOf(plan)) {
    const of = nameIn(plan, route) === plan.planId ? '' : `route ${route.planId}: `;
    await verifyFiles(route, folder, { verified, unverified }, of);
  }
  verifyPlan(plan, { protocol });
  const routes = routesOf(plan);
  const proven = routes.filter((route) => route.evidence.length > 0);
  const which = routes.length === 1 ? '' : ` (${proven.length} of ${routes.length} routes; the others need none)`;
  verified.push(proven.length === 0 ? 'no evidence is needed' : `the evidence meets protocol ${protocol.name}${which}`);
  if (proven.length > 0) {
    const audit = options.audit ?? (await beside(folder, 'audit.json'));
    if (audit === undefined) unverified.push('the audit: give --audit FILE');
    else {
      const findings = await readAudit(audit, plan.model.sha256, plan.model.fixed as readonly FixedInput[] | undefined);
      for (const route of proven) verifyEvidence(route, findings, await protocolOf(route, protocol));
      verified.push(`every figure of the evidence is in ${audit}`);
    }
  }
  if (options.model === undefined) unverified.push('the model: give --model FILE');
  else {
    await verifyModel(plan, options.model, options);
    const cuts = [...new Set(routes.map((route) => route.cut.id))].join(', ');
    verified.push(`head and tail are those of ${options.model} at ${cuts}`);
  }
  return { format: 'cutline.plan-verify/1', planId: plan.planId, verified, unverified };
}

async function verifyFiles(
  route: RoutePlan,
  folder: string,
  { verified, unverified }: { readonly verified: string[]; readonly unverified: string[] },
  of: string,
): Promise<void> {
  for (const part of ['head', 'tail'] as const) {
    const named = route[part];
    if (!named) continue;
    const path = resolve(folder, named.file);
    if (!(await exists(path))) unverified.push(`${of}${named.file} does not lie beside the plan`);
    else {
      const sha256 = modelSha256(await readModel(path));
      verifyPlan(route, part === 'head' ? { headSha256: sha256 } : { tailSha256: sha256 });
      verified.push(`${of}${named.file} is the plan's`);
    }
  }
}

async function verifyModel(plan: Plan, path: string, options: PlanVerifyArguments): Promise<void> {
  const engine = await createEngine({ threads: 1 });
  try {
    const { sha256, graph, cuts } = await openModel(path, options, engine);
    verifyPlan(plan, { modelSha256: sha256 });
    for (const route of routesOf(plan)) {
      const cut = cuts.find((c) => c.id === route.cut.id);
      verifyParts(route, graph, cut);
    }
  } finally {
    await engine.close();
  }
}

/** The one that the evidence names: that which is demanded, or a shipped one. */
async function protocolOf(plan: Plan, demanded: Protocol): Promise<Protocol> {
  const [{ protocol: named } = { protocol: { name: demanded.name, sha256: protocolSha256(demanded) } }] = plan.evidence;
  if (named.sha256 === protocolSha256(demanded)) return demanded;
  const shipped = await readProtocol(named.name).catch(() => undefined);
  if (shipped && protocolSha256(shipped) === named.sha256) return shipped;
  throw new CutlineError('PLAN_PROTOCOL_UNKNOWN', { protocol: named.name, sha256: named.sha256 });
}

async function beside(folder: string, name: string): Promise<string | undefined> {
  const path = resolve(folder, name);
  return (await exists(path)) ? path : undefined;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

export function planVerifyText({ planId, verified, unverified }: PlanVerification): string {
  return [
    `Plan ${planId}:`,
    ...verified.map((line) => `  ${line}`),
    ...unverified.map((line) => `  not looked at: ${line}`),
  ].join('\n');
}
