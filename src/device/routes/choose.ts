/**
 * When to move from one route to another. A route is left where another is predicted better by a share, for some time, after some
 * time on it; where it fails; or where there is no broker. Pure: what was recorded can be decided again.
 */
import { z } from 'zod';
import { objectiveValue } from '../../plan/index.ts';
import { type Predicted, predict } from './predict.ts';
import type { MoveSettings } from './settings.ts';
import { type Telemetry, telemetrySchema } from './telemetry.ts';
import type { Choice, Terms } from './terms.ts';

export const positionSchema = z.strictObject({
  /** Id of the route's plan. */
  current: z.string(),
  sinceMs: z.number(),
  /** From when on another was clearly better. */
  betterSinceMs: z.number().nullable(),
  offlineSinceMs: z.number().nullable(),
  /** Routes that failed: how often in a row, and until when they are left alone. */
  avoided: z.record(z.string(), z.strictObject({ failures: z.int(), untilMs: z.number() })),
  /** Of the last minute. */
  movedAtMs: z.array(z.number()),
  /** Hot, or the battery is low: what spares the device goes first. */
  isSparing: z.boolean(),
});
export type Position = z.infer<typeof positionSchema>;

export const lookSchema = z.strictObject({
  /** Unix time in milliseconds. */
  atMs: z.number(),
  telemetry: telemetrySchema,
  /** Since the last look, by plan: what a route failed with. */
  failed: z.record(z.string(), z.string()),
  /** Routes that were answered since. */
  answered: z.array(z.string()),
});
/** What is seen at one moment. */
export type Look = z.infer<typeof lookSchema>;

export interface Move {
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  /** A phrase for people. */
  readonly reason: string;
}

export interface Decision {
  readonly position: Position;
  readonly move: Move | undefined;
}

/** A connection that comes back sooner has not been gone. */
const OFFLINE_AFTER_MS = 500;
const MINUTE_MS = 60_000;
const LONGEST_DWELL_MS = 60_000;
const LONGEST_AVOID_MS = 300_000;
/** What is hot or empty has to be better by so much before it counts as well again. */
const [COOLER_C, FULLER] = [5, 0.05];

export const startOn = (planId: string, atMs: number): Position => ({
  current: planId,
  sinceMs: atMs,
  betterSinceMs: null,
  // Nobody is connected at the start.
  offlineSinceMs: atMs,
  avoided: {},
  movedAtMs: [],
  isSparing: false,
});

export function decide(before: Position, look: Look, choice: Choice, settings: MoveSettings): Decision {
  const { atMs, telemetry } = look;
  const seen = seenBy(before, look, settings);
  const route = (id: string) => choice.routes.find((r) => r.planId === id);
  const isOffline = seen.offlineSinceMs !== null && atMs - seen.offlineSinceMs >= OFFLINE_AFTER_MS;
  const present = route(seen.current) ?? choice.routes[0]!;
  const isAvoided = (r: Terms) => (seen.avoided[r.planId]?.untilMs ?? 0) > atMs;
  // What waits for the broker waits on whatever route it is; only one that needs nobody goes on.
  const open = choice.routes.filter((r) => !isAvoided(r) && (r.isLocal || !isOffline));
  const costs = new Map(open.map((r) => [r, costOf(r, choice, telemetry, seen.isSparing)]));
  const best = open.reduce<Terms | undefined>((a, b) => (!a || costs.get(b)! < costs.get(a)! ? b : a), undefined);
  const to = (target: Terms, reason: string): Decision => ({
    position: {
      ...seen,
      current: target.planId,
      sinceMs: atMs,
      betterSinceMs: null,
      movedAtMs: [...seen.movedAtMs, atMs],
    },
    move: { atMs, from: present.planId, to: target.planId, reason },
  });
  const stay = (betterSinceMs: number | null): Decision => ({ position: { ...seen, betterSinceMs }, move: undefined });

  if (!best || best === present) return stay(null);
  if (isOffline && !present.isLocal)
    return settings.whenOffline === 'all-device' ? to(best, 'there is no broker') : stay(null);
  if (isAvoided(present)) return to(best, look.failed[present.planId] ?? 'it failed');
  const [now, then] = [costOf(present, choice, telemetry, seen.isSparing), costs.get(best)!];
  if (!(then < now * (1 - settings.betterBy))) return stay(null);
  const betterSinceMs = seen.betterSinceMs ?? atMs;
  if (atMs - betterSinceMs < settings.steadyMs || atMs - seen.sinceMs < dwellOf(seen, settings))
    return stay(betterSinceMs);
  return to(best, reasonOf(present, best, choice, telemetry, seen));
}

