/** `cutline plan push`: puts a signed plan where devices hear of it, and its head where they fetch it. */
import { randomBytes } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isName, topicOf } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import { writeAtomically } from '../files.ts';
import { plainText } from '../html.ts';
import { modelSha256, readModel } from '../model/index.ts';
import { isPlace, type Plan, partName, pushOf, readPlan, routesOf, verifyId, verifyPlan } from '../plan/index.ts';
import { type DeviceState, readState, refusedAt, type Taken, takenBy } from './device-states.ts';
import { secondsOf } from './duration.ts';
import { connectOperator, type Operator } from './operator.ts';

export interface PlanPushArguments {
  /** Undefined only with `clear`. */
  readonly plan: string | undefined;
  readonly config: string;
  readonly device: readonly string[];
  readonly from: string | undefined;
  readonly parts: string | undefined;
  readonly clear: boolean;
  readonly wait: string | undefined;
}

export interface PushedPlan {
  readonly format: 'cutline.plan-push/1';
  /** Null when it was taken back. */
  readonly planId: string | null;
  readonly serial: number | null;
  /** Heads as they are to lie below the place where devices fetch them; none where none were asked for. */
  readonly parts: readonly string[];
  readonly devices: readonly {
    readonly device: string;
    readonly taken: Taken | null;
    readonly problem: string | null;
  }[];
}

/** A broker that keeps messages hands them out at once. */
const KEPT_MS = 5000;
const LOOK_MS = 100;

/**
 * @throws CutlineError FILE_*, PLAN_*, USAGE, CONFIG_INVALID, BROKER_*, MESSAGE_TOO_LARGE, PUSH_NOT_KEPT, OUTPUT_NOT_WRITABLE
 */
export async function runPlanPush(options: PlanPushArguments): Promise<PushedPlan> {
  checkUsage(options);
  const waitMs = 1000 * (options.wait === undefined ? 0 : secondsOf('--wait', options.wait));
  const plan = options.plan === undefined ? undefined : await readPlan(options.plan);
  if (plan) verifyId(plan);
  const payload = plan ? Buffer.from(JSON.stringify(pushOf(plan, options.from))) : Buffer.alloc(0);
  const parts = plan && options.parts !== undefined ? await writeParts(options.plan!, plan, options.parts) : [];
  const kept = new Map<string, Buffer>();
  const states = new Map<string, DeviceState>();
  const operator = await connectOperator(options.config, clientId(), (topic, heard) => {
    const state = readState(heard);
    if (topic.endsWith('/plan')) kept.set(topic, heard);
    else if (state && topic.split('/')[3] === state.device) states.set(topic, state);
  });
  const devices = [...new Set(options.device)];
  const topics = devices.map((device) => ({
    device,
    plan: topicOf(operator.fleet, device, 'plan'),
    state: topicOf(operator.fleet, device, 'state'),
  }));
  try {
    const refusals =
      plan && waitMs > 0 ? await hearBefore(operator, topics, plan.planId, states) : new Map<string, undefined>();
    for (const topic of topics) await operator.connection.publish(topic.plan, payload, { qos: 1, retain: true });
    if (plan) for (const topic of topics) await requireKept(operator, topic, payload, kept);
    if (plan && waitMs > 0) await awaitAll(operator, { topics, planId: plan.planId, states, refusals, waitMs });
    const told = topics.map(({ device, state }) => {
      const found = states.get(state);
      if (!plan || waitMs === 0) return { device, taken: null, problem: null };
      return { device, ...(found ? takenBy(found, plan.planId) : unheard) };
    });
    const { planId = null, serial = null } = plan ?? {};
    return { format: 'cutline.plan-push/1', planId, serial, parts, devices: told };
  } finally {
    await operator.connection.close();
  }
}

/** What of it failed; undefined when all who were waited for took it. */
export function unconfirmed({ planId, devices }: PushedPlan): CutlineError | undefined {
  const not = devices.filter(({ taken }) => taken !== null && taken !== 'confirmed');
  if (not.length === 0) return undefined;
  const problem = not.map((d) => `${d.device}: ${plainText(d.problem ?? String(d.taken))}`).join('; ');
  return new CutlineError('PUSH_UNCONFIRMED', {
    count: not.length,
    total: devices.length,
    plan: planId ?? '',
    problem,
  });
}

