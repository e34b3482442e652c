/** A route of the plan as this device runs it: its part of the network, what defends and encodes it, and what a send costs. */
import { type Codec, createCodec, expectedActivation } from '../broker/index.ts';
import { inputShape, type Preprocessing } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { modelSha256, readModel } from '../model/index.ts';
import { type Plan, type Protocol, type RoutePlan, verifyPlan } from '../plan/index.ts';
import { type CapCheck, capCheck } from './cap.ts';
import type { AgentConfig } from './config.ts';
import { type Head, loadHead } from './head.ts';
import { headFiles } from './head-files.ts';
import { createDeviceMechanism, type DeviceMechanism } from './release.ts';
import { Session } from './session.ts';
import type { Spend, Spender } from './spending.ts';

export interface Route {
  readonly plan: RoutePlan;
  readonly head: Head;
  readonly codec: Codec;
  readonly session: Session;
  /** Before each send, too. */
  readonly checkCap: CapCheck;
  /** Before each send; what it refuses is not sent. */
  readonly spend: Spend;
}

/** Nothing of it is sent. */
export const isLocal = ({ plan }: { readonly plan: Pick<Plan, 'tail'> }): boolean => plan.tail === null;

/** A route whose files and evidence were held against the plan; nothing is loaded. */
export interface CheckedRoute {
  readonly plan: RoutePlan;
  /** Null where the device runs nothing (cut `input`). */
  readonly headBytes: Uint8Array | null;
  readonly mechanism: DeviceMechanism;
  readonly session: Session;
  readonly checkCap: CapCheck;
}

/**
 * Reads and checks the head of every route.
 * @throws CutlineError FILE_*, PLAN_OTHER_FILE, PLAN_WITHOUT_EVIDENCE, PLAN_WEAKER_EVIDENCE
 */
export async function readHeads(
  config: Pick<AgentConfig, 'head'>,
  folder: string,
  plan: Plan,
  planPath: string,
  protocol: Protocol,
): Promise<readonly { readonly plan: RoutePlan; readonly headBytes: Uint8Array | null }[]> {
  verifyPlan(plan, { protocol });
  return Promise.all(
    headFiles(config, folder, plan, planPath).map(async ({ route, path }) => {
      if (path === undefined) return { plan: route, headBytes: null };
      const headBytes = await readModel(path);
      verifyPlan(route, { headSha256: modelSha256(headBytes) });
      return { plan: route, headBytes };
    }),
  );
}

/** @throws CutlineError DEFENSE_SPEC, PLAN_CAP */
export function checkRoutes(
  heads: Awaited<ReturnType<typeof readHeads>>,
  preprocessing: Preprocessing,
  expiryMs: number,
): readonly CheckedRoute[] {
  return heads.map(({ plan, headBytes }) => {
    const mechanism = mechanismOf(plan, preprocessing);
    const session = new Session(expiryMs, expectedActivation(plan));
    return { plan, headBytes, mechanism, session, checkCap: capCheck(plan, mechanism) };
  });
}

export const spenderOf = ({ plan, mechanism }: CheckedRoute): Spender => ({
  plan,
  guarantee: mechanism.mechanism.guarantee,
});

/** For the shapes of one picture; a plan's tensors have a batch of one. */
function mechanismOf(plan: Plan, preprocessing: Preprocessing): DeviceMechanism {
  const activation = plan.cut.tensors.map(({ name, shape }) => ({ name, shape: shape.slice(1) }));
  return createDeviceMechanism(plan.defense, { input: inputShape(1, preprocessing).slice(1), activation });
}

/**
 * Loads every head into one engine, where they stay.
 * @param spends of each route, in their order
 * @throws CutlineError ENGINE_LOAD, HEAD_MISMATCH
 */
export async function loadRoutes(
  checked: readonly CheckedRoute[],
  spends: readonly Spend[],
  { engine, input }: { readonly engine: Engine; readonly input: string },
): Promise<readonly Route[]> {
  const routes: Route[] = [];
  for (const [i, { plan, headBytes, mechanism, session, checkCap }] of checked.entries()) {
    routes.push({
      plan,
      head: await loadHead({ plan, bytes: headBytes, engine, mechanism, inputName: input }),
      codec: createCodec(plan.codec, plan.picture?.preprocessing),
      session,
      checkCap,
      spend: spends[i]!,
    });
  }
  return routes;
}
