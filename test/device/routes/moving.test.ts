import { describe, expect, it } from 'vitest';
import type { Route } from '../../../src/device/route.ts';
import { Moving } from '../../../src/device/routes/moving.ts';
import { routesSchema } from '../../../src/device/routes/settings.ts';
import type { StreamSpeed } from '../../../src/device/routes/stream.ts';
import { CutlineError } from '../../../src/errors.ts';
import { type Plan, routesOf } from '../../../src/plan/index.ts';
import { named, samplePlan } from '../../plan/sample.ts';

const own = named(samplePlan());
const little = named({ ...own, codec: 'uint8', predicted: { ...own.predicted, wireBytes: 1200 } });
const { answer: _, ...silent } = own;
const here = named({ ...silent, cut: { ...own.cut, id: 'output' }, tail: null, evidence: [] });
const plan = named({ ...own, safeSet: [little, here] as NonNullable<Plan['safeSet']> });

function movingOn(settings: object = {}) {
  const said: string[] = [];
  const probed: number[] = [];
  const link = { isConnected: true, speed: undefined as StreamSpeed | undefined };
  const routes = routesOf(plan).map((p) => ({ plan: p }) as Route);
  const moving = new Moving({
    plan,
    routes,
    settings: routesSchema.parse(settings),
    uplink: {
      get isConnected() {
        return link.isConnected;
      },
      probe: async (bytes) => void probed.push(bytes),
    },
    stream: { speed: () => link.speed, waitedMs: () => 0 },
    headMs: [2, 2, 30],
    log: (line) => said.push(line),
  });
  return { moving, routes, said, probed, link };
}

describe('an agent that moves', () => {
  it('sends a probe where nothing is known of the link, no two within two seconds, and none without a broker', () => {
    const { moving, probed, link } = movingOn();
    link.isConnected = false;
    moving.look();
    expect(probed).toEqual([]);
    link.isConnected = true;
    for (let i = 0; i < 5; i++) moving.look();
    expect(probed).toEqual([1024]);
    expect(moving.counts).toMatchObject({ probes: 1, probeBytes: 1024 });
    const none = movingOn({ probe: { maxBytes: 0 } });
    none.moving.look();
    expect(none.probed).toEqual([]);
  });

  it('leaves a route that nobody answers, tells whoever waits, and goes back no sooner than it may', () => {
    const { moving, routes, said } = movingOn();
    let told = 0;
    moving.onMove(() => told++);
    moving.silent(plan.planId, true);
    expect(moving.current).toBe(routes[1]);
    expect(said).toEqual([
      expect.stringMatching(/^moved to ReLU2, none, uint8 from ReLU2, none, float32: nobody answers/),
    ]);
    moving.look();
    expect(moving.current).toBe(routes[1]);
    expect(told).toBe(1);
  });

  it('does not blame a route for the end of the process, or for there being no broker', () => {
    const { moving, routes, link } = movingOn();
    moving.failed(routes[0]!, new CutlineError('CANCELLED'));
    link.isConnected = false;
    moving.failed(routes[0]!, new CutlineError('NO_ANSWER'));
    expect(moving.current).toBe(routes[0]);
    moving.failed(routes[0]!, new CutlineError('BUDGET_SPENT'));
    expect(moving.current).not.toBe(routes[0]);
  });

  it('answers here what failed elsewhere, unless its policy is to hold', () => {
    const { moving, routes } = movingOn();
    expect(moving.refugeFrom(routes[0]!)).toBe(routes[2]);
    expect(moving.refugeFrom(routes[2]!)).toBeUndefined();
    expect(movingOn({ whenOffline: 'hold' }).moving.refugeFrom(routes[0]!)).toBeUndefined();
  });
});