/** What a look changes before anything is decided. */
function seenBy(before: Position, look: Look, settings: MoveSettings): Position {
  const { atMs, telemetry, failed, answered } = look;
  const avoided = { ...before.avoided };
  for (const id of answered) delete avoided[id];
  for (const id of Object.keys(failed)) {
    const failures = (avoided[id]?.failures ?? 0) + 1;
    const ms = Math.min(LONGEST_AVOID_MS, 1000 * settings.avoidS * 2 ** Math.min(failures - 1, 16));
    avoided[id] = { failures, untilMs: atMs + ms };
  }
  return {
    ...before,
    avoided,
    offlineSinceMs: telemetry.isOnline ? null : (before.offlineSinceMs ?? atMs),
    movedAtMs: before.movedAtMs.filter((ms) => atMs - ms < MINUTE_MS),
    isSparing: isStrained(telemetry, settings, before.isSparing),
  };
}

function isStrained({ temperatureC, battery }: Telemetry, { hotC, lowBattery }: MoveSettings, was: boolean): boolean {
  const hot = temperatureC !== null && temperatureC >= hotC - (was ? COOLER_C : 0);
  const low = battery?.isDischarging === true && battery.share <= lowBattery + (was ? FULLER : 0);
  return hot || low;
}

/** Whoever moved often stays longer: what goes to and fro is not worth following. */
function dwellOf({ movedAtMs }: Position, { dwellMs }: MoveSettings): number {
  return Math.min(LONGEST_DWELL_MS, dwellMs * 2 ** Math.max(0, movedAtMs.length - 2));
}

/** Lower is better. */
function costOf(route: Terms, choice: Choice, telemetry: Telemetry, isSparing: boolean): number {
  const predicted = predict(route, choice, telemetry);
  if (isSparing) return sparedBy(predicted, choice);
  const { totalMs: total, tailMs: tail, energyMj } = predicted;
  // Of a route's scatter nothing is known here but its median.
  return objectiveValue({ latencyMs: { total, tail, p95: total }, energyMj, wireBytes: route.wireBytes }, choice.asked);
}

/** Energy where the plan knows it of every route, else the time that the device is busy. */
function sparedBy({ energyMj, headMs, encodeMs }: Predicted, { routes }: Choice): number {
  return energyMj !== null && routes.every((r) => r.energyMj !== null) ? energyMj : headMs + encodeMs;
}

function reasonOf(from: Terms, to: Terms, choice: Choice, now: Telemetry, { isSparing }: Position): string {
  const ms = (r: Terms) => `${Number(predict(r, choice, now).totalMs.toPrecision(3))} ms`;
  const link = now.link
    ? `, at ${Number((1000 / Math.max(now.link.msPerKb, 1e-3)).toPrecision(2))} kB/s and ${now.link.rttMs} ms round trip`
    : '';
  const device = now.slowdown === 1 ? '' : `, heads ${now.slowdown} times as long`;
  const hot = now.temperatureC === null ? '' : `, ${now.temperatureC} °C`;
  const left = now.battery ? `, battery at ${Math.round(100 * now.battery.share)} %` : '';
  const why = isSparing ? `to spare the device${hot}${left}: ` : '';
  return `${why}predicted ${ms(to)} instead of ${ms(from)}${link}${device}`;
}