const unheard = { taken: 'unanswered', problem: 'nothing was ever heard of it here' } as const;
export const clientId = (): string => `cutline-operator-${randomBytes(6).toString('hex')}`;

function checkUsage({ plan, clear, device, from, wait, parts }: PlanPushArguments): void {
  const wrong = (problem: string) => new CutlineError('USAGE', { problem });
  if ((plan === undefined) !== clear) throw wrong('Name a plan to push, or --clear to take back what was pushed.');
  if (clear && [from, wait, parts].some((v) => v !== undefined))
    throw wrong('--clear goes with --config and --device alone.');
  const bad = device.find((name) => !isName(name));
  if (bad !== undefined) throw new CutlineError('NAME_INVALID', { kind: 'device', name: JSON.stringify(bad) });
  if (from !== undefined && !isPlace(from))
    throw wrong(`--from ${from}: give the address of a folder, such as https://files.example/plans/.`);
}

/** The heads of all routes, by their digests. @throws CutlineError PLAN_OTHER_FILE, FILE_*, OUTPUT_NOT_WRITABLE */
async function writeParts(planPath: string, plan: Plan, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const route of routesOf(plan)) {
    if (!route.head) continue;
    const bytes = await readModel(resolve(dirname(planPath), route.head.file));
    verifyPlan(route, { headSha256: modelSha256(bytes) });
    const path = join(folder, partName(route.head.sha256));
    if (paths.includes(path)) continue;
    await writeAtomically(path, bytes);
    paths.push(path);
  }
  return paths;
}

/** Devices that are away get what the broker kept. @throws CutlineError PUSH_NOT_KEPT */
async function requireKept(
  { connection, url, check }: Operator,
  { device, plan }: { readonly device: string; readonly plan: string },
  payload: Buffer,
  kept: ReadonlyMap<string, Buffer>,
): Promise<void> {
  const refuse = (problem: string) => new CutlineError('PUSH_NOT_KEPT', { url, device, problem });
  await connection.subscribe(plan, 1).catch((error: Error) => {
    throw refuse(`it cannot be read back (${error.message})`);
  });
  for (const untilMs = performance.now() + KEPT_MS; performance.now() < untilMs; await sleep(LOOK_MS / 5)) {
    if (kept.get(plan)?.equals(payload)) return;
    check();
  }
  throw refuse(`it was not handed out again within ${KEPT_MS / 1000} s; it has ${payload.length} bytes`);
}

/** What devices say before they hear of it. @returns when each had refused it, by topic */
async function hearBefore(
  { connection }: Operator,
  topics: readonly { readonly state: string }[],
  planId: string,
  states: ReadonlyMap<string, DeviceState>,
): Promise<ReadonlyMap<string, string | undefined>> {
  for (const { state } of topics) await connection.subscribe(state, 1);
  await connection.settled();
  return new Map([...states].map(([topic, state]) => [topic, refusedAt(state, planId)]));
}

async function awaitAll(
  operator: Operator,
  wait: {
    readonly topics: readonly { readonly state: string }[];
    readonly planId: string;
    readonly states: ReadonlyMap<string, DeviceState>;
    /** Of an earlier push: they say nothing about this one. */
    readonly refusals: ReadonlyMap<string, string | undefined>;
    readonly waitMs: number;
  },
): Promise<void> {
  const { topics, planId, states, refusals, waitMs } = wait;
  const isOver = ({ state }: { readonly state: string }) => {
    const found = states.get(state);
    if (!found) return false;
    const at = refusedAt(found, planId);
    if (at !== undefined && at === refusals.get(state)) return false;
    return ['confirmed', 'failed', 'refused'].includes(takenBy(found, planId).taken);
  };
  const untilMs = performance.now() + waitMs;
  while (performance.now() < untilMs && !topics.every(isOver)) {
    await sleep(LOOK_MS);
    operator.check();
  }
}
