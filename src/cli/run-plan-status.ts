/** `cutline plan status`: which plan each device of a fleet runs, and what became of the last one that was pushed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type DeviceState, readState } from './device-states.ts';
import { connectOperator } from './operator.ts';
import { table } from './output.ts';
import { clientId } from './run-plan-push.ts';

export interface PlanStatus {
  readonly format: 'cutline.plan-status/1';
  readonly fleet: string;
  readonly devices: readonly Omit<DeviceState, 'format'>[];
}

/** Brokers hand retained messages out at once; a large fleet takes a while. */
const SILENCE_MS = 500;

/** @throws CutlineError CONFIG_INVALID, FILE_*, BROKER_* */
export async function runPlanStatus(config: string): Promise<PlanStatus> {
  const states = new Map<string, DeviceState>();
  let heardMs = performance.now();
  const { fleet, connection, check } = await connectOperator(config, clientId(), (topic, payload, isRetained) => {
    const state = readState(payload);
    // What is said meanwhile counts, and puts off nothing: somebody always speaks.
    if (isRetained) heardMs = performance.now();
    if (state && topic.split('/')[3] === state.device) states.set(state.device, state);
  });
  try {
    await connection.subscribe(`cutline/v1/${fleet}/+/state`, 1);
    heardMs = performance.now();
    while (performance.now() - heardMs < SILENCE_MS) {
      await sleep(SILENCE_MS / 10);
      check();
    }
  } finally {
    await connection.close();
  }
  const devices = [...states.values()].sort((a, b) => a.device.localeCompare(b.device));
  return { format: 'cutline.plan-status/1', fleet, devices: devices.map(({ format: _, ...rest }) => rest) };
}

export function planStatusText({ fleet, devices }: PlanStatus): string {
  if (devices.length === 0) return `no device of fleet ${fleet} was heard of`;
  const rows = devices.map(({ device, status, planId, update }) => {
    const { last } = update ?? {};
    const story = last ? `${last.outcome} ${last.planId} at ${last.at}${last.problem ? `: ${last.problem}` : ''}` : '';
    const standing = update ? `${update.standing}${update.broken ? ` (${update.broken})` : ''}` : 'no updates';
    return [device, status, planId, standing, story];
  });
  return table([['device', 'status', 'plan', 'standing', 'last push'], ...rows]);
}
